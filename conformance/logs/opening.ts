// Which format has a recording, and how does what a kernel or strace wrote become one that can be judged?
import { type AnyOp, defaultPolicies } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import { LAWS, readTrace } from '../court.js';
import { FTRACE_PROFILE, FtraceImporter } from '../ftrace/import.js';
import { LogBeside, type Stamped, stampOf } from '../ftrace/log-beside.js';
import { LIMITS } from '../trace/limits.js';
import { linesOf, type Source } from '../trace/lines.js';
import type { Trace } from '../trace/read.js';
import { EventsBeside } from './beside.js';
import { logTrace } from './log-trace.js';
import { ProbeSession } from './probes.js';
import type { Seen } from './seen.js';
import { StraceSession } from './strace.js';
import { looksLikeStrace } from './strace-lines.js';
import { looksLikeVtd } from './vtd-lines.js';
import { VtdLog } from './vtd-log.js';

export type Format = 'trace' | 'ftrace' | 'strace' | 'qemu';

/** A file that was named beside a recording, and says nothing of it. */
export class NothingBeside extends Error {
  override readonly name = 'NothingBeside';
}

/** Another file of the same session. */
export interface BesideFile {
  readonly name: string;
  readonly source: Source;
}

export interface Opening {
  /** Left out: told by the first lines. */
  readonly format?: Format;
  /** The release to judge a log by; left out: the first that goes with it. */
  readonly release?: string;
  /** The kernel's log beside a trace file. */
  readonly log?: BesideFile;
  /** The IOMMU's events beside a log of strace. */
  readonly events?: BesideFile;
  /** Called after each line of a file that must be read as a whole; throws where there is no room to go on. */
  readonly room?: (line: number) => void;
}

/** A recording of any format, unpacked, ready to be judged. Throws `Malformed`, and `NothingBeside`. */
export async function openRecording(
  name: string,
  source: AsyncIterable<Uint8Array>,
  opening: Opening = {},
): Promise<Trace> {
  const { first, all } = await peek(source);
  switch (opening.format ?? formatOf(first)) {
    case 'trace':
      return readTrace(all);
    case 'strace':
      return openStrace(name, all, opening);
    case 'qemu':
      return openVtd(name, all, opening);
    case 'ftrace':
      return openFtrace(name, all, opening);
  }
}

export interface Peeked {
  readonly first: Uint8Array;
  readonly all: AsyncIterable<Uint8Array>;
}

/** The first piece that is not empty, and everything with it. */
export async function peek(source: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const pieces = source[Symbol.asyncIterator]();
  let next = await pieces.next();
  while (!next.done && next.value.length === 0) next = await pieces.next();
  const first: Uint8Array = next.done ? new Uint8Array(0) : next.value;
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (first.length > 0) yield first;
      for (let more = await pieces.next(); !more.done; more = await pieces.next()) yield more.value;
    } finally {
      await pieces.return?.();
    }
  }
  return { first, all: all() };
}

/** As gzip begins. */
export const isPacked = (first: Uint8Array): boolean => first[0] === 0x1f && first[1] === 0x8b;

const BRACE = 0x7b;
/** So much is looked at, and so many lines of it. */
const LOOKED = { bytes: 65_536, lines: 20 };

/** Ours begin with a brace, QEMU's events and calls of strace by their names, a kernel's trace file or log with anything else. */
function formatOf(first: Uint8Array): Format {
  if (first[0] === BRACE) return 'trace';
  // A byte as a character: what strace writes first is ASCII.
  let text = '';
  for (const byte of first.subarray(0, LOOKED.bytes)) text += String.fromCharCode(byte);
  const lines = text.split('\n', LOOKED.lines);
  const whole = lines.slice(0, -1);
  if (whole.some(looksLikeVtd)) return 'qemu';
  return whole.some(looksLikeStrace) ? 'strace' : 'ftrace';
}

/** A log of the trace events of QEMU's VT-d unit (`-trace 'vtd_*'`), which is read whole: its machine shows at the end. */
async function openVtd(name: string, source: Source, { room }: Opening): Promise<Trace> {
  const log = new VtdLog();
  for await (const line of linesOf(source, LIMITS)) {
    log.take(line);
    room?.(line.number);
  }
  const { machine, events } = log.recording();
  const profile = LAWS.profiles['hardware']!;
  return {
    header: {
      format: 'iommu-trace',
      version: 1,
      profile: profile.name,
      producer: `VT-d events of ${name}`,
      machine,
      events: events.length,
    },
    profile,
    machine,
    policies: defaultPolicies(profile),
    passedOver: log.passedOver,
    async *events() {
      yield* events;
    },
    close: async () => {},
  };
}

/**
 * A kernel's trace file. What kind of recording it is shows only at its end, so its events are read
 * first and judged afterwards; the limits on lines, bytes and memory hold for the reading.
 */
async function openFtrace(name: string, source: Source, { release, log, room }: Opening): Promise<Trace> {
  const read: Event<AnyOp>[] = [];
  const stamped: Stamped[] = [];
  let last = 1;
  const first = new FtraceImporter();
  const probes = new ProbeSession();
  for await (const line of linesOf(source, LIMITS)) {
    probes.take(line);
    const event = first.take(line);
    if (event !== undefined) read.push(event);
    if (event !== undefined && log !== undefined) stamped.push({ event, at: stampOf(line) ?? 0 });
    last = line.number;
    room?.(last);
  }
  if (probes.any) {
    first.end(last);
    const { seen, machine: shown, passedOver } = probes;
    const others = { name: 'events of the IOMMU', count: read.length, decides: false };
    const all = read.length === 0 ? passedOver : [...passedOver, others];
    return logTrace(`probes of ${name}`, { seen, machine: shown, passedOver: all }, release);
  }
  const events = log === undefined ? read : await withLog(log, stamped);
  return ftraceTrace(name, first, events, last);
}

/** The events with the faults of a log among them. */
async function withLog(log: BesideFile, stamped: readonly Stamped[]): Promise<readonly Event<AnyOp>[]> {
  const beside = new LogBeside();
  for await (const line of linesOf(log.source, LIMITS)) beside.take(line);
  const events = beside.among(stamped);
  if (events !== undefined) return events;
  const why = beside.count === 0 ? 'it has no fault lines' : 'its stamps are not of the time of the trace';
  throw new NothingBeside(`${log.name} says nothing beside the trace: ${why}`);
}

function ftraceTrace(
  name: string,
  first: FtraceImporter,
  read: readonly Event<AnyOp>[],
  last: number,
): Trace {
  const machine = first.machine();
  const profile = LAWS.profiles[FTRACE_PROFILE]!;
  const header: Trace['header'] = {
    format: 'iommu-trace',
    version: 1,
    profile: FTRACE_PROFILE,
    producer: `kernel trace file ${name}`,
    machine,
    events: read.length,
  };
  function* atHand(): Generator<Event<AnyOp>> {
    yield* read;
    first.end(last);
  }
  return {
    header,
    profile,
    machine,
    policies: defaultPolicies(profile),
    passedOver: first.passedOver,
    async *events() {
      yield* atHand();
    },
    atHand,
    close: async () => {},
  };
}

/** A log of strace: descriptors are followed through it first, then arguments are looked for that go with the answers. */
async function openStrace(name: string, source: Source, { release, events, room }: Opening): Promise<Trace> {
  const session = new StraceSession();
  for await (const line of linesOf(source, LIMITS)) {
    session.take(line);
    room?.(line.number);
  }
  const { seen, machine, passedOver } = session;
  const ranges = events === undefined ? undefined : await rangesOf(events, seen);
  const log = ranges === undefined ? { seen, machine, passedOver } : { ...ranges, machine, passedOver };
  return logTrace(`strace of ${name}`, log, release);
}

/** What the IOMMU's events of the same session say of the ranges of calls. */
async function rangesOf(
  file: BesideFile,
  seen: readonly Seen[],
): Promise<{ readonly seen: readonly Seen[] }> {
  const beside = new EventsBeside();
  for await (const line of linesOf(file.source, LIMITS)) beside.take(line);
  const found = beside.rangesFor(seen);
  if (found.why !== undefined)
    throw new NothingBeside(`${file.name} does not tell the ranges of the log: ${found.why}`);
  return found;
}
