// How do recordings come in: files, gzip, standard input, and in which format?
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { FTRACE_PROFILE, FtraceImporter, ftraceEvents } from '../conformance/ftrace/import.js';
import {
  LAWS,
  LIMITS,
  type Line,
  linesOf,
  type NamedTrace,
  readTrace,
  type Source,
  type Trace,
} from '../conformance/index.js';
import { Malformed } from '../conformance/trace/malformed.js';
import { defaultPolicies } from '../spec/index.js';
import { Unreadable, Usage } from './exit.js';

export type Format = 'trace' | 'ftrace';

/** The bundled corpus, beside the sources. */
export const CORPUS = fileURLToPath(new URL('../../conformance/corpus/', import.meta.url));

/** The bytes of a file, unpacked if its name ends in .gz; `-` is standard input. */
export function bytesOf(file: string): Source {
  if (file === '-') return process.stdin as unknown as Source;
  let size: number;
  try {
    const found = statSync(file);
    if (found.isDirectory()) throw new Unreadable(`${file} is a folder`);
    size = found.size;
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`cannot read ${file}: ${(error as Error).message}`);
  }
  const raw = createReadStream(file);
  if (!file.endsWith('.gz')) return raw as unknown as Source;
  return unpacked(raw, file, size);
}

/** A gzip stream; what is no gzip, or ends early, is malformed input and not a bug. */
async function* unpacked(
  raw: NodeJS.ReadableStream,
  file: string,
  _size: number,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  raw.on('error', error => gunzip.destroy(error));
  raw.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (error) {
    throw new Malformed(
      'truncated',
      { line: 1 },
      `${file} is not a whole gzip file: ${(error as Error).message}`,
    );
  }
}

/** What a file is by its look: a kernel's trace file begins with comments, ours with a header. */
export function formatOf(file: string, asked: string | undefined): Format {
  if (asked === 'trace' || asked === 'ftrace') return asked;
  if (asked !== undefined) throw new Usage(`unknown format ${asked}: trace or ftrace`);
  return /\.txt(\.gz)?$/.test(file) ? 'ftrace' : 'trace';
}

/** A recording of either format, ready to be judged. */
export function openTrace(file: string, format: Format): Promise<Trace> {
  return format === 'trace' ? readTrace(bytesOf(file)) : openFtrace(file);
}

/**
 * A kernel's trace file. What kind of recording it is shows only at its end, so its lines are read first
 * and judged afterwards; the limits on lines and bytes hold for the reading.
 */
async function openFtrace(file: string): Promise<Trace> {
  const lines: Line[] = [];
  const first = new FtraceImporter();
  for await (const line of linesOf(bytesOf(file), LIMITS)) {
    lines.push(line);
    first.take(line);
  }
  const machine = first.machine();
  const profile = LAWS.profiles[FTRACE_PROFILE]!;
  const importer = new FtraceImporter();
  return {
    header: {
      format: 'iommu-trace',
      version: 1,
      profile: FTRACE_PROFILE,
      producer: `kernel trace file ${file}`,
      machine,
      events: 0,
    },
    profile,
    machine,
    policies: defaultPolicies(profile),
    async *events() {
      yield* ftraceEvents(lines, importer);
    },
    close: async () => {},
  };
}

/** The bundled traces that must be accepted and refused, and the kernel recordings. */
export function bundled(): {
  readonly traces: readonly NamedTrace[];
  readonly recordings: readonly string[];
} {
  const names = (folder: string, ending: string): readonly string[] =>
    readdirSync(join(CORPUS, folder))
      .filter(name => name.endsWith(ending) && !name.endsWith('.notes.txt'))
      .sort()
      .map(name => join(folder, name));
  const traces = ['accept', 'refuse']
    .flatMap(folder => names(folder, '.jsonl'))
    .map(name => ({ name, lines: bytesOf(join(CORPUS, name)) }));
  return { traces, recordings: names('recordings', '.txt') };
}
