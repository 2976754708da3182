// Is every seeded fault noticed, by whom, and after how few steps?
import { join } from 'node:path';
import { Judge, readTrace, type Trace } from '../../conformance/index.js';
import type { Court, Hunt, SuiteTrace } from '../../model/faults/catchers.js';
import { CATCHERS, type Catch, type FaultTable } from '../../model/faults/fault.js';
import { control, type Finding, hunt, huntBriefly } from '../../model/faults/hunt.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import type { AnyOp } from '../../spec/index.js';
import type { Event } from '../../spec/protocol/index.js';
import { EXIT, type ExitCode, Usage } from '../exit.js';
import { bundled, CORPUS, openTrace } from '../input.js';
import { faultsPart } from '../page-tables.js';
import { writePage } from '../pages.js';
import { count, type Out, outTo, paint, table, ticker } from '../terminal.js';

export interface FaultsOptions {
  readonly profile?: string;
  readonly only?: string;
  /** Who must notice a fault is asked, and nobody else if that one does. */
  readonly expected?: boolean;
  /** A page for a browser. */
  readonly html?: string;
  readonly json?: boolean;
}

/** How far a world is searched before a fault counts as not noticed, and how far for no fault at all. */
const SEARCHED = { maxStates: 6000, walks: 300 };
const CONTROLLED = { maxStates: 400, explored: SEARCHED.maxStates, walks: 20 };

/** Every fault of every table, or those that were asked for. Another list of tables: faults of somebody else. */
export async function faults(
  options: FaultsOptions,
  tables: readonly FaultTable[] = FAULT_TABLES,
): Promise<ExitCode> {
  const out = outTo(options.json === true);
  const chosen = select(tables, options);
  const grounds: Hunt = { suite: await corpus(), court, ...SEARCHED };
  const look = options.expected === true ? huntBriefly : hunt;
  const bar = ticker('faults');
  const controls: Finding[] = [];
  const findings: Finding[] = [];
  const total = chosen.reduce((sum, t) => sum + t.faults.length, 0);
  for (const t of chosen) {
    bar.show(`${t.profile}, nothing wrong`, findings.length / total);
    controls.push(...(await control(t, { ...grounds, ...CONTROLLED })));
    for (const fault of t.faults) {
      bar.show(`${t.profile} ${fault.id}`, findings.length / total);
      findings.push(await look(t, fault, grounds));
    }
  }
  bar.done();
  for (const { profile } of chosen)
    sayMatrix(
      profile,
      findings.filter(f => f.profile === profile),
      out,
    );
  const code = sayVerdict(findings, controls, out);
  if (options.html !== undefined) {
    const caught = findings.filter(f => f.caught).length;
    const says = `${count(caught)} of ${count(findings.length)} faults caught`;
    await writePage(options.html, code, says, [faultsPart(findings, stepsOf)], out);
  }
  out.data(dataOf(findings, controls));
  return code;
}

function select(tables: readonly FaultTable[], { profile, only }: FaultsOptions): readonly FaultTable[] {
  const names = tables.map(t => t.profile);
  if (profile !== undefined && !names.includes(profile))
    throw new Usage(`no faults are seeded in ${profile}; they are in ${names.join(', ')}`);
  const chosen = tables
    .filter(t => profile === undefined || t.profile === profile)
    .map(t => ({ ...t, faults: t.faults.filter(f => only === undefined || f.id === only) }))
    .filter(t => t.faults.length > 0);
  if (chosen.length === 0) throw new Usage(`there is no fault ${only}; docs/faults.md lists them`);
  return chosen;
}

/** The bundled recordings, read to their ends: those of the suite first, as they are short. */
async function corpus(): Promise<readonly SuiteTrace[]> {
  const { traces, recordings } = bundled();
  const read: SuiteTrace[] = [];
  for (const named of traces) {
    if ('lines' in named) read.push(await whole(named.name, await readTrace(named.lines)));
  }
  for (const file of recordings) read.push(await whole(file, await openTrace(join(CORPUS, file), 'ftrace')));
  return read;
}

async function whole(name: string, trace: Trace): Promise<SuiteTrace> {
  const events: Event<AnyOp>[] = [];
  for await (const event of trace.events()) events.push(event);
  const { profile, machine, policies, header } = trace;
  const refused = header.refused === undefined ? {} : { refused: header.refused.event };
  return { name, profile: profile.name, machine, policies, events, ...refused };
}

const court: Court = (profile, { machine, policies }, events) => {
  const judge = new Judge(profile, machine, policies);
  for (const event of events) {
    const verdict = judge.feed(event);
    if (verdict === undefined) continue;
    if (verdict.verdict === 'unfinished') return 'maybe';
    return { event: verdict.event, rule: verdict.allowed[0]!.rule };
  }
  return null;
};

function sayMatrix(profile: string, findings: readonly Finding[], out: Out): void {
  const cell = (met: Catch | null | undefined): string =>
    met === undefined ? '' : met === null ? '-' : String(met.steps);
  const rows = findings.map(f => {
    const { by, shows } = f.fault.expected;
    const verdict = f.asExpected ? `${by}: ${shows}` : paint.red(f.caught ? 'moved' : 'NOT CAUGHT');
    return [f.fault.id, ...CATCHERS.map(c => cell(f.catches[c])), String(stepsOf(f) ?? ''), verdict];
  });
  out.say(paint.bold(`${profile}: ${count(findings.length)} faults`));
  out.say(table(['fault', ...CATCHERS, 'steps', 'must be caught by'], rows));
  out.say();
}

/** The fewest steps that anybody needed. */
function stepsOf({ catches }: Finding): number | null {
  const met = CATCHERS.flatMap(c => catches[c]?.steps ?? []);
  return met.length === 0 ? null : Math.min(...met);
}

function sayVerdict(findings: readonly Finding[], controls: readonly Finding[], out: Out): ExitCode {
  const missed = findings.filter(f => !f.caught);
  const moved = findings.filter(f => f.caught && !f.asExpected);
  const alarms = controls.filter(f => f.caught);
  for (const { fault } of missed)
    out.say(`${paint.red('not caught')}  ${fault.id}: ${fault.says} It is the catchers that are too weak.`);
  for (const { fault, catches } of moved) {
    const { by, shows, steps } = fault.expected;
    const met = catches[by];
    const instead = met ? `at ${met.shows} after ${met.steps}` : 'not at all';
    out.say(
      `${paint.yellow('moved')}  ${fault.id}: not by ${by} at ${shows} after ${steps} steps, but ${instead}`,
    );
  }
  for (const { profile, fault } of alarms)
    out.say(
      `${paint.red('false alarm')}  ${profile}, ${fault.id}: something was noticed where nothing is wrong`,
    );
  const historical = findings.filter(f => f.fault.source.is === 'history').length;
  const good = missed.length + moved.length + alarms.length === 0;
  const all = `${count(findings.length - missed.length)} of ${count(findings.length)} faults caught`;
  const about = `${count(historical)} with a historical source, ${count(controls.length)} hunts for nothing without an alarm`;
  out.say(
    `${(good ? paint.green : paint.red)(all)}; ${alarms.length === 0 ? about : 'the catchers raise false alarms'}`,
  );
  out.say(
    'A number is the steps of the shortest trace that was found, - is not noticed, empty does not apply.',
  );
  return good ? EXIT.conforms : EXIT.diverges;
}

function dataOf(findings: readonly Finding[], controls: readonly Finding[]): object {
  return {
    command: 'faults',
    faults: findings.map(f => {
      const { id, says, source, expected, world, policies } = f.fault;
      return {
        profile: f.profile,
        id,
        in: f.fault.in,
        says,
        source,
        expected,
        ...(world === undefined ? {} : { world }),
        ...(policies === undefined || Object.keys(policies).length === 0 ? {} : { policies }),
        catches: f.catches,
        caught: f.caught,
        asExpected: f.asExpected,
        steps: stepsOf(f),
      };
    }),
    control: controls.map(f => ({ profile: f.profile, id: f.fault.id, noticed: f.caught })),
    total: findings.length,
    caught: findings.filter(f => f.caught).length,
    missed: findings.filter(f => !f.caught).map(f => f.fault.id),
    moved: findings.filter(f => f.caught && !f.asExpected).map(f => f.fault.id),
  };
}
