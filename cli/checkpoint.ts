// How does an interrupted exploration survive on disk?
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot, SnapshotHead } from '../model/explore/snapshot.js';
import { Usage } from './exit.js';
import { type Fingerprint, refusal } from './fingerprint.js';
import { seal, unseal } from './sealed.js';

const CHECKPOINT = { magic: 'iommu-spec checkpoint 2', noun: 'checkpoint' } as const;

interface Head {
  readonly of: Fingerprint;
  readonly head: SnapshotHead;
}

export const fileIn = (folder: string): string => join(folder, 'checkpoint');

export function save(folder: string, of: Fingerprint, { head, words }: Snapshot): void {
  seal<Head>(fileIn(folder), CHECKPOINT, { head: { of, head }, words });
}

/** The checkpoint in a folder, if it is whole and of the same exploration. */
export function load(folder: string, ours: Fingerprint): Snapshot {
  if (!holdsOne(folder)) throw new Usage(`there is no checkpoint in ${folder}`);
  const { head, words } = unseal<Head>(fileIn(folder), CHECKPOINT);
  const why = refusal(head.of, ours);
  if (why !== undefined) throw new Usage(`the checkpoint in ${folder} ${why}`);
  return { head: head.head, words };
}

export const holdsOne = (folder: string): boolean => existsSync(fileIn(folder));

/** A finished exploration needs no checkpoint. */
export function discard(folder: string): void {
  rmSync(fileIn(folder), { force: true });
  rmSync(`${fileIn(folder)}.new`, { force: true });
}
