// Does QEMU's pseries machine keep to the law? All of the corpus that a guest can make, and random walks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAWS, readTrace } from '../../../conformance/index.js';
import { type Campaign, campaign, type Section } from '../../../conformance/targets/campaign.js';
import { Expected, readExpectations } from '../../../conformance/targets/expectations.js';
import { NoTarget } from '../../../conformance/targets/introduce.js';
import { TARGET_LIMITS, type TargetLimits } from '../../../conformance/targets/limits.js';
import { Unreachable } from '../../../conformance/targets/link.js';
import type { Script } from '../../../conformance/targets/play.js';
import { BESIDE_MACHINE, besideTheLaw } from '../../../conformance/targets/pseries/beside.js';
import { OPERATIONS } from '../../../conformance/targets/pseries/calls.js';
import { commandLine } from '../../../conformance/targets/pseries/command-line.js';
import { Pseries } from '../../../conformance/targets/pseries/pseries.js';
import { Session } from '../../../conformance/targets/session.js';
import { scriptOf } from '../../../conformance/targets/shrink.js';
import { walkScript } from '../../../conformance/targets/walks.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { byWeight } from '../../../spec/calls/calls.js';
import { Dice, Digits } from '../../../spec/calls/digits.js';
import { aPseries, GUEST_ARMS } from '../../../spec/calls/spapr-tce-guest.js';
import { type AnyOp, defaultPolicies, type Policies } from '../../../spec/index.js';
import type { Machine } from '../../../spec/protocol/spapr-tce.js';
import { EXIT, type ExitCode, worst } from '../../exit.js';
import { bundled, bytesOf, CORPUS } from '../../input.js';
import { count, type Out, outTo, paint, ticker } from '../../terminal.js';
import { dialOf } from '../dial.js';
import { machinesReported } from '../machines-reported.js';
import { type Found, findQemus, PSERIES } from '../qemu/find.js';
import { introduction, sayCampaign } from '../report.js';
import { launcher, POLICIES, PROFILE } from './target.js';

export interface LaneOptions {
  readonly seed: number;
  readonly machines: number;
  readonly ops: number;
  readonly qemu?: string;
  readonly rules?: boolean;
}

const EXPECTED = fileURLToPath(
  new URL('../../../../conformance/targets/pseries/expected.json', import.meta.url),
);
/** The largest window that a walk makes is emptied within this many milliseconds. */
const DEADLINE = 20_000;

export async function pseriesLane(options: LaneOptions): Promise<ExitCode> {
  const out = outTo(false);
  const qemus = await findQemus(PSERIES, out.say, options.qemu);
  const codes: ExitCode[] = [];
  const lines: string[] = [];
  for (const qemu of qemus) {
    const { version } = qemu;
    const target = `exec:npx iommu-spec target pseries --qemu ${version}`;
    const limits = { ...TARGET_LIMITS, call: DEADLINE, hello: DEADLINE, reset: DEADLINE, total: 3_600_000 };
    const session = await opened(target, limits, out);
    if (session === undefined) {
      codes.push(EXIT.unavailable);
      continue;
    }
    try {
      for (const line of introduction(session)) out.say(line);
      const bar = ticker(session.intro.hello.name);
      const result = await campaign(session, [await corpus(), walks(options)], {
        limits,
        clock: () => performance.now(),
        expected: new Expected(readExpectations(readFileSync(EXPECTED, 'utf8')), today()),
        progress: (section, runs, calls) =>
          bar.show(`${section}: ${count(runs)} runs, ${count(calls)} calls`),
      });
      bar.done();
      sayCampaign(session, result, machinesReported(options, DEADLINE, target), out);
      const otherwise = await sayBeside(qemu, out);
      lines.push(summary(version, result));
      codes.push(result.result === 'conforms' && otherwise === 0 ? EXIT.conforms : EXIT.diverges);
    } finally {
      await session.close();
    }
  }
  out.say();
  for (const line of lines) out.say(line);
  return worst(codes);
}

/** What the profile has no words for; answers how much of it was not as the source says. */
async function sayBeside(qemu: Found, out: Out): Promise<number> {
  const line = commandLine(BESIDE_MACHINE);
  if ('cannot' in line) throw new Error(line.cannot);
  const host = await launcher(qemu)(line, Pseries.image(line.memory));
  try {
    const m = new Pseries(host, BESIDE_MACHINE, line.memory);
    await m.start();
    const all = await besideTheLaw(m);
    for (const { says, source, otherwise } of all)
      out.say(
        otherwise === undefined
          ? `  beside     ${says} (${source})`
          : paint.red(`  beside     ${says}: ${otherwise} (${source})`),
      );
    return all.filter(b => b.otherwise !== undefined).length;
  } finally {
    await host.end();
  }
}

/** Undefined: it does not say what it is, which is told. */
async function opened(target: string, limits: TargetLimits, out: Out): Promise<Session | undefined> {
  try {
    return await Session.open(dialOf(target, limits), LAWS, limits, () => performance.now(), PROFILE);
  } catch (error) {
    if (!(error instanceof NoTarget) && !(error instanceof Unreachable)) throw error;
    out.say(paint.red(`${target}: ${error.message}`));
    if (error instanceof NoTarget) for (const line of error.said) out.say(`   it said   ${line}`);
    return undefined;
  }
}

const today = (): string => new Date().toISOString().slice(0, 10);

const policies = (): Policies => ({
  ...defaultPolicies<Policies>(lawNamed(LAWS, PROFILE).profile),
  ...POLICIES,
});

const isGuests = (op: AnyOp): boolean => (OPERATIONS as readonly string[]).includes(op.op);

/** Whatever dialect a trace was written for: its calls are made, and judged by that of QEMU. */
async function corpus(): Promise<Section> {
  const scripts: Script[] = [];
  for (const named of bundled().traces) {
    if (!('lines' in named)) continue;
    const trace = await readTrace(bytesOf(join(CORPUS, named.name)));
    const ops: AnyOp[] = [];
    if (trace.profile.name === PROFILE && !('cannot' in commandLine(trace.machine as Machine)))
      for await (const event of trace.events()) ops.push(event.op as AnyOp);
    if (ops.some(isGuests))
      scripts.push(
        scriptOf(
          named.name,
          trace.machine,
          policies(),
          ops.map(op => ({ op })),
        ),
      );
    await trace.close();
  }
  return { name: 'corpus', open: false, scripts: () => scripts };
}

function walks({ seed, machines, ops }: LaneOptions): Section {
  const next = byWeight(GUEST_ARMS as never);
  return {
    name: 'walks',
    open: true,
    *scripts() {
      const dice = new Dice(seed);
      for (let number = 0; number < machines; number++) {
        const machine = aPseries(new Digits(dice.number()));
        yield walkScript({
          profile: lawNamed(LAWS, PROFILE).profile,
          calls: { machines: {}, next },
          machine,
          named: `machine ${number}`,
          policies: policies(),
          seed,
          number,
          ops,
          faults: new Set(),
        });
      }
    },
  };
}

/** The line that stands for all: what was made, what was met, and what was not as it is to be. */
function summary(version: string, { sections, rules, findings, expectations, broken }: Campaign): string {
  const sum = (of: (s: (typeof sections)[number]) => number) => sections.reduce((n, s) => n + of(s), 0);
  const guests = rules.filter(r => r.ops.some(op => (OPERATIONS as readonly string[]).includes(op)));
  const met = guests.filter(r => r.passed + r.failed > 0);
  const dmas = guests.filter(r => r.ops.includes('guest_dma')).reduce((n, r) => n + r.passed + r.failed, 0);
  const unexpected = findings.reduce((n, f) => n + f.times, broken.length);
  const excused = expectations.reduce((n, e) => n + e.times, 0);
  const colour = unexpected === 0 ? paint.green : paint.red;
  return colour(
    [
      `QEMU ${version}: ${count(sum(s => s.runs - s.cannot))} boots, ${count(sum(s => s.calls))} operations`,
      `${count(dmas)} DMAs`,
      `${met.length} of ${guests.length} clauses of a guest's operations met`,
      `divergences: ${count(excused)} expected, ${count(unexpected)} unexpected`,
    ].join(', '),
  );
}
