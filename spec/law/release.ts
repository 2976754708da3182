// Which releases of the real systems does a profile speak for, and which clauses hold in one of them?
import type { Policies } from './clause.js';
import type { SourceKey } from './sources.js';

/**
 * One exact version of a real system. Chosen like a policy, under the name `release`: by the header of a
 * recording, by a world, by `--release`.
 */
export interface Release {
  /** As it is written in a header: `linux-6.12`. */
  readonly name: string;
  /** The source whose text was read for it; that entry has the exact version. */
  readonly source: SourceKey;
  /** What it is, in a sentence, and what of it nobody could read. */
  readonly says: string;
  /** Operations of the profile that it does not have, each with the reason in a sentence. */
  readonly lacks?: { readonly [op: string]: string };
}

/** Why the chosen release of a profile does not have an operation; undefined: it has it. */
export function lackOf(
  profile: { readonly releases?: readonly Release[] },
  policies: Policies,
  op: string,
): string | undefined {
  const chosen = releaseIn(policies);
  const why = profile.releases?.find(r => r.name === chosen)?.lacks?.[op];
  return why === undefined ? undefined : `${chosen} has no operation ${op}: ${why}`;
}

/** The name under which the chosen release travels with the policies. No policy has this name. */
export const RELEASE = 'release';

/** The chosen release, undefined for a profile that has none. */
export const releaseIn = (policies: Policies): string | undefined => policies[RELEASE];

interface Dated {
  readonly releases?: readonly string[];
}

const picked = new WeakMap<readonly Dated[], Map<string, readonly Dated[]>>();

/** The clauses of a list that hold in the chosen release, in their order. */
export function inForce<C extends Dated>(list: readonly C[], policies: Policies): readonly C[] {
  const release = releaseIn(policies);
  if (release === undefined) return list;
  const known = picked.get(list) ?? new Map<string, readonly Dated[]>();
  const before = known.get(release);
  if (before !== undefined) return before as readonly C[];
  const found = list.filter(c => c.releases === undefined || c.releases.includes(release));
  picked.set(list, known.set(release, found));
  return found;
}
