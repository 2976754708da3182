// How is a law written with a mistake in it?
import type { Clause } from '../../spec/law/clause.js';
import type { AnyProfile } from '../../spec/law/profile.js';

// biome-ignore lint/suspicious/noExplicitAny: a clause of any profile
type AnyClause = Clause<any, any, any>;

/** The law in which one clause is another, or gone; the lists of other operations are the very same. */
export function withClause(id: string, change: (clause: AnyClause) => AnyClause | null) {
  return (profile: AnyProfile): AnyProfile => {
    let met = 0;
    const changed = (c: AnyClause): readonly AnyClause[] => {
      if (c.id !== id) return [c];
      met++;
      const other = change(c);
      return other === null ? [] : [other];
    };
    const lists = Object.entries(profile.rules as Record<string, readonly AnyClause[]>);
    const rules = Object.fromEntries(
      lists.map(([op, list]) => [op, list.some(c => c.id === id) ? list.flatMap(changed) : list]),
    );
    if (met === 0) throw new Error(`profile ${profile.name} has no clause ${id}`);
    return { ...profile, rules } as AnyProfile;
  };
}

/** The law without a clause. */
export const without = (id: string) => withClause(id, () => null);

/** The law in which a clause ends in another state. */
export const ends = <S, O = unknown>(id: string, spoil: (after: S, before: S, op: O) => S) =>
  withClause(id, clause => ({
    ...clause,
    then: (s, op, p) => {
      const next = clause.then(s, op, p);
      if (Array.isArray(next)) throw new Error(`clause ${id} has several endings`);
      const { outcome, state } = next as { outcome: never; state: S };
      return { outcome, state: spoil(state, s, op) };
    },
  }));
