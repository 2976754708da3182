// What is said of a run of the tests: which file took how long, what failed, and how is that repeated?
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

/** What Node's test runner tells of a test, or of a file, which it calls a test of that name. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly nesting?: number;
    readonly message?: string;
    /** Where the test begins. */
    readonly line?: number;
    /** Why it was not run. */
    readonly skip?: string | boolean;
    readonly details?: {
      readonly duration_ms?: number;
      readonly error?: { readonly cause?: unknown; readonly failureType?: string };
    };
  };
}

interface Failure {
  readonly file: string;
  readonly line: number | undefined;
  /** Undefined: the file itself, which could not be loaded or ended badly. */
  readonly name: string | undefined;
  /** Inside of another test, without which it is not run. */
  readonly nested: boolean;
  readonly says: string;
}

interface Took {
  readonly file: string;
  readonly seconds: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SLOWEST = 10;
/** What Node says of a test that --test-name-pattern leaves out. */
const UNASKED = 'test name does not match pattern';
/** A file of the first lane that takes longer on a quiet machine belongs to test/long, in part or whole. */
const LONG = 20;

/** As it is written, not as it is built. */
const sourceOf = (file: string): string =>
  relative(ROOT, file)
    .replaceAll('\\', '/')
    .replace(/^dist\/(.*)\.js$/, '$1.ts');

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const asPattern = (name: string): string => `^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`;

/** The command that runs a test alone. */
export function again(file: string, name: string | undefined): string {
  const built = relative(ROOT, file).replaceAll('\\', '/');
  return `node --test ${name === undefined ? '' : `--test-name-pattern=${quoted(asPattern(name))} `}${built}`;
}

/** Follows a run; what it keeps is what is told at the end. */
class Run {
  readonly failures: Failure[] = [];
  readonly took: Took[] = [];
  /** What a file wrote, until it is known whether it ended well. */
  private readonly written = new Map<string, string>();
  private tests = 0;
  private skipped = 0;
  /** What tests said of themselves, by file and line: the seed of a random one. It comes after the failure. */
  private readonly said = new Map<string, string[]>();

  /** What is said at once. */
  follow({ type, data }: TestEvent): string {
    const { file, name, nesting } = data;
    if (file === undefined) return '';
    if (type === 'test:stderr' || type === 'test:stdout') this.wrote(file, data.message ?? '');
    if (type === 'test:diagnostic') this.diagnosed(`${file}:${data.line}`, data.message ?? '');
    if ((type === 'test:pass' || type === 'test:fail') && nesting === 0 && name !== file) this.tests++;
    if (type === 'test:pass' && typeof data.skip === 'string' && data.skip !== UNASKED)
      return this.passedOver(file, name, data.skip);
    // At once, as a run takes minutes; and once more at the end, where it can be found.
    if (type === 'test:fail') return this.failed(data);
    if (type !== 'test:complete' || name !== file) return '';
    const seconds = (data.details?.duration_ms ?? 0) / 1000;
    this.took.push({ file, seconds });
    const ended = data.details?.error === undefined ? 'ok    ' : 'FAILED';
    return `${ended} ${seconds.toFixed(1).padStart(6)} s  ${sourceOf(file)}\n`;
  }

  /** What was not run is said aloud, and counted. */
  private passedOver(file: string, name: string | undefined, why: string): string {
    this.skipped++;
    return `SKIPPED ${sourceOf(file)}: ${name}: ${why}\n`;
  }

  private wrote(file: string, text: string): void {
    this.written.set(file, (this.written.get(file) ?? '') + text);
  }

  private diagnosed(test: string, message: string): void {
    this.said.set(test, [...(this.said.get(test) ?? []), message]);
  }

  private failed({ file, line, name, nesting, details }: TestEvent['data']): string {
    const error = details?.error;
    if (error?.failureType === 'subtestsFailed') return '';
    const itself = name === file;
    const { cause } = error ?? {};
    const why = cause instanceof Error ? ownFrames(cause.stack ?? cause.message) : inspect(cause ?? error);
    const failure: Failure = {
      file: file!,
      line,
      name: itself ? undefined : name,
      nested: (nesting ?? 0) > 0,
      says: itself ? `${this.written.get(file!) ?? ''}the file did not end well` : why,
    };
    this.failures.push(failure);
    return `${toldOf(failure, []).join('\n')}\n`;
  }

  /** What is said at the end. */
  end(seconds: number): string {
    const slowest = [...this.took].sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
    return [
      ...this.failures.flatMap(f => toldOf(f, this.said.get(`${f.file}:${f.line}`) ?? [])),
      '',
      'the slowest files:',
      ...slowest.map(
        t =>
          `  ${t.seconds.toFixed(1).padStart(6)} s  ${sourceOf(t.file)}${isLong(t) ? '  (long: see test/long)' : ''}`,
      ),
      '',
      `${this.tests} tests in ${this.took.length} files, ${this.failures.length} failed${this.skipped > 0 ? `, ${this.skipped} skipped` : ''}, ${seconds.toFixed(1)} s`,
      '',
    ].join('\n');
  }
}

const isLong = ({ file, seconds }: Took): boolean =>
  seconds > LONG && !sourceOf(file).startsWith('test/long/');

const ownFrames = (stack: string): string =>
  stack
    .split('\n')
    .filter(line => !/^ +at .*\(?node:internal\//.test(line))
    .join('\n');

/** Random tests say their seed. */
const seedIn = (said: readonly string[]): string => {
  const seed = said.map(line => /\bSEED=\d+/.exec(line)?.[0]).find(found => found !== undefined);
  return seed === undefined ? '' : `${seed} `;
};

const toldOf = ({ file, name, nested, says }: Failure, said: readonly string[]): readonly string[] => [
  '',
  `FAILED ${sourceOf(file)}${name === undefined ? '' : `: ${name}`}`,
  ...says
    .trimEnd()
    .split('\n')
    .map(line => `    ${line}`),
  ...said.map(line => `    said:  ${line}`),
  `    again: ${seedIn(said)}${again(file, nested ? undefined : name)}`,
];

/** A reporter of Node's test runner. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const began = performance.now();
  const run = new Run();
  for await (const event of events) {
    const said = run.follow(event);
    if (said !== '') yield said;
  }
  yield run.end((performance.now() - began) / 1000);
}
