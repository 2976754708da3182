// What does an event cost among few and among many devices and mappings, and how many lines are judged in a second?
import { cpuUsage } from 'node:process';
import { FtraceImporter } from '../conformance/ftrace/import.js';
import { Judge, LIMITS, linesOf, readTrace } from '../conformance/index.js';
import { type AnyOp, defaultPolicies, PROFILES } from '../spec/index.js';
import type { Policies } from '../spec/law/clause.js';
import type { Event } from '../spec/protocol/index.js';
import { kernelLines } from './kernel-lines.js';
import { lines } from './recording.js';

type Print = (line: string) => void;
type AnyJudge = Pick<Judge<unknown, AnyOp, Policies, unknown>, 'feed' | 'finish'>;

/** Seconds of processor time, which another program beside this one changes little. */
const spent = (): number => (cpuUsage().user + cpuUsage().system) / 1e6;

const ok = (n: number, op: object, state?: object): Event<AnyOp> =>
  ({ n, op, outcome: { is: 'ok' }, ...(state === undefined ? {} : { state }) }) as Event<AnyOp>;

const PAGE = 0x1000n;

/** What is done so many times, and its events. */
interface Growth {
  readonly name: string;
  readonly profile: string;
  readonly machine: object;
  readonly before: (n: number) => Iterable<object>;
  readonly measured: (n: number) => Iterable<object>;
  /** What every measured event also shows of the state. */
  readonly state?: (n: number) => object;
}

const LINUX = { mode: 'strict', tags: false, queue: false, dma: false };
const device = (n: number) => ({ device: `0000:${n.toString(16)}:00.0` });
const task = (n: number) => ({ task: `user-${n}` });
const each = (n: number, make: (at: number) => readonly object[]): Iterable<object> =>
  Array.from({ length: n }, (_, at) => make(at)).flat();

const attaches = (n: number) =>
  each(n, at => [
    { op: 'add_device_to_group', group: at, ...device(at) },
    { op: 'attach_device_to_domain', ...device(at), ...task(at) },
  ]);
const maps = (n: number) =>
  each(n, at => [{ op: 'map', iova: PAGE, paddr: BigInt(at) * PAGE, size: PAGE, ...task(at) }]);
const unmaps = (n: number) =>
  each(n, at => [{ op: 'unmap', iova: PAGE, size: PAGE, unmapped: PAGE, ...task(at) }]);

const CORE = {
  instances: [
    {
      driver: 'vtd',
      blocked: true,
      identity: true,
      pageSizes: PAGE,
      iovaBits: 48,
      coherent: true,
      enforces: false,
      dirty: false,
      msi: true,
      pasids: 0,
      aux: false,
    },
  ],
  groups: 1,
  devices: [
    {
      name: 'nic',
      bus: 0,
      instance: 0,
      group: 0,
      rid: 8,
      aliases: [],
      pasids: 0,
      direct: false,
      deferred: false,
      wants: 'any',
      parent: null,
    },
  ],
  defaultType: 'dma',
  mms: 0,
};
const VFIO = {
  groups: [{ bus: 'pci', id: 1, coherent: true }],
  devices: [{ name: 'a', group: 0, driver: 'vfio' }],
  mms: [{ lockLimit: null }],
  timeout: 0,
};
/** Every other page, so that neighbours never join. */
const at = (n: number) => ({ iova: BigInt(n) * 2n * PAGE, paddr: BigInt(n) * PAGE, size: PAGE });

const GROWTHS: readonly Growth[] = [
  {
    name: 'linux-dma: n devices join and attach',
    profile: 'linux-dma',
    machine: LINUX,
    before: () => [],
    measured: attaches,
  },
  {
    name: 'linux-dma: n devices map one page',
    profile: 'linux-dma',
    machine: LINUX,
    before: attaches,
    measured: maps,
  },
  {
    name: 'linux-dma: they unmap it',
    profile: 'linux-dma',
    machine: LINUX,
    before: n => [...attaches(n), ...maps(n)],
    measured: unmaps,
  },
  {
    name: 'linux-dma: map, state on every event',
    profile: 'linux-dma',
    machine: LINUX,
    before: attaches,
    measured: maps,
    state: n => ({ mappedPages: n + 1 }),
  },
  {
    name: 'iommu-core: n maps, state on every event',
    profile: 'iommu-core',
    machine: CORE,
    before: () => [
      { op: 'probe', device: 0 },
      { op: 'alloc_by_device', device: 0, as: 1 },
    ],
    measured: n => each(n, i => [{ op: 'map', domain: 1, ...at(i) }]),
    state: () => ({ devices: [{ member: true, domain: 'default' }], groups: [{ refs: 1 }] }),
  },
  {
    name: 'vfio-2011: n maps, state on every event',
    profile: 'vfio-2011',
    machine: VFIO,
    before: () => [
      { op: 'open_group', group: 0, as: 0, mm: 0 },
      { op: 'get_context', handle: 0, as: 1, mm: 0 },
    ],
    measured: n => each(n, i => [{ op: 'map', handle: 1, ...at(i), prot: 'rw', mm: 0 }]),
    state: () => ({ groups: [{ refs: 1 }], handles: { 1: { kind: 'context' } } }),
  },
];

/** Microseconds of each measured event. */
function measured(growth: Growth, n: number): number {
  const profile = PROFILES[growth.profile]!;
  const judge = new Judge(profile, growth.machine, defaultPolicies(profile));
  let events = 0;
  const feed = (op: object, state?: object): void => {
    const verdict = judge.feed(ok(++events, op, state));
    if (verdict !== undefined) throw new Error(`${growth.name} at event ${events}: ${verdict.verdict}`);
  };
  for (const op of growth.before(n)) feed(op);
  const ops = [...growth.measured(n)];
  const began = spent();
  for (const [i, op] of ops.entries()) feed(op, growth.state?.(i));
  return ((spent() - began) * 1e6) / ops.length;
}

/** Microseconds of processor time for an event, by how many there are: the columns say the same where judging is linear. */
export function growth(print: Print, quick: boolean): void {
  const sizes = quick ? [100, 1000] : [1000, 10_000, 100_000];
  print('');
  print('microseconds of processor time per event, with so many devices or mappings');
  print(`${''.padEnd(41)}${sizes.map(n => n.toLocaleString('en-US').padStart(9)).join('')}`);
  for (const each of GROWTHS) {
    const costs = sizes.map(n => measured(each, n).toFixed(1).padStart(9));
    print(`${each.name.padEnd(41)}${costs.join('')}`);
  }
}

/** How many events a second are read, and judged, of a kernel's trace file and of our own format. */
export async function rates(print: Print, quick: boolean): Promise<void> {
  const events = quick ? 20_000 : 300_000;
  print('');
  print(`events a second of processor time, ${events.toLocaleString('en-US')} events`);
  print(`${''.padEnd(24)}${['read', 'judged', 'both'].map(s => s.padStart(10)).join('')}`);
  const row = (name: string, n: number, read: number, judged: number): void =>
    print(
      `${name.padEnd(24)}${[read, judged, read + judged].map(s => (n / s).toFixed(0).padStart(10)).join('')}`,
    );
  row('ftrace', ...(await ofKernel(blocks(kernelLines(events)))));
  row('trace', ...(await ofTrace(blocks(lines({ operations: events, live: 1000 })))));
}

/** The whole text first, so that making it is no part of the time. */
const blocks = (all: Iterable<string>): readonly Uint8Array[] => {
  const bytes = Buffer.from([...all].join(''));
  const piece = 1 << 16;
  return Array.from({ length: Math.ceil(bytes.length / piece) }, (_, n) =>
    bytes.subarray(n * piece, (n + 1) * piece),
  );
};

type Times = readonly [events: number, read: number, judged: number];

async function ofKernel(text: readonly Uint8Array[]): Promise<Times> {
  const importer = new FtraceImporter();
  const read: Event<AnyOp>[] = [];
  const began = spent();
  for await (const line of linesOf(text, LIMITS)) {
    const event = importer.take(line);
    if (event !== undefined) read.push(event);
  }
  const then = spent();
  judgeAll(
    new Judge(PROFILES['linux-dma']!, importer.machine(), defaultPolicies(PROFILES['linux-dma']!)),
    read,
  );
  return [read.length, then - began, spent() - then];
}

async function ofTrace(text: readonly Uint8Array[]): Promise<Times> {
  const began = spent();
  const trace = await readTrace(text);
  const read: Event<AnyOp>[] = [];
  for await (const event of trace.events()) read.push(event);
  const then = spent();
  judgeAll(new Judge(trace.profile, trace.machine, trace.policies), read);
  return [read.length, then - began, spent() - then];
}

function judgeAll(judge: AnyJudge, events: readonly Event<AnyOp>[]): void {
  for (const event of events) {
    const verdict = judge.feed(event);
    if (verdict !== undefined) throw new Error(`event ${event.n}: ${verdict.verdict}`);
  }
  const { verdict } = judge.finish();
  if (verdict !== 'conforms') throw new Error(verdict);
}
