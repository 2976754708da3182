// What do the plain rules say of a broken promise that was found in a state?
import type { Policies } from '../../../spec/law/clause.js';
import type { AnyOp } from '../../../spec/law/profile.js';
import type { Violation } from '../exploration.js';
import { movesFrom, type NoEnd, noEndIn, stepOf } from '../lives.js';
import type { Promises } from '../promised.js';
import type { World } from '../world.js';

/** A finding in words, with what comes after the path to its state. */
export interface Told<O> extends Omit<NoEnd<O>, 'why'> {
  readonly words: Pick<Violation<O>, 'says' | 'kind' | 'why'>;
}

/** Of property `id`, in `state`; undefined if the plain rules keep it there. */
export function tell<S extends object, O extends AnyOp, P extends Policies, Setup>(
  world: World<S, O, P, Setup>,
  policies: P,
  { always, steps, lives }: Promises<S, O, P>,
  id: string,
  state: S,
): Told<O> | undefined {
  const of = always.find(p => p.id === id);
  if (of !== undefined) {
    if (of.holds(state, policies)) return undefined;
    const why = 'the state after the last step breaks it';
    return { words: { says: of.says, kind: 'always', why }, more: [] };
  }
  const moves = movesFrom(world, policies, state);
  const life = lives.find(l => l.id === id);
  if (life !== undefined) {
    const found = noEndIn(world, policies, life, state, moves);
    return found && { ...found, words: { says: life.says, kind: 'lives', why: found.why } };
  }
  const step = steps.find(p => p.id === id)!;
  const why = 'the last step breaks it';
  for (const { op, endings } of moves)
    for (const e of endings)
      if (!step.holds(state, op, e, policies))
        return { words: { says: step.says, kind: 'step', why }, more: [stepOf(op, e)] };
  return undefined;
}
