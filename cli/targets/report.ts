// What does a person, and what does a program, read of a campaign against a target?
import { encodeTrace, printable, reportDivergence } from '../../conformance/index.js';
import type { Campaign, Reported } from '../../conformance/targets/campaign.js';
import type { Session } from '../../conformance/targets/session.js';
import { countVerdicts } from '../../conformance/verdicts/rules.js';
import { RELEASE } from '../../spec/index.js';
import { ANY } from '../../spec/protocol/target.js';
import { quoted } from '../quoted.js';
import { sayReport } from '../report.js';
import type { FindingData, RunData } from '../reporters/result.js';
import { ruleTable } from '../rule-table.js';
import { count, type Out, paint } from '../terminal.js';
import { tryToWrite } from '../written.js';
import type { TargetOptions } from './asked.js';

/** Who is judged, by which law. */
export function introduction({ intro: { hello } }: Session): readonly string[] {
  const machine = hello.machine === ANY ? 'any machine' : 'a machine of its own';
  const version = hello.version === undefined ? '' : ` ${hello.version}`;
  const known = hello.operations === undefined ? '' : `, ${count(hello.operations.length)} operations`;
  return [`${paint.bold(printable(hello.name + version))}: ${hello.profile}, ${machine}${known}`];
}

/** Says it, writes the counterexamples, and gives what a program reads. */
export function sayCampaign(session: Session, result: Campaign, options: TargetOptions, out: Out): RunData {
  for (const s of result.sections) {
    const share = s.calls === 0 ? '' : `, ${Math.round((100 * s.accepted) / s.calls)}% accepted`;
    const cannot = s.cannot === 0 ? '' : `, ${count(s.cannot)} on machines that it cannot be`;
    const rest = s.complete ? '' : ', not all of it';
    out.say(`  ${s.name.padEnd(10)} ${count(s.runs)} runs, ${count(s.calls)} calls${share}${cannot}${rest}`);
  }
  const findings = result.findings.map((f, i) => finding(session, f, i, options, out));
  for (const { run, ending, said } of result.broken) {
    out.say(
      paint.red(`${run}: ${ending.is} at its reset${ending.says === undefined ? '' : ` (${ending.says})`}`),
    );
    for (const line of said) out.say(`   it said   ${printable(line)}`);
  }
  sayExpectations(result, out);
  sayRules(session, result, options, out);
  for (const note of result.notes) out.say(`  ${paint.yellow(printable(note))}`);
  const colour = { conforms: paint.green, diverges: paint.red, inconclusive: paint.yellow }[result.result];
  out.say(colour(verdictOf(result)));
  const { hello } = session.intro;
  return {
    command: 'run',
    target: {
      target: options.target,
      name: hello.name,
      ...(hello.version === undefined ? {} : { version: hello.version }),
      profile: hello.profile,
      starts: session.starts,
    },
    result: result.result,
    notes: result.notes,
    seed: options.seed,
    ...(options.shard === undefined ? {} : { shard: options.shard }),
    sections: result.sections,
    findings,
    broken: result.broken,
    expectations: result.expectations,
    clauses: countVerdicts(result.rules),
    rules: result.rules,
  };
}

/** In one line, without colours. */
export function verdictOf(result: Campaign): string {
  const met = result.rules.filter(r => r.verdict === 'pass').length;
  const clauses = `${count(met)} of ${count(result.rules.length)} clauses met`;
  if (result.result === 'conforms') return `no divergence: ${clauses} (a live test is never exhaustive)`;
  if (result.result === 'inconclusive') return `inconclusive: ${clauses}`;
  const n = result.findings.length;
  return `diverges in ${count(n)} ${n === 1 ? 'way' : 'ways'}; ${clauses}`;
}

/** The smallest run as a recording, the report, and the one command that makes its calls again. */
function finding(
  session: Session,
  found: Reported,
  index: number,
  options: TargetOptions,
  out: Out,
): FindingData {
  const { verdict, events, machine, policies, key } = found.finding;
  const { hello } = session.intro;
  const file = fileOf(options, hello.name, verdict.broken, index);
  const { [RELEASE]: release, ...chosen } = policies;
  const text = encodeTrace(
    {
      profile: session.law.profile.name,
      producer: printable(`${hello.name}${hello.version === undefined ? '' : ` ${hello.version}`}`),
      machine,
      policies: chosen,
      ...(release === undefined ? {} : { release }),
      seed: options.seed,
      narration: [`Found in ${found.run}: the last event is where the target leaves the law.`],
    },
    events,
  );
  const unwritten = tryToWrite(file, text);
  if (unwritten !== undefined) out.warn(unwritten);
  const again = commandOf(options, file);
  const report = reportDivergence(verdict, {
    file,
    profile: session.law.profile,
    machine,
    events: events.length,
    again,
  });
  sayReport(report, out);
  const times = found.times === 1 ? '' : `; ${count(found.times)} more like it`;
  const small = found.runs === 0 ? 'as it came' : `${count(found.runs)} runs to make it small`;
  const repeats = found.repeats ? small : 'it did not happen again';
  out.say(`   found     in ${printable(found.run)}; ${repeats}${times}`);
  for (const line of found.said) out.say(`   it said   ${printable(line)}`);
  const { runs, repeats: repeated, said, run } = found;
  return {
    key,
    rule: verdict.broken,
    run,
    times: found.times,
    calls: found.finding.calls.length,
    runs,
    repeats: repeated,
    file,
    again,
    said,
    ...(unwritten === undefined ? {} : { unwritten }),
    lines: report.told.map(l => l.text),
    report: report.data,
  };
}

function fileOf({ traceOut }: TargetOptions, name: string, rule: string, index: number): string {
  if (traceOut !== undefined && index === 0) return traceOut;
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 60);
  return `failures/${slug(name) || 'target'}-${slug(rule)}-${index + 1}.jsonl`;
}

/** Policies, release and machine stand in the recording; what else decides stands in the command. */
function commandOf(options: TargetOptions, file: string): string {
  // Whoever answered in a file cannot be asked again, but the recording can be judged again.
  if (options.target.startsWith('offline:')) return `npx iommu-spec judge ${quoted(file)}`;
  const more = [
    ...(options.profile === undefined ? [] : ['--profile', options.profile]),
    ...(options.maxCandidates === undefined ? [] : ['--max-candidates', String(options.maxCandidates)]),
    ...(options.deadline === 2000 ? [] : ['--deadline', String(options.deadline)]),
    ...(options.startup === 10 ? [] : ['--startup', String(options.startup)]),
  ];
  return ['npx iommu-spec run', quoted(file), '--target', quoted(options.target), ...more.map(quoted)].join(
    ' ',
  );
}

function sayExpectations({ expectations }: Campaign, out: Out): void {
  for (const { expectation: e, times, looked, expired } of expectations) {
    const where = e.trace === undefined ? '' : ` in ${e.trace}`;
    const says = expired
      ? paint.red(`expired on ${e.expires}`)
      : times > 0
        ? `${count(times)} times, as expected`
        : looked
          ? paint.red('unexpected pass: remove it')
          : 'not looked for';
    out.say(`  expected   ${e.rule}${printable(where)}: ${says} (${printable(e.reason)}, since ${e.since})`);
  }
}

function sayRules(session: Session, { rules }: Campaign, options: TargetOptions, out: Out): void {
  const counts = Object.entries(countVerdicts(rules)).map(([verdict, n]) => `${verdict} ${count(n)}`);
  out.say(`  ${'clauses'.padEnd(10)} ${counts.join(', ')}`);
  if (options.rules !== true) return;
  out.say(ruleTable(session.law.profile.name, rules));
}
