// Could the law have produced these recordings?
import {
  judgeTrace,
  plain,
  printable,
  reportDivergence,
  type Trace,
  tellPassedOver,
  type Verdict,
} from '../../conformance/index.js';
import { EXIT, type ExitCode, Usage, worst } from '../exit.js';
import { formatNamed, memoryOf, openTrace } from '../input.js';
import type { Choices } from '../options.js';
import { count, type Out, outTo, paint } from '../terminal.js';
import { failed } from '../told.js';

export interface JudgeOptions extends Choices {
  readonly format?: string;
  /** In MiB. */
  readonly memory?: number;
  readonly maxCandidates?: number;
  readonly json?: boolean;
}

export async function judge(files: readonly string[], options: JudgeOptions): Promise<ExitCode> {
  if (files.length === 0) throw new Usage('name at least one recording, or - for standard input');
  const out = outTo(options.json === true);
  const results: { code: ExitCode; data: object }[] = [];
  for (const file of files) results.push(await one(file, options, out));
  out.data({ command: 'judge', recordings: results.map(r => r.data) });
  return worst(results.map(r => r.code));
}

async function one(file: string, options: JudgeOptions, out: Out): Promise<{ code: ExitCode; data: object }> {
  try {
    const trace = await openTrace(file, formatNamed(options.format), options, memoryOf(options));
    const limit = options.maxCandidates === undefined ? {} : { maxCandidates: options.maxCandidates };
    const { verdict } = await judgeTrace(trace, limit);
    return verdictOf(file, trace, verdict, out);
  } catch (error) {
    return failed(file, error, out);
  }
}

export function verdictOf(
  file: string,
  trace: Trace,
  verdict: Verdict,
  out: Out,
): { code: ExitCode; data: object } {
  const told = tellVerdict(file, trace, verdict, out);
  const beside = tellPassedOver(trace.passedOver);
  if (beside !== undefined) out.say(`${paint.bold(printable(file))}: ${beside}`);
  return told;
}

function tellVerdict(
  file: string,
  trace: Trace,
  verdict: Verdict,
  out: Out,
): { code: ExitCode; data: object } {
  const about = {
    file,
    profile: trace.profile.name,
    verdict: verdict.verdict,
    passedOver: trace.passedOver,
  };
  if (verdict.verdict === 'conforms' && verdict.events === 0) {
    out.say(`${paint.bold(printable(file))}: ${paint.yellow('inconclusive')}, no event was recorded`);
    return { code: EXIT.inconclusive, data: { ...about, verdict: 'inconclusive', events: 0 } };
  }
  if (verdict.verdict === 'conforms') {
    const sure = verdict.candidates === 1 ? '' : `, ${count(verdict.candidates)} states still possible`;
    out.say(
      `${paint.bold(printable(file))}: ${paint.green('conforms')} to ${trace.profile.name}, ${count(verdict.events)} events${sure}`,
    );
    return {
      code: EXIT.conforms,
      data: { ...about, events: verdict.events, candidates: verdict.candidates },
    };
  }
  if (verdict.verdict === 'unfinished') {
    out.say(
      `${paint.bold(printable(file))}: ${paint.yellow('unfinished')} at event ${verdict.event}: ${verdict.reason}`,
    );
    return { code: EXIT.inconclusive, data: { ...about, ...(plain(verdict) as object) } };
  }
  const report = reportDivergence(verdict, { file, profile: trace.profile, machine: trace.machine });
  report.lines.forEach((line, i) => {
    out.say(i === 0 || line.startsWith('>') ? paint.red(line) : line);
  });
  return { code: EXIT.diverges, data: { ...about, report: report.data } };
}
