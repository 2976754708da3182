// How is the result of a run told to other people's tools?
import { Readable } from 'node:stream';
import { tap as tapLines } from 'node:test/reporters';
import { ReportBuilder, stringify, TestBuilder } from 'ctrf';
import junitReports from 'junit-report-builder';
import { SarifBuilder, SarifResultBuilder, SarifRuleBuilder, SarifRunBuilder } from 'node-sarif-builder';
import { type AnyProfile, PROFILES } from '../../spec/index.js';
import { VERSION } from '../version.js';
import { type Case, casesOf, type RunData } from './result.js';

const TOOL = 'iommu-spec';
/** Its types speak of CommonJS, where a default export is one level down; the module itself has it at the top. */
const junitBuilder = junitReports as unknown as typeof junitReports.default;

/** What the law says by a clause; a text without a sentence has none. */
function sentenceOf(profile: string, rule: string): string | undefined {
  const lists = Object.values(
    (PROFILES[profile] as AnyProfile | undefined)?.rules ?? {},
  ) as readonly (readonly {
    readonly id: string;
    readonly says: string;
  }[])[];
  return lists.flat().find(c => c.id === rule)?.says;
}

/** The report and the command that makes it again. */
const told = ({ lines, says, finding }: Case): string =>
  [
    ...(lines.length > 0 ? lines : [says ?? '']),
    ...(finding === undefined ? [] : [`again: ${finding.again}`]),
  ].join('\n');

/** JUnit's XML, a suite for each operation. */
export function junit(data: RunData): string {
  const builder = junitBuilder.newBuilder();
  const groups = new Map<string, ReturnType<typeof builder.testSuite>>();
  for (const c of casesOf(data)) {
    let suite = groups.get(c.group);
    if (suite === undefined) {
      suite = builder.testSuite().name(c.group);
      groups.set(c.group, suite);
    }
    const test = suite.testCase().className(c.group).name(c.name);
    if (c.status === 'failed') test.failure(told(c), 'divergence');
    if (c.status === 'skipped') test.skipped();
  }
  return `${builder.build()}\n`;
}

/** Version 13 of the Test Anything Protocol, as Node's own reporter writes it. */
export async function tap(data: RunData): Promise<string> {
  const cases = casesOf(data);
  const events = cases.flatMap((c, i) => {
    const common = { name: c.name, nesting: 0, testNumber: i + 1 };
    // Without a stack: where in this program it was found out is nobody's business.
    const error = c.status === 'failed' ? { error: Object.assign(new Error(told(c)), { stack: '' }) } : {};
    const details = { duration_ms: 0, ...error };
    const skip = c.status === 'skipped' ? { skip: c.says ?? true } : {};
    return [
      { type: c.status === 'failed' ? 'test:fail' : 'test:pass', data: { ...common, ...skip, details } },
    ];
  });
  const plan = { type: 'test:plan', data: { nesting: 0, count: cases.length } };
  let text = '';
  for await (const piece of Readable.from([...events, plan]).compose(tapLines)) text += piece;
  return text;
}

/** The Common Test Report Format. */
export function ctrf(data: RunData): string {
  const report = new ReportBuilder().tool({ name: TOOL, version: VERSION }).generatedBy(TOOL).timestamp();
  for (const c of casesOf(data)) {
    const test = new TestBuilder().name(c.name).status(c.status).duration(0).suite(c.group.split('.'));
    if (c.says !== undefined) test.message(c.says);
    if (c.status === 'failed') test.trace(told(c));
    if (c.finding !== undefined) test.filePath(c.finding.file);
    report.addTest(test.build());
  }
  const { target, seed, result } = data;
  const environment = { appName: target.name, extra: { profile: target.profile, seed, result } };
  return `${stringify(report.environment(environment).build(), { pretty: true })}\n`;
}

/** SARIF 2.1.0: a rule for each clause that was broken, a result for each divergence. */
export function sarif(data: RunData): string {
  const run = new SarifRunBuilder().initSimple({ toolDriverName: TOOL, toolDriverVersion: VERSION });
  const failed = casesOf(data).filter(c => c.status === 'failed');
  for (const rule of new Set(failed.map(c => c.finding?.rule ?? c.name))) {
    const shortDescriptionText = sentenceOf(data.target.profile, rule) ?? rule;
    run.addRule(new SarifRuleBuilder().initSimple({ ruleId: rule, shortDescriptionText }));
  }
  for (const c of failed) {
    const place = c.finding === undefined ? {} : { fileUri: c.finding.file, startLine: 1 };
    const simple = {
      level: 'error' as const,
      messageText: told(c),
      ruleId: c.finding?.rule ?? c.name,
      ...place,
    };
    run.addResult(new SarifResultBuilder().initSimple(simple));
  }
  const builder = new SarifBuilder();
  builder.addRun(run);
  return `${builder.buildSarifJsonString({ indent: true })}\n`;
}

/** What a workflow command may not have in its text or in a property. */
const escaped = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** Workflow commands of GitHub Actions: an annotation for each divergence, and one that sums up. */
export function github(data: RunData): string {
  const failed = casesOf(data).filter(c => c.status === 'failed');
  const lines = failed.map(c => {
    const file = c.finding === undefined ? '' : `file=${property(c.finding.file)},`;
    return `::error ${file}title=${property(`${data.target.profile} ${c.name}`)}::${escaped(told(c))}`;
  });
  const met = data.rules.filter(r => r.verdict === 'pass').length;
  return `${[...lines, `::notice title=iommu-spec::${data.result}, ${met} of ${data.rules.length} clauses met`].join('\n')}\n`;
}

export const json = (data: RunData): string => `${JSON.stringify(data)}\n`;

export const REPORTERS: { readonly [name: string]: (data: RunData) => string | Promise<string> } = {
  json,
  junit,
  tap,
  ctrf,
  sarif,
  github,
};
