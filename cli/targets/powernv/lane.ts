// Does a real Linux kernel on bare metal of POWER keep to the law? The corpus on real devices, and random walks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAWS, readTrace } from '../../../conformance/index.js';
import { type Campaign, campaign, type Section } from '../../../conformance/targets/campaign.js';
import { Expected, readExpectations } from '../../../conformance/targets/expectations.js';
import { TARGET_LIMITS } from '../../../conformance/targets/limits.js';
import type { Script } from '../../../conformance/targets/play.js';
import { careful, isOutOfReach } from '../../../conformance/targets/powernv/careful.js';
import { moved } from '../../../conformance/targets/powernv/topology.js';
import { OPERATIONS } from '../../../conformance/targets/powernv/vfio.js';
import { Session } from '../../../conformance/targets/session.js';
import { scriptOf } from '../../../conformance/targets/shrink.js';
import { walkScript } from '../../../conformance/targets/walks.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { spaprTceCalls } from '../../../spec/calls/spapr-tce.js';
import { type AnyOp, canonical, defaultPolicies, type Policies, RELEASE } from '../../../spec/index.js';
import type { Machine, Op } from '../../../spec/protocol/spapr-tce.js';
import type { State } from '../../../spec/spapr-tce/state.js';
import { EXIT, type ExitCode } from '../../exit.js';
import { bundled, bytesOf, CORPUS } from '../../input.js';
import { count, type Out, outTo, ticker } from '../../terminal.js';
import { eachKernel } from '../kernel/each.js';
import { summary } from '../kernel/lane.js';
import { guestDial, type Seen } from '../kernel/link.js';
import { introduction, sayCampaign } from '../report.js';
import { POWER_KERNELS, type PowerKernel, powerKernelNamed } from './kernels.js';
import { POLICIES, PROFILE, powernvTarget } from './target.js';

export interface LaneOptions {
  readonly seed: number;
  /** Operations of random walks on each kernel, at least. */
  readonly ops: number;
  readonly kernel?: string;
  readonly only?: 'corpus' | 'walks';
  readonly shrink: boolean;
  readonly rules?: boolean;
}

/** Calls of one walk, between two resets. */
const WALK = 100;
/** So many are drawn for them at most. */
const DRAWN = 1000;
const BOOT_MS = 400_000;
const LIMITS = {
  ...TARGET_LIMITS,
  hello: BOOT_MS,
  reset: BOOT_MS,
  call: 60_000,
  run: BOOT_MS,
  total: 4 * 3_600_000,
  shrinks: 40,
};

const FOLDER = '../../../../conformance/targets/powernv';
const inFolder = (name: string): string => fileURLToPath(new URL(`${FOLDER}/${name}`, import.meta.url));

export async function powernvLane(options: LaneOptions): Promise<ExitCode> {
  const out = outTo(false);
  const kinds = options.kernel === undefined ? POWER_KERNELS : [powerKernelNamed(options.kernel)];
  return eachKernel(kinds, kind => oneKernel(kind, options, out), out);
}

async function oneKernel(kind: PowerKernel, options: LaneOptions, out: Out) {
  const seen: Seen = { boots: 0, resets: 0, resetTime: 0 };
  let whole: Machine | undefined;
  const dial = guestDial(
    () => powernvTarget(kind),
    seen,
    target => {
      whole = target.whole;
    },
  );
  const clock = () => performance.now();
  const session = await Session.open(dial, LAWS, LIMITS, clock, PROFILE);
  try {
    for (const line of introduction(session)) out.say(line);
    const { name } = session.intro.hello;
    const bar = ticker(name);
    const known = readExpectations(readFileSync(inFolder(`expected-${kind.name}.json`), 'utf8'));
    const sections = [
      ...(options.only === 'walks' ? [] : [await corpus(kind, whole!, out)]),
      ...(options.only === 'corpus' ? [] : [walks(kind, whole!, options)]),
      await defects(kind, whole!, known),
    ];
    const result = await campaign(session, sections, {
      limits: LIMITS,
      clock,
      unshrunk: !options.shrink,
      expected: new Expected(known, new Date().toISOString().slice(0, 10)),
      progress: (section, runs, calls) => bar.show(`${section}: ${count(runs)} runs, ${count(calls)} calls`),
    });
    bar.done();
    sayCampaign(session, result, reportOptions(options, kind), out);
    return { code: codeOf(result), line: summary(name, seen, [ofOurs(result)]) };
  } finally {
    await session.close();
  }
}

const codeOf = (result: Campaign): ExitCode => (result.result === 'conforms' ? EXIT.conforms : EXIT.diverges);

/** Of the clauses those of the operations that VFIO lets a user make. */
const ofOurs = (result: Campaign): Campaign => ({
  ...result,
  rules: result.rules.filter(r => r.ops.some(op => (OPERATIONS as readonly string[]).includes(op))),
});

const policiesOf = (kind: PowerKernel): Policies => ({
  ...defaultPolicies<Policies>(lawNamed(LAWS, PROFILE).profile),
  ...POLICIES,
  [RELEASE]: kind.release,
});

const isMade = (op: AnyOp): boolean => (OPERATIONS as readonly string[]).includes(op.op);

/** A group has a file once VFIO has a device of it: so all devices are bound first. */
const bound = (machine: Machine): AnyOp[] =>
  machine.devices.map((_, device) => ({ op: 'bind', device }) as AnyOp);

/** The calls of every trace on those of the guest's groups that stand for its own; what comes to the same is made once. */
async function corpus(kind: PowerKernel, whole: Machine, out: Out): Promise<Section> {
  const { profile } = lawNamed(LAWS, PROFILE);
  const scripts: Script[] = [];
  const known = new Set<string>();
  const left = new Map<string, number>();
  for (const named of bundled().traces) {
    if (!('lines' in named)) continue;
    const trace = await readTrace(bytesOf(join(CORPUS, named.name)));
    if (trace.profile.name === PROFILE) {
      const machine = moved(trace.machine as Machine, whole);
      const ops: AnyOp[] = [];
      const end = trace.header.refused?.event ?? Number.POSITIVE_INFINITY;
      for await (const event of trace.events())
        if (event.n <= end && event.setup !== true) ops.push(event.op as AnyOp);
      const made = ops.filter(isMade);
      if (typeof machine === 'string') left.set(machine, (left.get(machine) ?? 0) + 1);
      else if (made.length > 0 && known.size !== known.add(canonical({ machine, made })).size) {
        const calls = [...bound(machine), ...made.filter(op => op.op !== 'bind')].map(op => ({ op }));
        scripts.push(careful(profile, scriptOf(named.name, machine, policiesOf(kind), calls), kind.breaks));
      }
    }
    await trace.close();
  }
  for (const [why, n] of left) out.say(`  left out   ${count(n)} traces of the corpus: ${why}`);
  return { name: 'corpus', open: false, scripts: () => scripts };
}

/** What is known to be wrong with this kernel, by the shortest calls; the last of them may leave it damaged. */
async function defects(
  kind: PowerKernel,
  whole: Machine,
  known: readonly { readonly trace?: string }[],
): Promise<Section> {
  const scripts: Script[] = [];
  for (const { trace: name } of known) {
    if (name === undefined) continue;
    const trace = await readTrace(bytesOf(inFolder(`${name}.jsonl`)));
    const machine = moved(trace.machine as Machine, whole);
    if (typeof machine === 'string') throw new Error(`${name}: ${machine}`);
    const calls = bound(machine).map(op => ({ op }));
    for await (const event of trace.events()) calls.push({ op: event.op as AnyOp });
    await trace.close();
    // Made once: that a kernel dies need not be seen twice.
    scripts.push({ ...scriptOf(name, machine, policiesOf(kind), calls), ahead: false });
  }
  return { name: 'defects', open: false, scripts: () => scripts };
}

const PAGE = 4096n;
/** A default window is charged 2,048 pages. */
const LIMIT = 6_000;
const memoryOf = (mm: number, pa: bigint, count: bigint) => ({
  mm,
  ua: 0x2_0000_0000n,
  pa,
  size: count * PAGE,
  shift: 12,
});

/** Two processes, one of which may not lock what it likes, with all groups or with the first two. */
function machinesOf(whole: Machine): readonly (readonly [string, Machine])[] {
  const processes = {
    mms: [{ lockLimit: null }, { lockLimit: LIMIT }],
    memory: [memoryOf(0, 0x1000_0000n, 32n), memoryOf(1, 0x2000_0000n, 16n)],
  };
  const two: Machine = {
    ...whole,
    ...processes,
    groups: whole.groups.slice(0, 2),
    devices: whole.devices.filter(d => d.group !== null && d.group < 2),
  };
  return [
    ['all groups', { ...whole, ...processes }],
    ['two groups', two],
  ];
}

/** An access by a device takes a tenth of a second: of those that can only fault, most are passed over. */
const FAULTS = 5;

/** Which calls of a walk are made: those that VFIO can be asked for, and not too many accesses to nothing. */
function chooser() {
  let faults = 0;
  return (state: State, op: AnyOp): boolean => {
    if (!isMade(op) || isOutOfReach(state, op as Op)) return false;
    if (op.op !== 'dma') return true;
    const { group = -1 } = state.devices[(op as Extract<Op, { op: 'dma' }>).device] ?? {};
    const { window0 = -1, window1 = -1 } = state.groups[group] ?? {};
    const some = [window0, window1].some(t => t >= 0 && state.entries[t]!.size > 0);
    return some || faults++ % FAULTS === 0;
  };
}

/** Walks until so many calls are made. */
function walks(kind: PowerKernel, whole: Machine, { seed, ops }: LaneOptions): Section {
  const { profile } = lawNamed(LAWS, PROFILE);
  const machines = machinesOf(whole);
  const isWorthIt = chooser();
  return {
    name: 'walks',
    open: true,
    *scripts() {
      let made = 0;
      for (let number = 0; made < ops; number++) {
        const [named, machine] = machines[number % machines.length]!;
        const script = walkScript({
          profile,
          calls: spaprTceCalls as never,
          machine,
          named,
          policies: policiesOf(kind),
          seed,
          number,
          ops: DRAWN,
          faults: new Set(),
          operations: OPERATIONS,
        });
        const first = bound(machine);
        let left = WALK;
        const next: Script['next'] = state => {
          if (left-- <= 0) return undefined;
          const op = first.shift();
          let call = op === undefined ? script.next(state) : { op };
          while (call !== undefined && !isWorthIt(state as State, call.op)) call = script.next(state);
          return call;
        };
        const some = careful(profile, { ...script, next }, kind.breaks);
        yield {
          ...some,
          next: state => {
            const call = some.next(state);
            if (call !== undefined) made++;
            return call;
          },
        };
      }
    },
  };
}

const reportOptions = (options: LaneOptions, kind: PowerKernel) => ({
  target: `exec:npx iommu-spec target powernv --kernel ${kind.name}`,
  policy: [],
  seed: options.seed,
  runs: 0,
  ops: WALK,
  upTo: 0,
  part: 0,
  shrink: true,
  deadline: LIMITS.call,
  startup: BOOT_MS / 1000,
  total: LIMITS.total / 1000,
  restarts: TARGET_LIMITS.restarts,
  ...(options.rules === undefined ? {} : { rules: options.rules }),
});
