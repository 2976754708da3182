// Does an implementation follow the law through the calls of a recording?

import {
  type Allowed,
  type AnyOp,
  type AnyProfile,
  allowed,
  type Policies,
  type Profile,
} from '../../spec/index.js';
import { canonical } from '../../spec/kit/canonical.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Restartable } from '../driven.js';
import { agree, type Disagreement, differenceOf } from './agree.js';
import { type Placed, permittedBy, placed } from './lockstep.js';

export interface Replay {
  readonly events: number;
  /** The event at which implementation and law part. */
  readonly parting?: { readonly event: number; readonly disagreement: Disagreement<AnyOp> };
}

/**
 * Makes every call of the recording, in order. Where the recording's answer is one that the law only
 * permits (a failure), the same failure is provoked. The implementation must answer and look as the law
 * says. Of a recording that leaves the law at event `until` only the call is made there: the right answer
 * is any that the law allows.
 */
export function replay(
  profile: AnyProfile,
  setup: unknown,
  policies: Policies,
  events: readonly Event<AnyOp>[],
  machine: Restartable,
  until: number = events.length + 1,
): Replay {
  const law: Profile<unknown, AnyOp, Policies, unknown> = profile;
  const may = permittedBy(law);
  const start = law.initial(setup, policies, false);
  const way = explain(law, policies, start, events.slice(0, until - 1));
  machine.reset();
  let state = start;
  for (const event of events.slice(0, until)) {
    const ending = way[event.n - 1];
    const force =
      ending !== undefined && may.has(ending.rule) ? { rule: ending.rule, at: ending.at } : undefined;
    const step = agree(law, state, event.op, policies, machine, force);
    if (!step.agrees) return { events: event.n, parting: { event: event.n, disagreement: step } };
    state = step.state;
  }
  return { events: Math.min(until, events.length) };
}

/** A step of the search: the endings of one event that fit, and which of them is being tried. */
interface Choice {
  readonly fitting: readonly Placed[];
  tried: number;
}

/** One way through the law that gives all answers and observations of the recording, found depth first. */
function explain(
  law: Profile<unknown, AnyOp, Policies, unknown>,
  policies: Policies,
  start: unknown,
  events: readonly Event<AnyOp>[],
): readonly Placed[] {
  const fitting = (state: unknown, event: Event<AnyOp>): readonly Placed[] =>
    placed(allowed(law, state, event.op, policies)).filter(
      ending => differenceOf(ending.outcome, event.outcome, '') === null && shows(law, ending, event),
    );
  const hopeless = new Set<string>();
  const way: Choice[] = [];
  let state = start;
  while (way.length < events.length) {
    const key = `${way.length} ${canonical(state)}`;
    const next = hopeless.has(key) ? [] : fitting(state, events[way.length]!);
    way.push({ fitting: next, tried: 0 });
    while (way.length > 0 && way.at(-1)!.tried === way.at(-1)!.fitting.length) {
      way.pop();
      const before = way.at(-1);
      if (before === undefined) return [];
      hopeless.add(`${way.length} ${canonical(before.fitting[before.tried]!.state)}`);
      before.tried++;
    }
    const last = way.at(-1);
    if (last === undefined) return [];
    state = last.fitting[last.tried]!.state;
  }
  return way.map(choice => choice.fitting[choice.tried]!);
}

/** Is everything that was observed of the state there in the ending's view? What is absent is not compared. */
function shows(
  law: Profile<unknown, AnyOp, Policies, unknown>,
  ending: Allowed<unknown>,
  event: Event<AnyOp>,
): boolean {
  return event.state === undefined || within(event.state, law.view(ending.state));
}

function within(observed: unknown, there: unknown): boolean {
  if (typeof observed !== 'object' || observed === null) return observed === there;
  if (typeof there !== 'object' || there === null) return false;
  if (Array.isArray(observed) && (!Array.isArray(there) || observed.length !== there.length)) return false;
  return Object.entries(observed).every(([key, value]) =>
    within(value, (there as Record<string, unknown>)[key]),
  );
}
