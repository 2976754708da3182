// Why does an event diverge: what would the law have allowed, and what comes closest?
import { canonical } from '../../spec/kit/canonical.js';
import type { Allowed, Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, type Profile } from '../../spec/law/profile.js';
import { type Event, opSeen } from '../../spec/protocol/trace.js';
import { distinct } from './candidates.js';
import type { EventLines } from './event-lines.js';
import { type Parting, partings, sameOutcome, valueAt } from './observed.js';
import type { Choice, Difference, Diverges, Explanation, Step } from './verdict.js';

/** For each field of the view: when it was last observed, and as what. */
export type Agreement = Map<string, { readonly event: number; readonly value: unknown }>;

/** Where the judge stood before the event. */
export interface Standing<S, O extends AnyOp, P extends Policies, Setup> {
  readonly profile: Profile<S, O, P, Setup>;
  readonly policies: P;
  readonly states: readonly S[];
  readonly before: readonly Step[];
  readonly agreed: Agreement;
  /** By event: the line of the recording. */
  readonly lines: EventLines;
}

/** Explanations that a report can use; a law with many candidates could give thousands. */
const MOST_RELATED = 8;

/** The verdict on an event that no candidate's law allows. Done once a recording, so it takes its time. */
export function divergence<S, O extends AnyOp, P extends Policies, Setup>(
  standing: Standing<S, O, P, Setup>,
  event: Event<O>,
): Diverges {
  const { profile, policies, before } = standing;
  const states = distinct(standing.states);
  const endings = states.map(state => allowed(profile, state, event.op, policies));
  const differs = firstDifference(standing, event, endings);
  return {
    verdict: 'diverges',
    event: event.n,
    ...(event.line === undefined ? {} : { line: event.line }),
    op: opSeen(event),
    observed: event.outcome,
    candidates: states.length,
    allowed: choices(endings),
    broken: brokenBy(profile, endings, event),
    ...(differs === undefined ? {} : { differs }),
    before: [...before],
    related: explanations(standing, states, event.op),
  };
}

/**
 * The clause that speaks against the event: of an answer that is allowed, with another state, the first that allows
 * it; else the one that closes the list in the first of the states.
 */
function brokenBy<S, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  endings: readonly (readonly Allowed<S>[])[],
  event: Event<O>,
): string {
  const right = endings.flat().filter(e => sameOutcome(e.outcome, event.outcome));
  let best: { readonly rule: string; readonly wrong: number } | undefined;
  for (const { rule, state } of right) {
    const wrong = partings(profile.view(state), event.state).length;
    if (best === undefined || wrong < best.wrong) best = { rule, wrong };
  }
  return best?.rule ?? endings[0]!.at(-1)!.rule;
}

/** The same answer by the same rule from many candidates is one choice. */
function choices<S>(endings: readonly (readonly Allowed<S>[])[]): readonly Choice[] {
  const found = new Map<
    string,
    { rule: string; outcome: Choice['outcome']; candidates: number; last: number }
  >();
  endings.forEach((ofOne, candidate) => {
    for (const { rule, outcome } of ofOne) {
      const key = canonical([rule, outcome]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { rule, outcome, candidates: 1, last: candidate });
      else if (known.last !== candidate) {
        known.candidates++;
        known.last = candidate;
      }
    }
  });
  return [...found.values()].map(({ rule, outcome, candidates }) => ({ rule, outcome, candidates }));
}

/**
 * The first field that differs, from the ending that comes closest: the right answer with the fewest wrong
 * fields of the observed state; else, where the normal answer (the one that closes the list of clauses) is
 * of the observed kind, that answer's own field. A failure that is merely permitted is nobody's model.
 */
function firstDifference<S, O extends AnyOp, P extends Policies, Setup>(
  { profile, agreed }: Standing<S, O, P, Setup>,
  event: Event<O>,
  endings: readonly (readonly Allowed<S>[])[],
): Difference | undefined {
  const right = endings.flat().filter(e => sameOutcome(e.outcome, event.outcome));
  if (right.length > 0) {
    const parting = closest(right.map(e => partings(profile.view(e.state), event.state)));
    const lastAgreed = parting === undefined ? undefined : lastSeen(agreed, parting.path);
    return difference('', parting, lastAgreed);
  }
  const akin = endings.flatMap(list => list.slice(-1)).filter(e => e.outcome.is === event.outcome.is);
  return difference('outcome.', closest(akin.map(e => answersPart(e.outcome, event.outcome))));
}

function difference(
  prefix: string,
  parting: Parting | undefined,
  lastAgreed?: number,
): Difference | undefined {
  if (parting === undefined) return undefined;
  const { observed, allowed: wanted } = parting;
  const found = { path: prefix + parting.path.join('.'), observed, allowed: wanted };
  return lastAgreed === undefined ? found : { ...found, lastAgreed };
}

/** Where two answers of one kind part; unlike in a view, a field that only the law has counts too. */
function answersPart(wanted: object, observed: object): readonly Parting[] {
  const both = [...new Set([...Object.keys(observed), ...Object.keys(wanted)])].map(key => {
    return { path: [key], observed: valueAt(observed, [key]), allowed: valueAt(wanted, [key]) };
  });
  return both.filter(p => canonical(p.observed) !== canonical(p.allowed));
}

function closest(options: readonly (readonly Parting[])[]): Parting | undefined {
  let best = options[0];
  for (const option of options) if (option.length < best!.length) best = option;
  return best?.[0];
}

function lastSeen(agreed: Agreement, path: readonly string[]): number | undefined {
  const [field, ...rest] = path;
  const seen = field === undefined ? undefined : agreed.get(field);
  return seen !== undefined && valueAt(seen.value, rest) !== undefined ? seen.event : undefined;
}

function explanations<S, O extends AnyOp, P extends Policies, Setup>(
  { profile, policies, lines }: Standing<S, O, P, Setup>,
  states: readonly S[],
  op: O,
): readonly Explanation[] {
  const found = new Map<string, Explanation>();
  for (const state of states) {
    for (const told of profile.explain?.(state, op, policies) ?? []) {
      const line = told.event === undefined ? undefined : lines.of(told.event);
      found.set(`${told.event ?? ''} ${told.says}`, line === undefined ? told : { ...told, line });
      if (found.size >= MOST_RELATED) return [...found.values()];
    }
  }
  return [...found.values()];
}
