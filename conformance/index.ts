// What can one ask of the court? The public face of the project: everything else is its own affair.

/** What judge and law throw when they are asked for a name that they do not have. */
export { UnknownName } from '../spec/law/known.js';
/** The outermost entries, over every profile of the law; each takes another table of laws if one is given. */
export { coverageTable, encodeTrace, LAWS, readTrace, runSuite, traceLines } from './court.js';
/** What recordings and walks have exercised; add up and hand to `coverageTable`. */
export { Coverage, type Tally } from './coverage/collect.js';
/** The table of coverage as rows of text, and as one sentence with what is missing. */
export {
  CLAUSE_COLUMNS,
  type ClauseRow,
  clauseCells,
  coverageSummary,
  ERRNO_COLUMNS,
  type ErrnoRow,
  errnoCells,
  type ProfileCoverage,
} from './coverage/table.js';
/** Every clause that a call asks in one state, and why each speaks or does not. */
export { type AskedClause, type Asking, askedOf } from './explain/asked.js';
/** Why an event of a recording was answered so, and what would have succeeded. */
export type { Remedy } from './explain/changes.js';
export type { Candidate, Explained, Fact } from './explain/explain.js';
export { explainTrace, type Which } from './explain/explain-trace.js';
/** The judge, fed event by event, and the same over a whole recording. */
export { Judge, type JudgeOptions } from './judge/judge.js';
export { type Judgement, judgeTrace } from './judge/judge-trace.js';
export type { Remark } from './judge/remarks.js';
/** What a judge can say: conforms, diverges, unfinished. */
export type {
  Choice,
  Conforms,
  Difference,
  Diverges,
  Explanation,
  Step,
  Unfinished,
  Verdict,
} from './judge/verdict.js';
/** How people read operations, answers and values. */
export { describeOp, describeOutcome, describeValue, plain } from './report/describe.js';
/** The divergence report: lines for people, data for programs. */
export {
  type Context,
  type Report,
  type ReportData,
  type ReportLine,
  reportDivergence,
  type Why,
} from './report/divergence.js';
export { type ExplainedIn, explainedData, type ToldLine, tellExplained } from './report/explained.js';
/** A recording step by step, with what each step changes: what pictures are made from. */
export { withReasons } from './story/because.js';
export { changed } from './story/changed.js';
export { type Change, differences } from './story/changes.js';
export { judgeAndTell, tellEvents } from './story/judge-story.js';
export type { Broken, Parting, Story, StoryClause, StoryStep, Way } from './story/story.js';
export { type About, type Beginning, SEEN, Teller } from './story/teller.js';
/** Traces, expectations, results and waivers of a suite. */
export type { Expected, NamedTrace, SuiteOptions, SuiteResult, TraceResult } from './suite/suite.js';
export type { Waiver } from './suite/waivers.js';
/** A table of profiles and their words, for a court over other laws. */
export { type Laws, lawNamed } from './trace/laws.js';
/** What a recording may cost, and what is wrong with one that cannot be judged. */
export { LIMITS, type Limits } from './trace/limits.js';
/** Lines of any text format, with the same limits. */
export { type Line, Lines, linesOf, type Source } from './trace/lines.js';
export { type Defect, type Further, Malformed, type Place } from './trace/malformed.js';
export { type PassedOver, tellPassedOver } from './trace/passed-over.js';
/** Text of a recording as a terminal may have it. */
export { printable } from './trace/printable.js';
export type { ReadOptions, Trace } from './trace/read.js';
export type { Opening } from './trace/write.js';
