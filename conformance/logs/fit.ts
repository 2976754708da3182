// With which arguments, and in which order of what was not seen, can a law have given the answers of a log?
import { canonical } from '../../spec/kit/canonical.js';
import { type AnyOp, allowed } from '../../spec/law/profile.js';
import { type Observed, UNOBSERVED } from '../../spec/protocol/observed.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Event } from '../../spec/protocol/trace.js';
import { vfioType1 } from '../../spec/vfio-type1/profile.js';
import type { Choice, Setup, State } from '../../spec/vfio-type1/state.js';
import { sameOutcome } from '../judge/observed.js';
import type { Seen } from './seen.js';

/** One way in which things may have been, with the events that led there. */
interface Way {
  readonly state: State;
  readonly before?: Way;
  readonly event?: Omit<Event<AnyOp>, 'n'>;
}

/** So many ways are carried. */
const CARRIED = 48;
/** So many calls that a log does not show may lie between two that it does, and so many states are looked at. */
const HIDDEN = 5;
const LOOKED_AT = 6000;

export interface Fitted {
  readonly events: readonly Event<AnyOp>[];
  /** The first call that goes with none of the ways, if there is one; it is the last of the events. */
  readonly refused: boolean;
}

/**
 * Fits arguments to a log, and calls that it may lack where it does not show every close. The events are what a judge is
 * given: it judges them like any others.
 */
export function fit(machine: Setup, policies: Choice, log: readonly Seen[]): Fitted {
  let ways: readonly Way[] = [{ state: vfioType1.initial(machine, policies, false) }];
  for (const seen of log) {
    // Nothing that it can have been: the close of a device, say, that was opened before the log began.
    if (ways.every(way => seen.calls(way.state).length === 0)) continue;
    const next = distinct(ways.flatMap(way => steps(way, seen, policies)));
    const found = next.length > 0 ? next : behindHidden(ways, seen, policies);
    if (found.length === 0) return refusedAt(ways[0]!, seen);
    ways = found.slice(0, CARRIED);
  }
  return { events: eventsOf(ways[0]!), refused: false };
}

function steps(before: Way, { calls, outcome, unseen, line, setup }: Seen, policies: Choice): readonly Way[] {
  return calls(before.state).flatMap(op =>
    allowed(vfioType1, before.state, op, policies)
      .filter(e => goesWith(e.outcome, outcome))
      .map(({ state, outcome: answer }) => {
        const event = {
          op,
          outcome: blurred(answer, outcome),
          line,
          ...(setup === undefined ? {} : { setup }),
        };
        return { state, before, event: unseen.length === 0 ? event : { ...event, unseen } };
      }),
  );
}

interface Fields {
  readonly [field: string]: unknown;
}

/** Is it the answer, in all that was seen of it? */
function goesWith(answer: Outcome, seen: Observed): boolean {
  if (answer.is !== 'ok' || seen.is !== 'ok') return sameOutcome(answer, seen);
  return Object.entries(seen).every(
    ([key, value]) => canonical((answer as Fields)[key]) === canonical(value),
  );
}

/** What was seen, and of what was not that it was not. */
function blurred(answer: Outcome, seen: Observed): Observed {
  if (answer.is !== 'ok' || seen.is !== 'ok') return seen;
  const values = Object.keys(answer).filter(key => key !== 'is' && !Object.hasOwn(seen, key));
  return { ...seen, ...Object.fromEntries(values.map(key => [key, UNOBSERVED])) } as Observed;
}

function distinct(ways: readonly Way[]): readonly Way[] {
  if (ways.length < 2) return ways;
  const found = new Map<string, Way>();
  for (const way of ways) {
    const key = canonical(way.state);
    if (!found.has(key)) found.set(key, way);
  }
  return [...found.values()];
}

/** The fewest calls that the log does not show after which it goes on. */
function behindHidden(ways: readonly Way[], seen: Seen, policies: Choice): readonly Way[] {
  const { hidden } = seen;
  if (hidden === undefined) return [];
  let front = ways;
  const known = new Set(ways.map(way => canonical(way.state)));
  for (let length = 0; length < HIDDEN && front.length > 0; length++) {
    const longer: Way[] = [];
    for (const way of front) {
      for (const op of hidden(way.state)) {
        const normal = allowed(vfioType1, way.state, op, policies).at(-1)!;
        const key = canonical(normal.state);
        if (normal.outcome.is !== 'ok' || known.has(key) || known.size > LOOKED_AT) continue;
        known.add(key);
        const event = { op, outcome: normal.outcome, line: seen.line, setup: true } as const;
        longer.push({ state: normal.state, before: way, event });
      }
    }
    const found = distinct(longer.flatMap(way => steps(way, seen, policies)));
    if (found.length > 0) return found;
    front = longer;
  }
  return [];
}

function refusedAt(way: Way, { calls, outcome, unseen, line }: Seen): Fitted {
  const [op] = calls(way.state);
  const last = { state: way.state, before: way, event: { op: op!, outcome, line, unseen } };
  return { events: eventsOf(last), refused: true };
}

function eventsOf(last: Way): readonly Event<AnyOp>[] {
  const events: Omit<Event<AnyOp>, 'n'>[] = [];
  for (let at: Way | undefined = last; at !== undefined; at = at.before)
    if (at.event !== undefined) events.push(at.event);
  return events.reverse().map((event, i) => ({ n: i + 1, ...event }));
}
