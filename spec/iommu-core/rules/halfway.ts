// How does a call end that was refused, and yet could not be undone altogether?
import type { Clause } from '../../law/clause.js';
import type { Errno } from '../../protocol/errno.js';
import type { Outcome } from '../../protocol/outcome.js';
import type { PolicyValues } from '../policies.js';
import type { State } from '../state.js';

export type Rule<O> = Clause<State, O, PolicyValues>;

/** A refusal that does not leave the very same state, since something was begun and could not be undone. */
export function halfway<O>(
  errno: Errno,
  words: Pick<Rule<O>, 'id' | 'says' | 'cite'> & { readonly status?: 'disputed' },
  states: (s: State, o: O, p: PolicyValues) => readonly State[],
  kind: 'must' | 'may' = 'may',
  when: (s: State, o: O, p: PolicyValues) => boolean = () => true,
): Rule<O> {
  const outcome: Outcome = { is: 'refused', errno };
  return {
    status: 'settled',
    ...words,
    kind,
    errno,
    when: (s, o, p) => when(s, o, p) && states(s, o, p).length > 0,
    then: (s, o, p) => states(s, o, p).map(state => ({ outcome, state })),
  };
}
