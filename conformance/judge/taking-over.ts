// A system answered what the law does not allow: in which states may it be now, if any state goes with its answer?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp, Profile, ViewValue } from '../../spec/law/profile.js';
import { inForce } from '../../spec/law/release.js';
import type { Event } from '../../spec/protocol/trace.js';
import { distinct } from './candidates.js';
import { sameOutcome, shows } from './observed.js';

interface Guess<S> {
  readonly state: S;
  /** The answer goes with the state. */
  readonly answers: boolean;
  /** The state shows what else was observed. */
  readonly seen: boolean;
}

/**
 * The states that the law could be in had it spoken as the system did: what any clause of the operation would lead
 * to whose condition holds, also behind the clause that closes the list, and, where the system refused, the state
 * as it was, since a refusal changes nothing. Those that go with the answer and with what else was observed are
 * taken; if there are none, those that go with the observed state. Empty: no state of the law goes with it, and
 * whatever came next would only tell of the same defect.
 */
export function statesBehind<S, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  policies: P,
  states: readonly S[],
  event: Event<O>,
): readonly S[] {
  const guesses = states.flatMap(state => guessesFrom(profile, policies, state, event));
  const of = (fits: (g: Guess<S>) => boolean): readonly S[] =>
    distinct(guesses.filter(fits).map(g => g.state));
  const both = of(g => g.answers && g.seen);
  if (both.length > 0) return both;
  return event.state === undefined ? [] : of(g => g.seen);
}

function guessesFrom<S, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  policies: P,
  state: S,
  event: Event<O>,
): readonly Guess<S>[] {
  const { op, outcome } = event;
  const guess = (after: S, answers: boolean): Guess<S> => ({
    state: after,
    answers,
    seen: event.state === undefined || shows(profile.view(after), event.state),
  });
  const found = endingsOf(profile, policies, state, op).map(e =>
    guess(e.state, sameOutcome(e.outcome, outcome)),
  );
  if (outcome.is === 'refused') found.push(guess(state, true));
  return found;
}

/** What every clause whose condition holds leads to, also those that the law never comes to in this state. */
function endingsOf<S, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  policies: P,
  state: S,
  op: O,
): readonly { readonly outcome: Parameters<typeof sameOutcome>[0]; readonly state: S }[] {
  return inForce(profile.rules[op.op as O['op']], policies).flatMap(clause => {
    try {
      if (!clause.when(state, op as never, policies)) return [];
      const said = clause.then(state, op as never, policies);
      const endings = Array.isArray(said) ? said : [said as { outcome: never; state: S }];
      return endings.filter(ending => isShown(profile.view(ending.state)));
    } catch {
      // Behind a clause that closes the list a condition may ask for what the state does not have.
      return [];
    }
  });
}

/** What such a clause leads to may be no state: it would show numbers that are none, and rows without a place. */
function isShown(value: ViewValue | undefined): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isShown);
  return value !== undefined && !Number.isNaN(value);
}
