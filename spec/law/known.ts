// Is what a caller asks for something that the law knows: the operation, the policies, their values, the release?
import type { Policies } from './clause.js';
import { RELEASE } from './release.js';

/** What was asked for by a name that the law does not have. A mistake of the caller, not of a recording. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName';

  constructor(
    /** What kind of thing: `operation`, `policy`, `value`, `release` or `format`. */
    readonly kind: 'operation' | 'policy' | 'value' | 'release' | 'format',
    readonly asked: string,
    /** The names that there are. */
    readonly known: readonly string[],
    where: string,
  ) {
    super(`${where} has no ${kind} ${JSON.stringify(asked)}; it has: ${known.join(', ') || 'none'}`);
  }
}

/** What of a profile names are looked up in. */
interface Named {
  readonly name: string;
  readonly policies: readonly {
    readonly name: string;
    readonly values: readonly { readonly value: string }[];
  }[];
  readonly releases?: readonly { readonly name: string }[];
}

const checked = new WeakMap<Policies, object>();

/** Throws `UnknownName` unless the profile has every policy that is named, its value, and the release; and all are named. */
export function checkPolicies(profile: Named, policies: Policies): void {
  if (checked.get(policies) === profile) return;
  const names = profile.policies.map(p => p.name);
  for (const name of Object.keys(policies)) {
    if (name !== RELEASE && !names.includes(name)) throw new UnknownName('policy', name, names, profile.name);
  }
  for (const { name, values } of profile.policies) {
    const known = values.map(v => v.value);
    const asked = String(policies[name]);
    if (!known.includes(asked))
      throw new UnknownName('value', asked, known, `policy ${name} of ${profile.name}`);
  }
  const release = policies[RELEASE];
  const releases = (profile.releases ?? []).map(r => r.name);
  if (release !== undefined && !releases.includes(release)) {
    throw new UnknownName('release', release, releases, profile.name);
  }
  checked.set(policies, profile);
}
