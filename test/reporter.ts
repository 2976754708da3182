// What is said of a run of the tests: which file took how long, what failed, and how is that repeated?
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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
    /** Why it was not run. */
    readonly skip?: string | boolean;
    readonly details?: {
      readonly duration_ms?: number;
      readonly error?: { readonly cause?: unknown; readonly failureType?: string };
    };
  };
}

interface Failure {
  /** Where the test stands, which need not be the file that was run: several files may take tests from one. */
  readonly file: string;
  /** The files of this run that have the test. */
  readonly ran: readonly string[];
  /** Undefined: the file itself, which could not be loaded or ended badly. */
  readonly name: string | undefined;
  /** Inside of another test, without which it is not run. */
  readonly nested: boolean;
  readonly says: string;
  /** What the test said of itself: the seed of a random one. It comes after the failure. */
  readonly said: string[];
}

interface Took {
  readonly file: string;
  readonly seconds: number;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SLOWEST = 10;
/** What may hold tests. */
const TESTS = /^(?:\.\.|dist.test\b)/;
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

/** The command that runs a test alone, in each of the files that have it. */
export function again(files: readonly string[], name: string | undefined): string {
  const built = files.map(file => relative(ROOT, file).replaceAll('\\', '/')).join(' ');
  return `node --test ${name === undefined ? '' : `--test-name-pattern=${quoted(asPattern(name))} `}${built}`;
}

const IMPORTED = /^(?:import|export)\b[^'";]*['"](\.[^'"]+)['"]/gm;

/** Does the built file import that one, or a file that does? */
function imports(file: string, wanted: string, met = new Set<string>()): boolean {
  if (file === wanted) return true;
  if (met.has(file) || !TESTS.test(relative(ROOT, file)) || !existsSync(file)) return false;
  met.add(file);
  return [...readFileSync(file, 'utf8').matchAll(IMPORTED)].some(([, from]) =>
    imports(join(dirname(file), from!), wanted, met),
  );
}

/** Follows a run; what it keeps is what is told at the end. */
class Run {
  readonly failures: Failure[] = [];
  readonly took: Took[] = [];
  /** What a file wrote, until it is known whether it ended well. */
  private readonly written = new Map<string, string>();
  private tests = 0;
  private skipped = 0;
  /** Every file that is run. */
  private readonly files: string[] = [];
  /** What the test that ended last said of itself; undefined: it did not fail. */
  private said: string[] | undefined;

  /** What is said at once. */
  follow({ type, data }: TestEvent): string {
    const { file, name, nesting } = data;
    if (file === undefined) return '';
    if (type === 'test:stderr' || type === 'test:stdout') this.wrote(file, data.message ?? '');
    if (type === 'test:enqueue' && name === file) this.files.push(file);
    if (type === 'test:diagnostic') this.said?.push(data.message ?? '');
    if (type === 'test:pass' || type === 'test:fail') this.said = undefined;
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

  private failed({ file, name, nesting, details }: TestEvent['data']): string {
    const error = details?.error;
    if (error?.failureType === 'subtestsFailed') return '';
    const itself = name === file;
    const { cause } = error ?? {};
    const why = cause instanceof Error ? ownFrames(cause.stack ?? cause.message) : inspect(cause ?? error);
    const failure: Failure = {
      file: file!,
      ran: this.files.filter(ran => imports(ran, file!)),
      name: itself ? undefined : name,
      nested: (nesting ?? 0) > 0,
      says: itself ? `${this.written.get(file!) ?? ''}the file did not end well` : why,
      said: [],
    };
    this.failures.push(failure);
    this.said = failure.said;
    return `${toldOf(failure).join('\n')}\n`;
  }

  /** What is said at the end. */
  end(seconds: number): string {
    const slowest = [...this.took].sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
    return [
      ...this.failures.flatMap(toldOf),
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

const toldOf = ({ file, ran, name, nested, says, said }: Failure): readonly string[] => [
  '',
  `FAILED ${sourceOf(file)}${name === undefined ? '' : `: ${name}`}`,
  ...says
    .trimEnd()
    .split('\n')
    .map(line => `    ${line}`),
  ...said.map(line => `    said:  ${line}`),
  `    again: ${seedIn(said)}${again(ran.length > 0 ? ran : [file], nested ? undefined : name)}`,
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
