// Does a real Linux kernel keep to the law of its release? The corpus on real devices, and random walks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAWS, readTrace } from '../../../conformance/index.js';
import { type Campaign, campaign, type Section } from '../../../conformance/targets/campaign.js';
import { Expected, readExpectations } from '../../../conformance/targets/expectations.js';
import { moved } from '../../../conformance/targets/kernel/fitting.js';
import { partsOf } from '../../../conformance/targets/kernel/topologies.js';
import { type Host, sharesItsBus } from '../../../conformance/targets/kernel/topology.js';
import { TARGET_LIMITS } from '../../../conformance/targets/limits.js';
import type { Script } from '../../../conformance/targets/play.js';
import { Session } from '../../../conformance/targets/session.js';
import { scriptOf } from '../../../conformance/targets/shrink.js';
import { walkScript } from '../../../conformance/targets/walks.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { vfioType1Calls } from '../../../spec/calls/vfio-type1.js';
import { type AnyOp, canonical, defaultPolicies, type Policies, RELEASE } from '../../../spec/index.js';
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import { EXIT, type ExitCode } from '../../exit.js';
import { bundled, bytesOf, CORPUS } from '../../input.js';
import { count, type Out, outTo, paint, ticker } from '../../terminal.js';
import { introduction, sayCampaign } from '../report.js';
import { eachKernel } from './each.js';
import { ARM_KERNELS, KERNELS, type KernelKind, kernelNamed } from './kernels.js';
import { guestDial, type Seen } from './link.js';
import { machineNamed } from './machines.js';
import { kernelTarget, OPERATIONS, PROFILE } from './target.js';

export interface LaneOptions {
  readonly seed: number;
  /** Operations of random walks on each kernel, at least. */
  readonly ops: number;
  readonly kernel?: string;
  readonly only?: 'corpus' | 'walks';
  readonly shrink: boolean;
  readonly rules?: boolean;
}

const MACHINE = 'whole';
/** Calls of one walk, between two resets. */
const WALK = 80;
/** An unbind may wait as long as the kernel sleeps between two looks. */
const CALL_MS = 120_000;
const BOOT_MS = 300_000;
const TOTAL_MS = 4 * 3_600_000;

const expectedFile = (kernel: string): string =>
  fileURLToPath(new URL(`../../../../conformance/targets/kernel/expected-${kernel}.json`, import.meta.url));

export async function kernelLane(options: LaneOptions): Promise<ExitCode> {
  const out = outTo(false);
  const kinds = options.kernel === undefined ? [...KERNELS, ...ARM_KERNELS] : [kernelNamed(options.kernel)];
  return eachKernel(kinds, kind => oneKernel(kind, options, out), out);
}

/** Each kernel is booted in these guests in turn; in the second only what is about interrupts is made. */
const GUESTS: readonly string[] = [MACHINE, 'unremapped'];

const LIMITS = {
  ...TARGET_LIMITS,
  hello: BOOT_MS,
  reset: BOOT_MS,
  call: CALL_MS,
  run: BOOT_MS,
  total: TOTAL_MS,
  restarts: 20,
  shrinks: 60,
};

async function oneKernel(kind: KernelKind, options: LaneOptions, out: Out) {
  const seen: Seen = { boots: 0, resets: 0, resetTime: 0 };
  const results: Campaign[] = [];
  let name = '';
  const guests = kind.guests ?? GUESTS;
  for (const guest of options.only === 'walks' ? guests.slice(0, 1) : guests) {
    const done = await oneGuest(kind, guest, seen, options, out);
    results.push(done.result);
    name = done.name;
  }
  const conforms = results.every(r => r.result === 'conforms');
  return { code: conforms ? EXIT.conforms : EXIT.diverges, line: summary(name, seen, results) };
}

async function oneGuest(
  kind: KernelKind,
  guest: string,
  seen: Seen,
  options: LaneOptions,
  out: Out,
): Promise<{ readonly name: string; readonly result: Campaign }> {
  let whole: Machine | undefined;
  const boot = () => kernelTarget(kind, machineNamed(guest));
  const dial = guestDial(boot, seen, target => {
    whole = target.whole;
  });
  const clock = () => performance.now();
  const session = await Session.open(dial, LAWS, LIMITS, clock, PROFILE);
  try {
    for (const line of introduction(session)) out.say(line);
    const { name } = session.intro.hello;
    const bar = ticker(name);
    const known = readExpectations(readFileSync(expectedFile(kind.name), 'utf8'));
    const first = guest !== GUESTS[1];
    const sections = [
      ...(options.only === 'walks' ? [] : [await corpus(kind, guest, whole!, out)]),
      ...(options.only === 'corpus' || !first ? [] : [walks(kind, guest, whole!, options)]),
      ...(first ? [await defects(kind, whole!, known)] : []),
    ];
    const result = await campaign(session, sections, {
      limits: LIMITS,
      clock,
      unshrunk: !options.shrink,
      expected: new Expected(known, today()),
      progress: (section, runs, calls) => bar.show(`${section}: ${count(runs)} runs, ${count(calls)} calls`),
    });
    bar.done();
    sayCampaign(session, result, reportOptions(options, kind, guest), out);
    return { name, result };
  } finally {
    await session.close();
  }
}

const today = (): string => new Date().toISOString().slice(0, 10);

const policiesOf = (kind: KernelKind): Policies => ({
  ...defaultPolicies<Policies>(lawNamed(LAWS, PROFILE).profile),
  [RELEASE]: kind.release,
});

const isAboutInterrupts = ({ devices, unsafeInterrupts }: Machine): boolean =>
  unsafeInterrupts !== undefined || devices.some(d => d.isolatedMsi === false);

/**
 * The calls of every trace, whatever release it was written for, on those of the guest's devices that stand for its
 * own; of a refused one those up to where it is refused. What comes to the same calls on the same devices is made once.
 */
async function corpus(kind: KernelKind, guest: string, whole: Machine, out: Out): Promise<Section> {
  const scripts: Script[] = [];
  const known = new Set<string>();
  const left = new Map<string, number>();
  for (const named of bundled().traces) {
    if (!('lines' in named)) continue;
    const trace = await readTrace(bytesOf(join(CORPUS, named.name)));
    if (trace.profile.name === PROFILE) {
      const asked = trace.machine as Machine;
      const machine = guest !== GUESTS[1] || isAboutInterrupts(asked) ? moved(asked, whole) : '';
      const ops: AnyOp[] = [];
      const end = trace.header.refused?.event ?? Number.POSITIVE_INFINITY;
      for await (const event of trace.events())
        if (event.n <= end && event.setup !== true) ops.push(event.op as AnyOp);
      if (typeof machine === 'string') left.set(machine, (left.get(machine) ?? 0) + 1);
      else if (known.size !== known.add(canonical({ machine, ops })).size) {
        const calls = ops.map(op => ({ op }));
        scripts.push(scriptOf(named.name, machine, policiesOf(kind), calls));
      }
    }
    await trace.close();
  }
  left.delete('');
  for (const [why, n] of left) out.say(`  left out   ${count(n)} traces of the corpus: ${why}`);
  return { name: 'corpus', open: false, scripts: () => scripts };
}

/** What is known to be wrong with this kernel, shown by the shortest calls: where it is not any more, that is told. */
async function defects(
  kind: KernelKind,
  whole: Machine,
  known: readonly { readonly trace?: string }[],
): Promise<Section> {
  const scripts: Script[] = [];
  for (const { trace: name } of known) {
    if (name === undefined) continue;
    const file = fileURLToPath(
      new URL(
        `../../../../conformance/targets/kernel/defects/${name.replace(/^.*[/]/, '')}.jsonl`,
        import.meta.url,
      ),
    );
    const trace = await readTrace(bytesOf(file));
    const machine = moved(trace.machine as Machine, whole);
    if (typeof machine === 'string') throw new Error(`${name}: ${machine}`);
    const calls: { readonly op: AnyOp }[] = [];
    for await (const event of trace.events()) calls.push({ op: event.op as AnyOp });
    await trace.close();
    scripts.push(scriptOf(name, machine, policiesOf(kind), calls));
  }
  return { name: 'defects', open: false, scripts: () => scripts };
}

/** After this the kernel's driver does not translate for the device beside it, and 6.1 may stop: see the defects. */
const isKnownToBreak = (op: AnyOp, machine: Machine, host: Host): boolean =>
  op.op === 'hot_remove' &&
  sharesItsBus(machine.devices[(op as AnyOp & { device: number }).device]?.name ?? '', host);

/** Walks on each part of the guest in turn, until so many calls are made. */
function walks(kind: KernelKind, guest: string, whole: Machine, { seed, ops }: LaneOptions): Section {
  const parts = partsOf(whole);
  const host = machineNamed(guest).host(kind.release);
  return {
    name: 'walks',
    open: true,
    *scripts() {
      let made = 0;
      for (let number = 0; made < ops; number++) {
        const [named, machine] = parts[number % parts.length]!;
        const script = walkScript({
          profile: lawNamed(LAWS, PROFILE).profile,
          calls: vfioType1Calls as never,
          machine,
          named,
          policies: policiesOf(kind),
          seed,
          number,
          ops: WALK,
          faults: new Set(),
        });
        const next: Script['next'] = state => {
          let call = script.next(state);
          while (call !== undefined && isKnownToBreak(call.op, machine, host)) call = script.next(state);
          if (call !== undefined && OPERATIONS.includes(call.op.op)) made++;
          return call;
        };
        yield { ...script, next };
      }
    },
  };
}

const reportOptions = (options: LaneOptions, kind: KernelKind, guest: string) => ({
  target: `exec:npx iommu-spec target kernel --kernel ${kind.name} --machine ${guest}`,
  policy: [],
  seed: options.seed,
  runs: 0,
  ops: WALK,
  upTo: 0,
  part: 0,
  shrink: true,
  deadline: CALL_MS,
  startup: BOOT_MS / 1000,
  total: TOTAL_MS / 1000,
  restarts: TARGET_LIMITS.restarts,
  ...(options.rules === undefined ? {} : { rules: options.rules }),
});

/** The line that stands for all: what was made, what was met, and what was not as it is to be. */
export function summary(name: string, seen: Seen, results: readonly Campaign[]): string {
  const sum = (of: (s: Campaign['sections'][number]) => number) =>
    results.flatMap(r => r.sections).reduce((n, s) => n + of(s), 0);
  const rules = results.flatMap(r => r.rules);
  const met = new Set(rules.filter(r => r.passed + r.failed > 0).map(r => r.rule));
  const dmas = rules
    .filter(r => r.ops.includes('dma') && r.rule !== 'dma/outside' && r.rule !== 'dma/no-device')
    .reduce((n, r) => n + r.passed + r.failed, 0);
  const findings = results.flatMap(r => r.findings);
  const broken = results.flatMap(r => r.broken);
  const unexpected = findings.reduce((n, f) => n + f.times, broken.length);
  const excused = results.flatMap(r => r.expectations).reduce((n, e) => n + e.times, 0);
  const colour = results.every(r => r.result === 'conforms') ? paint.green : paint.red;
  return colour(
    [
      `${name}: ${count(seen.boots)} ${seen.boots === 1 ? 'boot' : 'boots'}`,
      `${count(sum(s => s.calls))} operations on ${count(sum(s => s.runs - s.cannot))} machines`,
      `${count(dmas)} DMAs`,
      `${met.size} of ${new Set(rules.map(r => r.rule)).size} clauses met`,
      `divergences: ${count(excused)} expected, ${count(unexpected)} unexpected`,
      `a reset took ${Math.round(seen.resetTime / Math.max(1, seen.resets))} ms`,
    ].join(', '),
  );
}
