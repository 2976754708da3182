// How does an interrupted exploration survive on disk, whole or not at all?
import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import type { Snapshot, SnapshotHead } from '../model/explore/snapshot.js';
import { reasonOf, Unreadable, Usage } from './exit.js';
import { type Fingerprint, refusal } from './fingerprint.js';

/*
 * The file: one line `iommu-spec checkpoint 1 LENGTH`, LENGTH bytes of JSON, the packed states as they lie in
 * memory, and 32 bytes of SHA-256 over all that. It is written beside the last one and takes its place by a
 * rename, so whenever the writer is killed there is one whole checkpoint.
 */
const MAGIC = 'iommu-spec checkpoint 1';
const FIRST_LINE = 64;
const DIGEST = 32;

interface Header {
  readonly of: Fingerprint;
  readonly endian: string;
  /** How many words each piece of the queue has. */
  readonly pieces: readonly number[];
  readonly head: SnapshotHead;
}

export const fileIn = (folder: string): string => join(folder, 'checkpoint');

export function save(folder: string, of: Fingerprint, { head, words }: Snapshot): void {
  mkdirSync(folder, { recursive: true });
  const header: Header = { of, endian: endianness(), pieces: words.map(w => w.length), head };
  const json = Buffer.from(JSON.stringify(header));
  const temporary = `${fileIn(folder)}.new`;
  const file = openSync(temporary, 'w');
  try {
    const hash = createHash('sha256');
    const write = (bytes: Uint8Array): void => {
      hash.update(bytes);
      writeAll(file, bytes);
    };
    write(Buffer.from(`${MAGIC} ${json.length}`.padEnd(FIRST_LINE - 1).concat('\n')));
    write(json);
    for (const piece of words) write(bytesOf(piece));
    writeAll(file, hash.digest());
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, fileIn(folder));
  syncFolder(folder);
}

/** The checkpoint in a folder, if it is whole and of the same exploration. */
export function load(folder: string, ours: Fingerprint): Snapshot {
  const path = fileIn(folder);
  if (!holdsOne(folder)) throw new Usage(`there is no checkpoint in ${folder}`);
  const file = opened(path);
  try {
    const { header, words } = read(file, path);
    const why = refusal(header.of, ours);
    if (why !== undefined) throw new Usage(`the checkpoint in ${folder} ${why}`);
    if (header.endian !== endianness())
      throw new Usage(`the checkpoint in ${folder} was made on a machine with another order of bytes`);
    return { head: header.head, words };
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new Unreadable(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

export const holdsOne = (folder: string): boolean => existsSync(fileIn(folder));

/** A finished exploration needs no checkpoint. */
export function discard(folder: string): void {
  rmSync(fileIn(folder), { force: true });
  rmSync(`${fileIn(folder)}.new`, { force: true });
}

function read(file: number, path: string): { header: Header; words: readonly Int32Array[] } {
  const damaged = (how: string): never => {
    throw new Unreadable(`${path} is no whole checkpoint: ${how}`);
  };
  const { size } = fstatSync(file);
  const hash = createHash('sha256');
  let at = 0;
  const take = (bytes: Uint8Array): Uint8Array => {
    if (at + bytes.length > size - DIGEST) damaged('it is cut short');
    at += bytes.length;
    return readAll(file, bytes, hash);
  };
  const line = Buffer.from(take(new Uint8Array(FIRST_LINE))).toString('latin1');
  const length = new RegExp(`^${MAGIC} (\\d{1,10}) *\\n$`).exec(line)?.[1];
  if (length === undefined) damaged('it does not begin like one');
  if (Number(length) > size) damaged('it is cut short');
  const json = take(new Uint8Array(Number(length)));
  const header = parsed(json) ?? damaged('its head cannot be read');
  const words = header.pieces.map(n => {
    if (at + n * 4 > size - DIGEST) return damaged('it is cut short');
    const piece = new Int32Array(n);
    take(bytesOf(piece));
    return piece;
  });
  if (at !== size - DIGEST) damaged('something follows its end');
  const digest = readAll(file, new Uint8Array(DIGEST));
  if (!hash.digest().equals(digest)) damaged('its checksum is wrong');
  return { header, words };
}

/** The head, before the checksum is known: believed only as far as reading on goes. */
function parsed(json: Uint8Array): Header | undefined {
  try {
    const header = JSON.parse(Buffer.from(json).toString('utf8')) as Header;
    const sound = Array.isArray(header.pieces) && header.pieces.every(n => Number.isInteger(n) && n >= 0);
    return sound ? header : undefined;
  } catch {
    return undefined;
  }
}

const bytesOf = (words: Int32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at);
}

function readAll(file: number, bytes: Uint8Array, hash?: Hash): Uint8Array {
  for (let at = 0; at < bytes.length; ) {
    const more = readSync(file, bytes, at, bytes.length - at, null);
    if (more === 0) throw new Unreadable('the checkpoint became shorter while it was read');
    at += more;
  }
  hash?.update(bytes);
  return bytes;
}

/** Makes the rename itself last; where folders cannot be opened there is nothing to do. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
