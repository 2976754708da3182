// Does what is promised to end really end from a state on, and if not, what goes on for ever?
import { canonical } from '../../spec/kit/canonical.js';
import type { Allowed, Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, type Liveness } from '../../spec/law/profile.js';
import type { Step } from './exploration.js';
import { endlessFrom } from './lasso.js';
import { lower } from './promised.js';
import type { World } from './world.js';

/** How a promise of an end is broken in a state: in a few more steps, and perhaps a cycle after them. */
export interface NoEnd<O> {
  readonly why: string;
  readonly more: readonly Step<O>[];
  readonly cycle?: readonly Step<O>[];
}

export interface Move<S, O> {
  readonly op: O;
  readonly endings: readonly Allowed<S>[];
}

export const stepOf = <S, O>(op: O, { rule, outcome }: Allowed<S>): Step<O> => ({ op, rule, outcome });

/** Everything that may happen in a state, by the plain rules. */
export function* movesFrom<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  state: S,
): Iterable<Move<S, O>> {
  for (const op of world.ops)
    if (world.offers === undefined || world.offers(state, op))
      yield { op, endings: allowed(world.profile, state, op, policies) };
}

/**
 * Every driving step must lower the rank; where none changes anything, the end must be good. A step that
 * does not lower the rank may be the law's fault or the rank's: a real endless run is looked for.
 */
export function noEndIn<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  life: Liveness<S, O, P>,
  state: S,
  moves: Iterable<Move<S, O>>,
): NoEnd<O> | undefined {
  const rankOf = (s: S): readonly number[] => life.rank.map(part => part(s));
  const rank = rankOf(state);
  let moved = false;
  for (const { op, endings } of moves) {
    if (!life.drives(state, op)) continue;
    for (const e of endings) {
      if (e.state === state) continue;
      if (lower(rankOf(e.state), rank)) moved = true;
      else if (canonical(e.state) !== canonical(state))
        return notLower(world, policies, life, state, stepOf(op, e));
    }
  }
  if (moved || life.good(state, policies)) return undefined;
  return { why: 'nothing that may still happen changes anything, and it has not ended well', more: [] };
}

function notLower<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  life: Liveness<S, O, P>,
  state: S,
  last: Step<O>,
): NoEnd<O> {
  const found = endlessFrom(world, policies, life, state);
  if (found.is === 'endless')
    return { why: 'the steps of the cycle can go on for ever', more: found.stem, cycle: found.cycle };
  const rank = 'the last step does not lower the rank';
  if (found.is === 'ends')
    return {
      why: `${rank}, but no endless run was found from here: the rank is wrong`,
      more: [last],
    };
  return { why: `${rank}; no endless run was found within ${found.states} states from here`, more: [last] };
}
