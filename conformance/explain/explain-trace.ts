// Which events of a recording are to be explained, and where did the recording stand before them?
import type { AnyOp } from '../../spec/law/profile.js';
import { decode } from '../../spec/protocol/codec.js';
import type { Event } from '../../spec/protocol/trace.js';
import { EventLines } from '../judge/event-lines.js';
import { plain } from '../report/describe.js';
import type { Laws } from '../trace/laws.js';
import type { Trace } from '../trace/read.js';
import { type Explained, explain } from './explain.js';
import { History, type Moment } from './history.js';

/** By its number or its line; neither: the first that diverges, else the last that was not done. */
export interface Which {
  readonly event?: number;
  readonly line?: number;
  /** Changes after which it would have succeeded are not looked for: that takes most of the time. */
  readonly changes?: false;
}

interface Found {
  readonly event: Event<AnyOp>;
  readonly before: Moment;
  readonly rule: string | undefined;
  readonly lineOf: (event: number) => number | undefined;
}

/** Undefined: the recording has no such event, or none that was refused, or ends before it by a divergence. */
export async function explainTrace(trace: Trace, which: Which, laws: Laws): Promise<Explained | undefined> {
  const found = await search(trace, which);
  return found === undefined ? undefined : explained(trace, found, laws, which.changes !== false);
}

function explained(
  trace: Trace,
  { event, before, rule, lineOf }: Found,
  laws: Laws,
  changes: boolean,
): Explained {
  const { profile, machine, policies } = trace;
  const { op: codec, opFits } = laws.vocabularies[profile.name]!;
  const fits = (op: AnyOp): boolean => decode(codec, plain(op)).ok && opFits?.(machine, op) === undefined;
  return explain({ profile, policies, machine, before, lineOf, fits }, event, rule, changes);
}

async function search(trace: Trace, which: Which): Promise<Found | undefined> {
  const anyone = which.event === undefined && which.line === undefined;
  let last: Found | undefined;
  let previous: Found | undefined;
  for await (const found of steps(trace)) {
    const { event, rule } = found;
    if (!anyone && (event.n === which.event || (event.line !== undefined && event.line === which.line)))
      return found;
    // A line that is no event's own is that of an answer, and belongs to the event before it.
    if (isPast(event, which)) return previous;
    if (rule === undefined) return anyone || answersOn(event, which) ? found : undefined;
    if (event.outcome.is !== 'ok') last = found;
    previous = found;
  }
  return anyone ? last : answersOn(previous?.event, which) ? previous : undefined;
}

const isPast = ({ line = 0 }: Event<AnyOp>, which: Which): boolean =>
  which.line !== undefined && line > which.line;

const answersOn = (event: Event<AnyOp> | undefined, which: Which): boolean =>
  which.line !== undefined && (event?.line ?? 0) + 1 === which.line;

/** Every event with the moment before it, up to the first that the law does not allow. */
async function* steps(trace: Trace): AsyncGenerator<Found> {
  const history = new History(trace.profile, trace.machine, trace.policies);
  const lines = new EventLines();
  const lineOf = (event: number): number | undefined => lines.of(event);
  try {
    for await (const event of trace.events()) {
      const moments = history.after(event);
      const [first] = moments;
      yield { event, before: first?.before ?? history.now, rule: first?.rule, lineOf };
      if (first === undefined) return;
      if (event.line !== undefined) lines.add(event.n, event.line);
      history.go(moments);
    }
  } finally {
    await trace.close();
  }
}

/** An explanation for each of some clauses that speaks in the recording, of the first event at which it does. */
export async function exampleFor(
  trace: Trace,
  clauses: ReadonlySet<string>,
  laws: Laws,
): Promise<ReadonlyMap<string, Explained>> {
  const found = new Map<string, Explained>();
  for await (const step of steps(trace)) {
    const { rule } = step;
    if (rule !== undefined && clauses.has(rule) && !found.has(rule))
      found.set(rule, explained(trace, step, laws, true));
  }
  return found;
}
