// Which errnos do the worlds of a profile give that stand beside no clause of their operation?
import { explore } from '../../model/explore/explore.js';
import { countsOf } from '../../model/pinned.js';
import { WORLDS } from '../../model/worlds.js';
import { allowed, defaultPolicies } from '../../spec/index.js';
import type { Clause } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';

type AnyClause = Clause<unknown, AnyOp>;

export const clausesOf = (profile: AnyProfile): [op: string, list: readonly AnyClause[]][] =>
  Object.entries(profile.rules) as unknown as [string, readonly AnyClause[]][];

/** Every call in every state of the worlds of at least `from` and fewer than `below` states. */
export function undeclared(profile: AnyProfile, from: number, below: number) {
  const declared = new Set(
    clausesOf(profile).flatMap(([op, list]) => list.map(c => `${op} ${c.errno ?? 'none'}`)),
  );
  const seen = new Set<string>();
  const worlds = WORLDS.filter(
    w => w.profile === profile && countsOf(w).states >= from && countsOf(w).states < below,
  );
  for (const world of worlds) {
    const policies = { ...defaultPolicies(profile), ...world.policies };
    let before = -1;
    // It is called for each call that the world offers; those that it does not offer are asked, too.
    const visit = (number: number, state: unknown): void => {
      if (number === before) return;
      before = number;
      for (const op of world.ops as readonly AnyOp[])
        for (const { outcome } of allowed(profile, state, op, policies))
          if (outcome.is === 'refused') seen.add(`${op.op} ${outcome.errno}`);
    };
    explore(world, {}, { visit });
  }
  return { worlds: worlds.length, seen: seen.size, missing: [...seen].filter(pair => !declared.has(pair)) };
}
