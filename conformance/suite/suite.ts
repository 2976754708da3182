// Do the traces of a corpus get the verdicts that they are there for?
import { match, P } from 'ts-pattern';
import type { Coverage } from '../coverage/collect.js';
import type { JudgeOptions } from '../judge/judge.js';
import { judgeTrace } from '../judge/judge-trace.js';
import type { Diverges, Verdict } from '../judge/verdict.js';
import type { Laws } from '../trace/laws.js';
import type { Source } from '../trace/lines.js';
import { Malformed } from '../trace/malformed.js';
import { type ReadOptions, readTrace, type Trace } from '../trace/read.js';
import { type Waiver, Waivers } from './waivers.js';

/** A trace by name: its text in pieces of any size, or a reader of another format that gives a `Trace`. */
export type NamedTrace =
  | { readonly name: string; readonly lines: Source }
  | { readonly name: string; readonly open: () => Trace | Promise<Trace> };

export interface SuiteOptions extends JudgeOptions, ReadOptions {
  readonly waivers?: readonly Waiver[];
  /** How many traces there are, where somebody counted them; another number found is a failure. */
  readonly count?: number;
  /** Called after each trace. */
  readonly onResult?: (result: TraceResult) => void;
}

/** What the trace is there for, as its header says; `open`: nothing diverges, and not all can be decided. */
export type Expected =
  | { readonly is: 'conforms' }
  | { readonly is: 'open' }
  | { readonly is: 'diverges'; readonly event: number; readonly why: string };

export interface TraceResult {
  readonly name: string;
  /** `inconclusive`: the judge gave up. */
  readonly result: 'passed' | 'failed' | 'waived' | 'inconclusive';
  /** One sentence. */
  readonly says: string;
  /** Undefined where not even the header could be read. */
  readonly expected?: Expected;
  readonly trace?: Trace;
  readonly verdict?: Verdict;
  readonly malformed?: Malformed;
  readonly coverage?: Coverage;
  readonly waiver?: Waiver;
}

export interface SuiteResult {
  /** Inconclusive: nothing failed, but something was not judged to its end, or there was nothing to judge. */
  readonly result: 'passed' | 'failed' | 'inconclusive';
  readonly traces: readonly TraceResult[];
  readonly passed: number;
  readonly failed: number;
  readonly waived: number;
  readonly inconclusive: number;
  /** Failures that belong to no single trace. */
  readonly problems: readonly string[];
  readonly coverage: readonly Coverage[];
}

export async function runSuite(
  traces: Iterable<NamedTrace> | AsyncIterable<NamedTrace>,
  laws: Laws,
  options: SuiteOptions = {},
): Promise<SuiteResult> {
  const waivers = new Waivers(options.waivers ?? []);
  const results: TraceResult[] = [];
  for await (const trace of traces) {
    const result = await runTrace(trace, laws, waivers, options);
    results.push(result);
    options.onResult?.(result);
  }
  return summary(results, problems(results, waivers, options.count));
}

async function runTrace(
  named: NamedTrace,
  laws: Laws,
  waivers: Waivers,
  options: SuiteOptions,
): Promise<TraceResult> {
  const { name } = named;
  let known: Pick<TraceResult, 'expected' | 'trace'> = {};
  try {
    const trace = 'open' in named ? await named.open() : await readTrace(named.lines, laws, options);
    const expected = expectation(trace);
    known = { expected, trace };
    const { verdict, coverage } = await judgeTrace(trace, options);
    const settled = settle(name, expected, verdict, waivers);
    if (settled.result === 'passed' && verdict.verdict === 'diverges') spokeAgainst(verdict, coverage);
    return { name, ...known, verdict, coverage, ...settled };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { name, ...known, malformed: error, result: 'failed', says: `malformed: ${error.message}` };
  }
}

/** Where a trace is refused as it should be, the clauses that spoke against it were exercised by it. */
function spokeAgainst({ op, allowed }: Diverges, coverage: Coverage): void {
  for (const { rule, outcome } of allowed) coverage.record(op, [rule], outcome);
}

function expectation({ header }: Trace): Expected {
  if (header.refused === undefined) return { is: header.open === undefined ? 'conforms' : 'open' };
  return { is: 'diverges', event: header.refused.event, why: header.refused.why };
}

type Settled = Pick<TraceResult, 'result' | 'says' | 'waiver'>;

function settle(name: string, expected: Expected, verdict: Verdict, waivers: Waivers): Settled {
  return match([expected, verdict] as const)
    .with([{ is: 'open' }, { verdict: 'unfinished', partial: true }], ([, v]) => passed(v.reason))
    .with([{ is: 'open' }, { verdict: 'conforms' }], () => failed('conforms, but was to stay open'))
    .with([{ is: 'open' }, { verdict: 'diverges' }], ([, v]) => failed(`diverges at event ${v.event}`))
    .with([P._, { verdict: 'unfinished' }], ([, v]): Settled => ({ result: 'inconclusive', says: v.reason }))
    .with([{ is: 'conforms' }, { verdict: 'conforms' }], ([, v]) => passed(`conforms, ${v.events} events`))
    .with([{ is: 'conforms' }, { verdict: 'diverges' }], ([, v]): Settled => {
      const waiver = waivers.excuse(name, v);
      if (waiver === undefined) return failed(`diverges at event ${v.event}`);
      const says = `diverges at event ${v.event}, waived on ${waiver.date}: ${waiver.why}`;
      return { result: 'waived', says, waiver };
    })
    .with([{ is: 'diverges' }, { verdict: 'conforms' }], ([e]) =>
      failed(`conforms, but was to be refused at event ${e.event}: ${e.why}`),
    )
    .with([{ is: 'diverges' }, { verdict: 'diverges' }], ([e, v]) =>
      e.event === v.event
        ? passed(`refused at event ${v.event}: ${e.why}`)
        : failed(`refused at event ${v.event}, but was to be at event ${e.event}: ${e.why}`),
    )
    .exhaustive();
}

const passed = (says: string): Settled => ({ result: 'passed', says });
const failed = (says: string): Settled => ({ result: 'failed', says });

function problems(
  results: readonly TraceResult[],
  waivers: Waivers,
  count: number | undefined,
): readonly string[] {
  const names = results.map(result => result.name);
  const twice = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  return [
    ...(count === undefined || count === results.length
      ? []
      : [`${count} traces were announced, ${results.length} ran`]),
    ...twice.map(name => `two traces are called ${name}`),
    ...waivers
      .unused()
      .map(w => `the waiver of ${w.date} for ${w.trace} (${w.rule}) was not needed: remove it`),
  ];
}

function summary(results: readonly TraceResult[], found: readonly string[]): SuiteResult {
  const count = (result: TraceResult['result']) => results.filter(r => r.result === result).length;
  const [failures, open] = [count('failed'), count('inconclusive')];
  const bad = failures > 0 || found.length > 0;
  return {
    result: bad ? 'failed' : open > 0 || results.length === 0 ? 'inconclusive' : 'passed',
    traces: results,
    passed: count('passed'),
    failed: failures,
    waived: count('waived'),
    inconclusive: open,
    problems: found,
    coverage: results.flatMap(r => (r.coverage === undefined ? [] : [r.coverage])),
  };
}
