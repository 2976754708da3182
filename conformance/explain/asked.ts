// Which clauses are asked of a call in one state, which of them speak, and why do the others not?
import type { Clause, Policies } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';
import { inForce } from '../../spec/law/release.js';
import type { Citation } from '../../spec/law/sources.js';
import { bearingOn } from './bearing.js';
import { type Explained, ofCall, spelt } from './explain.js';
import { watching } from './watching.js';

type AnyClause = Clause<object, AnyOp>;

export interface AskedClause {
  readonly id: string;
  readonly says: string;
  readonly cite: readonly Citation[];
  readonly kind: 'must' | 'may';
  readonly status: 'settled' | 'disputed';
  readonly errno?: string;
  /** `passed`: its condition does not hold; `not-asked`: a clause before it ended the list. */
  readonly is: 'spoke' | 'passed' | 'not-asked';
  /** What its condition rests on: of one that passed, what would have to be otherwise. In words, the first few. */
  readonly facts: readonly string[];
  /** What of the call its condition looked at. */
  readonly call: Explained['call'];
}

/** One state of a law, and how it came about that its machine is so. */
export interface Asking {
  readonly profile: AnyProfile;
  readonly policies: Policies;
  readonly machine: unknown;
  readonly state: object;
}

/** Facts beyond these say no more. */
const MOST_FACTS = 3;

/** Every clause in force, in the order in which they are asked. */
export function askedOf(asking: Asking, op: AnyOp): readonly AskedClause[] {
  const { profile, policies } = asking;
  const start = profile.initial(asking.machine, policies, false) as object;
  let ended = false;
  return inForce(profile.rules[op.op] as readonly AnyClause[], policies).map(clause => {
    const { id, says, cite, kind, status, errno } = clause;
    const told = { id, says, cite, kind, status, ...(errno === undefined ? {} : { errno }) };
    if (ended) return { ...told, is: 'not-asked', facts: [], call: [] };
    const grounds = groundsOf(asking, start, clause, op);
    ended = grounds.is === 'spoke' && kind === 'must';
    return { ...told, ...grounds };
  });
}

function groundsOf(
  { profile, policies, machine, state }: Asking,
  start: object,
  clause: AnyClause,
  op: AnyOp,
): Pick<AskedClause, 'is' | 'facts' | 'call'> {
  const seen = watching(state, op, (s, o) => clause.when(s, o, policies));
  // Whatever makes it answer otherwise bears on it, whichever way it answers.
  const asNow = (s: object): boolean => clause.when(s, op, policies) === seen.answer;
  const facts = bearingOn(state, start, seen.state, op, asNow)
    .slice(0, MOST_FACTS)
    .map(({ row, fields }) => profile.tell?.(state, row, machine) ?? spelt(state, row, fields, machine));
  return { is: seen.answer ? 'spoke' : 'passed', facts: [...new Set(facts)], call: ofCall(seen.call) };
}
