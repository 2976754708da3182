// How do recordings come in: files, gzip, standard input, and in which format?

import { createReadStream, fstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import type { NamedTrace, Trace } from '../conformance/index.js';
import {
  type BesideFile,
  type Format,
  isPacked,
  NothingBeside,
  openRecording,
  peek,
} from '../conformance/logs/opening.js';
import { Malformed } from '../conformance/trace/malformed.js';
import type { AnyOp } from '../spec/index.js';
import type { Event } from '../spec/protocol/index.js';
import { here } from './console.js';
import { reasonOf, Unfinished, Unreadable, Usage } from './exit.js';
import { JUDGED_WITHIN, MIB, roomBelow } from './memory.js';
import { type Choices, parsePolicies } from './options.js';

export type { Format };

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

/** The bytes of a recording; what begins as gzip does is unpacked. */
async function unpackedOf(file: string): Promise<AsyncIterable<Uint8Array>> {
  const { first, all } = await peek(bytesOf(file));
  if (isPacked(first)) return unpacked(all, file);
  if (!file.endsWith('.gz')) return all;
  throw new Malformed('truncated', { line: 1 }, `${file} is not a whole gzip file: it does not begin as one`);
}

const FORMATS: readonly Format[] = ['trace', 'ftrace', 'strace', 'qemu'];

export function formatNamed(asked: string | undefined): Format | undefined {
  const found = FORMATS.find(format => format === asked);
  if (asked !== undefined && found === undefined)
    throw new Usage(`unknown format ${asked}: ${FORMATS.join(', ')}`);
  return found;
}

/** A recording of any format, packed or not, ready to be judged. */
export async function openTrace(
  file: string,
  asked?: Format,
  choices: Choices = { policy: [] },
  memory = JUDGED_WITHIN * MIB,
): Promise<Trace> {
  const source = await unpackedOf(file);
  const { release, log, events } = choices;
  const left = roomBelow(memory);
  const room = (line: number): void => {
    if (!left()) throw new Unfinished(`line ${line} of ${file}: ${beyond(memory)}`);
  };
  const trace = await openRecording(file, source, {
    ...(asked === undefined ? {} : { format: asked }),
    ...(release === undefined ? {} : { release }),
    ...(log === undefined ? {} : { log: besideFile(log) }),
    ...(events === undefined ? {} : { events: besideFile(events) }),
    room,
  }).catch((error: unknown) => {
    throw error instanceof NothingBeside ? new Usage(error.message) : error;
  });
  const policies = { ...trace.policies, ...parsePolicies(trace.profile, choices) };
  const { atHand } = trace;
  return {
    ...trace,
    policies,
    events: () => within(trace.events(), file, memory),
    ...(atHand === undefined ? {} : { atHand: () => readWithin(atHand(), file, memory) }),
  };
}

/** Opened when it is asked for. */
const besideFile = (name: string): BesideFile => ({
  name,
  source: (async function* () {
    yield* await unpackedOf(name);
  })(),
});

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

/** As `within`, for events that have been read. */
function* readWithin(events: Iterable<Event<AnyOp>>, file: string, memory: number): Generator<Event<AnyOp>> {
  const room = roomBelow(memory);
  for (const event of events) {
    if (!room()) throw new Unfinished(`event ${event.n} of ${file}: ${beyond(memory)}`);
    yield event;
  }
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
