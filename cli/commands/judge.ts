// Could the law have produced these recordings?
import {
  judgeAndTell,
  judgeTrace,
  plain,
  printable,
  type Remark,
  reportDivergence,
  type Story,
  type Trace,
  tellPassedOver,
  type Verdict,
} from '../../conformance/index.js';
import { countVerdicts, type RuleRow, ruleRows } from '../../conformance/verdicts/rules.js';
import type { RuleTally } from '../../conformance/verdicts/tally.js';
import type { Part } from '../../picture/document.js';
import { storySays } from '../../picture/says.js';
import { RELEASE } from '../../spec/index.js';
import { drawingsOf, drawStories } from '../drawn.js';
import { EXIT, type ExitCode, Usage, worst } from '../exit.js';
import { formatNamed, memoryOf, openTrace } from '../input.js';
import { JUDGED_WITHIN } from '../memory.js';
import type { Choices } from '../options.js';
import { tableOf } from '../page-tables.js';
import { writePage } from '../pages.js';
import { quoted } from '../quoted.js';
import { sayRemarks, sayUnseen } from '../remarks.js';
import { sayReport } from '../report.js';
import { ruleTable } from '../rule-table.js';
import { count, type Out, outTo, paint } from '../terminal.js';
import { failed } from '../told.js';

export interface JudgeOptions extends Choices {
  readonly format?: string;
  /** In MiB. */
  readonly memory?: number;
  readonly maxCandidates?: number;
  /** The verdict on every clause. */
  readonly rules?: boolean;
  /** The story of each recording in the data. */
  readonly steps?: boolean;
  /** A page for a browser. */
  readonly html?: string;
  /** `format=file`, for other tools. */
  readonly draw?: readonly string[];
  readonly json?: boolean;
}

/** What else is known of a judgement: what it says of each clause, and how it is asked for again. */
export interface Judged {
  readonly tally: RuleTally;
  readonly again?: string;
  readonly rules?: boolean;
  readonly remarks?: readonly Remark[];
}

export async function judge(files: readonly string[], options: JudgeOptions): Promise<ExitCode> {
  if (files.length === 0) throw new Usage('name at least one recording, or - for standard input');
  const out = outTo(options.json === true);
  const drawings = drawingsOf(options.draw);
  const results: Result[] = [];
  for (const file of files) results.push(await one(file, options, out));
  const code = worst(results.map(r => r.code));
  if (options.html !== undefined) await pageOf(files, results, options.html, code, out);
  const stories = results.flatMap(r => (r.story === undefined ? [] : [r.story]));
  await drawStories(stories, drawings, out);
  out.data({ command: 'judge', recordings: results.map(r => r.data) });
  return code;
}

interface Result {
  readonly code: ExitCode;
  readonly data: object;
  readonly story?: Story;
}

/** A picture of each recording that could be read; of several also a table. */
async function pageOf(
  files: readonly string[],
  results: readonly Result[],
  html: string,
  code: ExitCode,
  out: Out,
): Promise<void> {
  const parts = results.flatMap(({ story }, i): readonly Part[] =>
    story === undefined ? [] : [{ is: 'story', name: files[i]!, story }],
  );
  const verdicts = results.map(r => verdictIn(r.data));
  const first = results[0]!.story;
  const says = files.length === 1 && first !== undefined ? storySays(first) : summary(verdicts);
  const rows = results.flatMap(({ data }, i) => rulesIn(data).map(r => [files[i]!, ...r]));
  const table = tableOf(
    'clauses',
    'The verdict on every clause that was met.',
    { recording: 'word', clause: 'id', call: 'word', verdict: 'word', passed: 'number', failed: 'number' },
    rows,
  );
  const unread = results.some(r => r.story === undefined) ? [readPart(files, results)] : [];
  await writePage(html, code, says, [...parts, ...unread, ...(rows.length > 0 ? [table] : [])], out);
}

/** What came of each, where one could not be read or judged: why. */
const readPart = (files: readonly string[], results: readonly Result[]): Part =>
  tableOf(
    'recordings',
    'The verdict on each recording; one that could not be read to its end has no story.',
    { recording: 'id', verdict: 'word', line: 'number', why: 'text' },
    results.map(({ data }, i) => {
      const { line, reason } = data as { readonly line?: number; readonly reason?: string };
      return [files[i]!, verdictIn(data), line ?? null, reason ?? ''];
    }),
  );

const verdictIn = (data: object): string => String((data as { readonly verdict?: unknown }).verdict);

/** `3 conform, 1 diverges`. */
function summary(verdicts: readonly string[]): string {
  const kinds = [...new Set(verdicts)];
  return kinds.map(kind => `${verdicts.filter(v => v === kind).length} ${kind}`).join(', ');
}

function rulesIn(data: object): readonly (readonly (string | number)[])[] {
  const { rules = [] } = data as { readonly rules?: readonly RuleRow[] };
  return rules.map(r => [r.rule, r.ops.join(' '), r.verdict, r.passed, r.failed]);
}

async function one(file: string, options: JudgeOptions, out: Out): Promise<Result> {
  try {
    const trace = await openTrace(file, formatNamed(options.format), options, memoryOf(options));
    const limit = options.maxCandidates === undefined ? {} : { maxCandidates: options.maxCandidates };
    const again = commandOf(file, options);
    const asked = options.steps === true || options.html !== undefined || (options.draw ?? []).length > 0;
    const about = { file, again };
    const judged = asked
      ? await judgeAndTell(trace, about, limit)
      : { ...(await judgeTrace(trace, limit)), story: undefined };
    const { verdict, tally, story, remarks } = judged;
    const rules = options.rules === true;
    const result = verdictOf(file, trace, verdict, out, { tally, again, rules, remarks });
    if (story === undefined) return result;
    return { ...result, story, data: options.steps === true ? { ...result.data, story } : result.data };
  } catch (error) {
    return failed(file, error, out);
  }
}

export function verdictOf(
  file: string,
  trace: Trace,
  verdict: Verdict,
  out: Out,
  judged: Judged,
): { code: ExitCode; data: object } {
  const told = tellVerdict(file, trace, verdict, out, judged);
  if (judged.remarks !== undefined) sayRemarks(judged.remarks, trace.machine, out);
  sayUnseen(trace, out);
  const beside = tellPassedOver(trace.passedOver);
  if (beside !== undefined) out.say(`${paint.bold(printable(file))}: ${beside}`);
  return told;
}

function tellVerdict(
  file: string,
  trace: Trace,
  verdict: Verdict,
  out: Out,
  { tally, again, rules: all, remarks = [] }: Judged,
): { code: ExitCode; data: object } {
  const rules = ruleRows(trace.profile, trace.policies, tally);
  const met = rules.filter(r => r.verdict === 'pass').length;
  const about = {
    file,
    profile: trace.profile.name,
    verdict: verdict.verdict,
    passedOver: trace.passedOver,
    clauses: countVerdicts(rules),
    rules: rules.filter(r => r.verdict !== 'not-tested'),
    ...(trace.unseen === undefined ? {} : { release: trace.policies[RELEASE], unseen: trace.unseen }),
    ...(remarks.length === 0 ? {} : { remarks: remarks.map(plain) }),
  };
  if (all === true) out.say(ruleTable(trace.profile.name, rules));
  if (verdict.verdict === 'conforms' && verdict.events === 0) {
    out.say(`${paint.bold(printable(file))}: ${paint.yellow('inconclusive')}, no event was recorded`);
    return { code: EXIT.inconclusive, data: { ...about, verdict: 'inconclusive', events: 0 } };
  }
  if (verdict.verdict === 'conforms' && met === 0) {
    out.say(
      `${paint.bold(printable(file))}: ${paint.yellow('inconclusive')}, no clause was met: nothing was tested`,
    );
    return {
      code: EXIT.inconclusive,
      data: { ...about, verdict: 'inconclusive', events: verdict.events },
    };
  }
  if (verdict.verdict === 'conforms') {
    const sure = verdict.candidates === 1 ? '' : `, ${count(verdict.candidates)} states still possible`;
    out.say(
      `${paint.bold(printable(file))}: ${paint.green('conforms')} to ${trace.profile.name}, ${count(verdict.events)} events, ${count(met)} of ${count(rules.length)} clauses met${sure}`,
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
  const report = reportDivergence(verdict, {
    file,
    profile: trace.profile,
    machine: trace.machine,
    ...(again === undefined ? {} : { again }),
  });
  sayReport(report, out);
  return { code: EXIT.diverges, data: { ...about, report: report.data } };
}

/** The same question with every option that decides: what stands in the recording need not be said again. */
function commandOf(file: string, options: JudgeOptions): string {
  const { format, policy, release, maxCandidates, memory } = options;
  const more = [
    ...(format === undefined ? [] : ['--format', format]),
    ...policy.flatMap(p => ['--policy', p]),
    ...(release === undefined ? [] : ['--release', release]),
    ...(maxCandidates === undefined ? [] : ['--max-candidates', String(maxCandidates)]),
    ...(memory === undefined || memory === JUDGED_WITHIN ? [] : ['--memory', String(memory)]),
  ];
  return ['npx iommu-spec judge', ...[file, ...more].map(quoted)].join(' ');
}
