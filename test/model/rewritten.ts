// How does a test break the law in one place?
import assert from 'node:assert/strict';
import { type Exploration, explore } from '../../model/explore/explore.js';
import type { AnyWorld, World } from '../../model/explore/world.js';
import type { Clause, Policies } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';

export type Rewrite<S, O, P extends Policies> = (clause: Clause<S, O, P>) => Clause<S, O, P> | null;

/** The world under a law in which one clause is another, or gone. */
export function rewritten<S, O, P extends Policies>(
  world: AnyWorld,
  id: string,
  rewrite: Rewrite<S, O, P>,
): AnyWorld {
  type AnyClause = Clause<S, O, P>;
  let met = 0;
  const change = (c: AnyClause): readonly AnyClause[] => {
    if (c.id !== id) return [c];
    met++;
    const other = rewrite(c);
    return other === null ? [] : [other];
  };
  const { profile } = world as World<object, { readonly op: string }, P, unknown>;
  const lists = Object.entries(profile.rules) as unknown as readonly (readonly [
    string,
    readonly AnyClause[],
  ])[];
  const rules = Object.fromEntries(lists.map(([op, clauses]) => [op, clauses.flatMap(change)]));
  assert.equal(met, 1, `there is no clause ${id}`);
  return { ...world, profile: { ...profile, rules } };
}

export const gone = (): null => null;

/** The clause as it is: the policies of the row break the promise. */
export const asItIs = <C>(clause: C): C => clause;

/** The clause with its state after changed. */
export const spoiled =
  <S, O, P extends Policies>(spoil: (after: S, op: O, before: S) => S): Rewrite<S, O, P> =>
  clause => ({
    ...clause,
    then: (s, op, p) => {
      const next = clause.then(s, op, p);
      if (Array.isArray(next)) throw new Error('one ending expected');
      const one = next as { outcome: never; state: S };
      return { outcome: one.outcome, state: spoil(one.state, op, s) };
    },
  });

/** The world under a law that makes this one promise alone. */
export function promisingOnly(world: AnyWorld, promise: string): AnyWorld {
  const { profile } = world as World<object, { readonly op: string }, Policies, unknown>;
  const one = <P extends { readonly id: string }>(promises: readonly P[]): readonly P[] =>
    promises.filter(p => p.id === promise);
  const { always, steps, lives } = profile;
  const alone = { ...profile, always: one(always), steps: one(steps), lives: one(lives) };
  assert.ok(alone.always.length + alone.steps.length + alone.lives.length === 1, `no promise ${promise}`);
  return { ...world, profile: alone };
}

/**
 * How a promise is broken in a world, by a shortest trace, among so many states. No other promise is looked at, so that
 * the exploration ends where this one breaks.
 */
export function brokenIn(
  world: AnyWorld,
  promise: string,
  policies: object,
  most: number,
  explorer: typeof explore = explore,
): Exploration<AnyOp>['violations'][number] {
  const [found] = explorer(promisingOnly(world, promise), policies, { maxStates: most }).violations;
  if (found !== undefined) return found;
  const { violations } = explorer(world, policies, { all: true, maxStates: most });
  assert.fail(`not noticed; broken were: ${violations.map(v => v.property).join(', ') || 'none'}`);
}
