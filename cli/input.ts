// How do recordings come in: files, gzip, standard input, and in which format?

import { createReadStream, fstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { FTRACE_PROFILE, FtraceImporter } from '../conformance/ftrace/import.js';
import { LogBeside, type Stamped, stampOf } from '../conformance/ftrace/log-beside.js';
import {
  LAWS,
  LIMITS,
  linesOf,
  type NamedTrace,
  readTrace,
  type Source,
  type Trace,
} from '../conformance/index.js';
import { EventsBeside } from '../conformance/logs/beside.js';
import { logTrace } from '../conformance/logs/log-trace.js';
import { ProbeSession } from '../conformance/logs/probes.js';
import type { Seen } from '../conformance/logs/seen.js';
import { StraceSession } from '../conformance/logs/strace.js';
import { looksLikeStrace } from '../conformance/logs/strace-lines.js';
import { Malformed } from '../conformance/trace/malformed.js';
import { type AnyOp, defaultPolicies } from '../spec/index.js';
import type { Event } from '../spec/protocol/index.js';
import { here } from './console.js';
import { reasonOf, Unfinished, Unreadable, Usage } from './exit.js';
import { JUDGED_WITHIN, MIB, roomBelow } from './memory.js';
import { type Choices, parsePolicies } from './options.js';

export type Format = 'trace' | 'ftrace' | 'strace';

/** The bundled corpus, beside the sources. */
export const CORPUS = fileURLToPath(new URL('../../conformance/corpus/', import.meta.url));

/** The bytes of a file as they are; `-` is standard input. Throws `Unreadable`, at once or while it is read. */
export function bytesOf(file: string): AsyncIterable<Uint8Array> {
  try {
    if ((file === '-' ? fstatSync(0) : statSync(file)).isDirectory())
      throw new Unreadable(`${file} is a folder`);
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`cannot read ${file}: ${reasonOf(error)}`);
  }
  return piecesOf(file);
}

/** Opens the file when the first piece is asked for. */
async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* (file === '-' ? here.stdin : createReadStream(file)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new Unreadable(`cannot read ${file === '-' ? 'standard input' : file}: ${reasonOf(error)}`);
  }
}

/** A gzip stream; what is no gzip, or ends early, is malformed input and not a bug. */
async function* unpacked(packed: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const raw = Readable.from(packed);
  raw.on('error', error => gunzip.destroy(error));
  raw.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const reason = `${file} is not a whole gzip file: ${reasonOf(error)}`;
    throw new Malformed('truncated', { line: 1 }, reason);
  } finally {
    raw.destroy();
  }
}

interface Peeked {
  readonly first: Uint8Array;
  readonly all: AsyncIterable<Uint8Array>;
}

interface Looked {
  readonly format: Format;
  readonly source: AsyncIterable<Uint8Array>;
}

/** Unpacks what begins as gzip does, and tells by its first character which format a recording has. */
async function look(file: string, asked: Format | undefined): Promise<Looked> {
  const { first, all } = await peek(bytesOf(file));
  if (first[0] === 0x1f && first[1] === 0x8b) return told(await peek(unpacked(all, file)), asked);
  if (!file.endsWith('.gz')) return told({ first, all }, asked);
  throw new Malformed('truncated', { line: 1 }, `${file} is not a whole gzip file: it does not begin as one`);
}

/** Ours begin with a brace, a log of strace with a call, a kernel's trace file or log with anything else. */
function told({ first, all }: Peeked, asked: Format | undefined): Looked {
  return { format: asked ?? formatOf(first), source: all };
}

function formatOf(first: Uint8Array): Format {
  if (first[0] === 0x7b) return 'trace';
  const lines = new TextDecoder().decode(first.subarray(0, 65_536)).split('\n', 20);
  return lines.slice(0, -1).some(looksLikeStrace) ? 'strace' : 'ftrace';
}

/** The first piece that is not empty, and everything with it. */
async function peek(source: AsyncIterable<Uint8Array>): Promise<Peeked> {
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

export function formatNamed(asked: string | undefined): Format | undefined {
  if (asked === undefined || asked === 'trace' || asked === 'ftrace' || asked === 'strace') return asked;
  throw new Usage(`unknown format ${asked}: trace, ftrace or strace`);
}

/** A recording of either format, packed or not, ready to be judged. */
export async function openTrace(
  file: string,
  asked?: Format,
  choices: Choices = { policy: [] },
  memory = JUDGED_WITHIN * MIB,
): Promise<Trace> {
  const { format, source } = await look(file, asked);
  const trace =
    format === 'trace'
      ? await readTrace(source)
      : await (format === 'strace' ? openStrace : openFtrace)(file, source, memory, choices);
  const policies = { ...trace.policies, ...parsePolicies(trace.profile, choices) };
  return { ...trace, policies, events: () => within(trace.events(), file, memory) };
}

/** The option `--memory` in bytes. */
export const memoryOf = (options: { readonly memory?: number }): number =>
  (options.memory ?? JUDGED_WITHIN) * MIB;

const beyond = (memory: number): string => `more than ${memory / MIB} MiB of memory (--memory)`;

/** The same events, until what is kept of them takes too much memory: then it throws `Unfinished`. */
async function* within(
  events: AsyncIterable<Event<AnyOp>>,
  file: string,
  memory: number,
): AsyncGenerator<Event<AnyOp>> {
  const room = roomBelow(memory);
  for await (const event of events) {
    if (!room()) throw new Unfinished(`event ${event.n} of ${file}: ${beyond(memory)}`);
    yield event;
  }
}

/**
 * A kernel's trace file. What kind of recording it is shows only at its end, so its events are read
 * first and judged afterwards; the limits on lines, bytes and memory hold for the reading.
 */
async function openFtrace(
  file: string,
  source: Source,
  memory: number,
  { release, log }: Choices,
): Promise<Trace> {
  const read: Event<AnyOp>[] = [];
  const stamped: Stamped[] = [];
  const room = roomBelow(memory);
  let last = 1;
  const first = new FtraceImporter();
  const probes = new ProbeSession();
  for await (const line of linesOf(source, LIMITS)) {
    probes.take(line);
    const event = first.take(line);
    if (event !== undefined) read.push(event);
    if (event !== undefined && log !== undefined) stamped.push({ event, at: stampOf(line) ?? 0 });
    last = line.number;
    if (!room()) throw new Unfinished(`line ${last} of ${file}: ${beyond(memory)}`);
  }
  if (probes.any) {
    first.end(last);
    const { seen, machine: shown, passedOver } = probes;
    const others = { name: 'events of the IOMMU', count: read.length, decides: false };
    const all = read.length === 0 ? passedOver : [...passedOver, others];
    return logTrace(`probes of ${file}`, { seen, machine: shown, passedOver: all }, release);
  }
  const events = log === undefined ? read : await withLog(log, stamped);
  return ftraceTrace(file, first, events, last);
}

/** The events with the faults of a log among them. */
async function withLog(file: string, stamped: readonly Stamped[]): Promise<readonly Event<AnyOp>[]> {
  const { source } = await look(file, 'ftrace');
  const beside = new LogBeside();
  for await (const line of linesOf(source, LIMITS)) beside.take(line);
  const events = beside.among(stamped);
  if (events !== undefined) return events;
  const why = beside.count === 0 ? 'it has no fault lines' : 'its stamps are not of the time of the trace';
  throw new Usage(`${file} says nothing beside the trace: ${why}`);
}

function ftraceTrace(
  file: string,
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
    producer: `kernel trace file ${file}`,
    machine,
    events: read.length,
  };
  return {
    header,
    profile,
    machine,
    policies: defaultPolicies(profile),
    passedOver: first.passedOver,
    async *events() {
      yield* read;
      first.end(last);
    },
    close: async () => {},
  };
}

/** A log of strace: descriptors are followed through it first, then arguments are looked for that go with the answers. */
async function openStrace(
  file: string,
  source: Source,
  memory: number,
  { release, events }: Choices,
): Promise<Trace> {
  const session = new StraceSession();
  const room = roomBelow(memory);
  for await (const line of linesOf(source, LIMITS)) {
    session.take(line);
    if (!room()) throw new Unfinished(`line ${line.number} of ${file}: ${beyond(memory)}`);
  }
  const { seen, machine, passedOver } = session;
  const ranges = events === undefined ? undefined : await rangesOf(events, seen);
  const log = ranges === undefined ? { seen, machine, passedOver } : { ...ranges, machine, passedOver };
  return logTrace(`strace of ${file}`, log, release);
}

/** What the IOMMU's events of the same session say of the ranges of calls. */
async function rangesOf(file: string, seen: readonly Seen[]): Promise<{ readonly seen: readonly Seen[] }> {
  const { source } = await look(file, 'ftrace');
  const beside = new EventsBeside();
  for await (const line of linesOf(source, LIMITS)) beside.take(line);
  const found = beside.rangesFor(seen);
  if (found.why !== undefined) throw new Usage(`${file} does not tell the ranges of the log: ${found.why}`);
  return found;
}

/** The bundled traces that must be accepted and refused, those that begin late, and the kernel recordings. */
export function bundled(): {
  readonly traces: readonly NamedTrace[];
  readonly late: readonly NamedTrace[];
  readonly recordings: readonly string[];
} {
  const names = (folder: string, ending: string): readonly string[] =>
    readdirSync(join(CORPUS, folder))
      .filter(name => name.endsWith(ending) && !name.endsWith('.notes.txt'))
      .sort()
      .map(name => join(folder, name));
  const from = (...folders: readonly string[]): readonly NamedTrace[] =>
    folders
      .flatMap(folder => names(folder, '.jsonl'))
      .map(name => ({ name, lines: bytesOf(join(CORPUS, name)) }));
  return { traces: from('accept', 'refuse'), late: from('late'), recordings: names('recordings', '.txt') };
}
