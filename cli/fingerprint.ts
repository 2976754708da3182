// Is this still the exploration that was interrupted: the same law, world, policies and question?
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyWorld } from '../model/explore/world.js';
import { canonical, defaultPolicies, type Policies } from '../spec/index.js';

/** What an exploration is of. Two of them may be joined only if all of this is equal. */
export interface Fingerprint {
  readonly profile: string;
  readonly world: string;
  readonly policies: Policies;
  /** Are aims checked, and does it end at the first broken promise? */
  readonly aims: boolean;
  readonly first: boolean;
  /** Are states counted up to symmetry? */
  readonly symmetry: boolean;
  /** SHA-256 of the compiled law and worlds, and of this world's setup and operations. */
  readonly law: string;
  readonly scope: string;
}

const BUILT = fileURLToPath(new URL('../', import.meta.url));
/** Every file that decides what a rule says or what a world offers. The explorer itself decides neither. */
const DECIDES = ['spec', 'model/worlds'];

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Of the whole law, not of one profile: better one run too many than half a run by another law. */
const lawHash = (): string => hashOf(DECIDES);

/** Of the explorer, for what only the same explorer can read. */
export const explorerHash = (): string => hashOf(['model/explore']);

export function hashOf(folders: readonly string[]): string {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const files = readdirSync(join(BUILT, folder), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter(f => f.endsWith('.js')).sort()) {
      const text = readFileSync(join(BUILT, folder, file));
      hash.update(`${folder}/${file.replaceAll('\\', '/')} ${text.length}\n`).update(text);
    }
  }
  return hash.digest('hex');
}

export function fingerprintOf(
  world: AnyWorld,
  policies: Policies,
  asked: Pick<Fingerprint, 'aims' | 'first' | 'symmetry'>,
): Fingerprint {
  return {
    profile: world.profile.name,
    world: world.name,
    policies: { ...defaultPolicies(world.profile), ...world.policies, ...policies },
    ...asked,
    law: lawHash(),
    scope: sha(canonical([world.setup, world.ops])),
  };
}

/** Why a checkpoint of `theirs` cannot go on as `ours`; undefined if it can. */
export function refusal(theirs: Fingerprint, ours: Fingerprint): string | undefined {
  const of = (f: Fingerprint): string => `world ${f.world} of profile ${f.profile}`;
  if (of(theirs) !== of(ours)) return `is of ${of(theirs)}, not of ${of(ours)}`;
  const differ = Object.keys(ours.policies).filter(name => theirs.policies[name] !== ours.policies[name]);
  if (differ.length > 0)
    return `was made under ${differ.map(name => `${name}=${theirs.policies[name]}`).join(', ')}`;
  if (theirs.aims !== ours.aims) return `was made ${theirs.aims ? 'with' : 'without'} --aims`;
  if (theirs.first !== ours.first) return `was made ${theirs.first ? 'with' : 'without'} --first`;
  if (theirs.symmetry !== ours.symmetry) return `was made ${theirs.symmetry ? 'with' : 'without'} --symmetry`;
  if (theirs.scope !== ours.scope) return `is of another world of that name: its bounds were other ones`;
  if (theirs.law !== ours.law) return 'was made by another version of the law';
  return undefined;
}
