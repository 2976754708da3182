// What does the same exploration look like with nothing clever in it? The oracle of every explorer.

import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, defaultPolicies } from '../../spec/law/profile.js';
import type { World } from './world.js';

/** Every reachable state by its canonical spelling, and the number of transitions. */
export function exploreNaively<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: Partial<P> = {},
): { readonly states: ReadonlySet<string>; readonly transitions: number } {
  const chosen = { ...defaultPolicies<P>(world.profile), ...world.policies, ...policies };
  const start = world.profile.initial(world.setup, chosen, true);
  const states = new Set([canonical(start)]);
  let frontier = [start];
  let transitions = 0;
  while (frontier.length > 0) {
    const next: S[] = [];
    for (const state of frontier) {
      for (const op of world.ops) {
        if (world.offers !== undefined && !world.offers(state, op)) continue;
        for (const ending of allowed(world.profile, state, op, chosen)) {
          transitions++;
          const key = canonical(ending.state);
          if (states.has(key)) continue;
          states.add(key);
          next.push(ending.state);
        }
      }
    }
    frontier = next;
  }
  return { states, transitions };
}
