// Does everything that is bundled hold: the suite, the built-in implementation, the kernel recordings?
import { join } from 'node:path';
import {
  CLAUSE_COLUMNS,
  type Coverage,
  clauseCells,
  coverageSummary,
  coverageTable,
  describeValue,
  judgeTrace,
  type NamedTrace,
  type ProfileCoverage,
  readTrace,
  runSuite,
  type SuiteResult,
} from '../../conformance/index.js';
import { replay } from '../../model/compare/replay.js';
import { hasImplementation, implementationOf } from '../../model/machine.js';
import type { AnyOp } from '../../spec/index.js';
import type { Event } from '../../spec/protocol/index.js';
import { EXIT, type ExitCode, worst } from '../exit.js';
import { bundled, bytesOf, CORPUS, openTrace } from '../input.js';
import { coveragePart, errnoPart, tableOf } from '../page-tables.js';
import { writePage } from '../pages.js';
import { count, type Out, outTo, paint, table, ticker, wrapped } from '../terminal.js';
import { verdictOf } from './judge.js';

export interface RunOptions {
  readonly coverage?: boolean;
  /** A page for a browser. */
  readonly html?: string;
  readonly json?: boolean;
}

/** One part of the job: its exit code, a clause for the last line, and its data. */
interface Part {
  readonly code: ExitCode;
  readonly says: string;
  readonly data: object;
  readonly coverage: readonly Coverage[];
}

export async function run(options: RunOptions): Promise<ExitCode> {
  const out = outTo(options.json === true);
  const { traces: sure, late, recordings } = bundled();
  const traces = [...sure, ...late];
  out.say(paint.bold('The suite against the law'));
  const bar = ticker('run');
  const suite = await runSuite(
    traces.map((trace, i) => watched(trace, () => bar.show(trace.name, i / traces.length))),
  );
  bar.done();
  const judged = saySuite(suite, out);
  out.say(`\n${paint.bold('The built-in implementation through the calls of the suite')}`);
  const followed = await implementation(suite, out);
  out.say(`\n${paint.bold('Recordings of real kernels')}`);
  const kernels = await judgeRecordings(recordings, out);
  out.say(`\n${paint.bold('What was exercised')}`);
  const coverage = coverageTable([...judged.coverage, ...kernels.coverage]);
  for (const profile of coverage) sayCoverage(profile, options.coverage === true, out);
  const code = worst([judged.code, followed.code, kernels.code]);
  const verdict = code === EXIT.conforms ? paint.green('conforms') : paint.red('does not hold');
  const says = [judged, followed, kernels].map(p => p.says).join('; ');
  out.say(`\n${verdict}: ${says}`);
  if (options.html !== undefined) {
    const parts = [suitePart(suite), coveragePart(coverage), errnoPart(coverage)];
    await writePage(options.html, code, says, parts, out);
  }
  out.data({
    command: 'run',
    suite: judged.data,
    implementation: followed.data,
    recordings: kernels.data,
    coverage: coverage.map(c => ({ ...c, never: c.never.map(row => row.rule) })),
  });
  return code;
}

const suitePart = ({ traces }: SuiteResult) =>
  tableOf(
    'suite',
    'Each bundled trace, and what it is there for.',
    { trace: 'id', profile: 'word', result: 'word', expected: 'word', 'at event': 'number', says: 'text' },
    traces.map(({ name, trace, result, expected, says }) => [
      name,
      trace?.profile.name ?? '',
      result,
      expected?.is ?? '',
      expected?.is === 'diverges' ? expected.event : null,
      says,
    ]),
  );

/** The same trace, telling when it is read. */
function watched(trace: NamedTrace, begins: () => void): NamedTrace {
  if (!('lines' in trace)) return trace;
  const { lines } = trace;
  async function* told() {
    begins();
    yield* lines;
  }
  return { ...trace, lines: told() };
}

function saySuite(suite: SuiteResult, out: Out): Part {
  for (const t of suite.traces.filter(t => t.result !== 'passed')) {
    out.say(`  ${paint.red(t.result)}  ${t.name}: ${t.says}`);
  }
  for (const problem of suite.problems) out.say(`  ${paint.red(problem)}`);
  const { passed, failed, waived, inconclusive, traces } = suite;
  const of = (is: string) => traces.filter(t => t.expected?.is === is).length;
  const refused = traces.length - of('conforms') - of('open');
  out.say(
    wrapped(
      `  ${count(of('conforms'))} traces to accept, ${count(refused)} to refuse at a named event, ${count(of('open'))} that begin late and stay open: ${count(passed)} as expected, ${count(failed)} not`,
      2,
    ),
  );
  const codes = { passed: EXIT.conforms, failed: EXIT.diverges, inconclusive: EXIT.inconclusive } as const;
  return {
    code: codes[suite.result],
    says: `${count(passed)} of ${count(traces.length)} traces as expected`,
    data: { traces: traces.length, passed, failed, waived, inconclusive },
    coverage: suite.coverage,
  };
}

/** Where the built-in implementation makes the calls of each trace, it must do what the law says. */
async function implementation(suite: SuiteResult, out: Out): Promise<Part> {
  let traces = 0;
  let calls = 0;
  let parted = 0;
  const bar = ticker('implementation');
  for (const { name, expected } of suite.traces) {
    bar.show(name, traces / suite.traces.length);
    const trace = await readTrace(bytesOf(join(CORPUS, name)));
    if (!hasImplementation(trace.profile.name)) {
      await trace.close();
      continue;
    }
    const events: Event<AnyOp>[] = [];
    for await (const event of trace.events()) events.push(event);
    const machine = implementationOf(trace.profile.name, trace.machine, trace.policies);
    const until = expected?.is === 'diverges' ? expected.event : undefined;
    const result = replay(trace.profile, trace.machine, trace.policies, events, machine, until);
    traces++;
    calls += result.events;
    if (result.parting === undefined) continue;
    parted++;
    const { path, observed, allowed } = result.parting.disagreement.first;
    out.say(
      `  ${paint.red('parts')}  ${name}, event ${result.parting.event}: ${path} is ${describeValue(observed)}, the law says ${describeValue(allowed)}`,
    );
  }
  bar.done();
  out.say(
    `  ${count(calls)} calls of ${count(traces)} traces, answer and full state compared after each: ${parted === 0 ? 'no difference' : `${count(parted)} traces differ`}`,
  );
  const nothing = calls === 0;
  return {
    code: nothing ? EXIT.inconclusive : parted === 0 ? EXIT.conforms : EXIT.diverges,
    says: `the implementation follows ${count(traces - parted)} of ${count(traces)}`,
    data: { traces, calls, parted },
    coverage: [],
  };
}

async function judgeRecordings(files: readonly string[], out: Out): Promise<Part> {
  const codes: ExitCode[] = [];
  const data: object[] = [];
  const coverage: Coverage[] = [];
  const bar = ticker('recordings');
  for (const file of files) {
    bar.show(file, codes.length / files.length);
    const trace = await openTrace(join(CORPUS, file), 'ftrace');
    const judged = await judgeTrace(trace);
    const result = verdictOf(
      file,
      trace,
      judged.verdict,
      {
        ...out,
        say: line => out.say(`  ${line ?? ''}`),
      },
      { tally: judged.tally },
    );
    codes.push(result.code);
    data.push(result.data);
    coverage.push(judged.coverage);
  }
  bar.done();
  const conform = codes.filter(code => code === EXIT.conforms).length;
  return {
    code: worst(codes),
    says: `${count(conform)} of ${count(codes.length)} kernel recordings conform`,
    data,
    coverage,
  };
}

function sayCoverage(coverage: ProfileCoverage, all: boolean, out: Out): void {
  for (const line of coverageSummary(coverage)) out.say(wrapped(`  ${line}`, 2));
  if (all) out.say(table(CLAUSE_COLUMNS, clauseCells(coverage)));
}
