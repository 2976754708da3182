// Does judging stay linear: what does an event cost with few and with many mappings live?
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Judge, readTrace } from '../conformance/index.js';
import { type AnyOp, defaultPolicies, PROFILES } from '../spec/index.js';
import type { Event } from '../spec/protocol/index.js';
import { growth, rates } from './judge-growth.js';
import { lines } from './recording.js';
import { type Case, type Contender, printRows, type Sample, sideBySide } from './side-by-side.js';

const PAGE = 0x1000n;
const CHURN = 20_000;
const vfio = PROFILES['vfio-2011']!;
const MACHINE = {
  groups: [{ bus: 'pci', id: 1, coherent: true }],
  devices: [{ name: 'a', group: 0, driver: 'vfio' }],
  mms: [{ lockLimit: null }],
  timeout: 0,
};

interface Crowd extends Case {
  readonly live: number;
}

const ok = (n: number, op: AnyOp): Event<AnyOp> => ({ n, op, outcome: { is: 'ok' } });
/** Every other page, so that neighbours never join. */
const map = (n: number, slot: number): Event<AnyOp> => {
  const iova = BigInt(slot) * 2n * PAGE;
  return ok(n, { op: 'map', handle: 1, iova, paddr: iova, size: PAGE, prot: 'rw', mm: 0 } as AnyOp);
};
const unmap = (n: number, slot: number): Event<AnyOp> =>
  ok(n, { op: 'unmap', handle: 1, iova: BigInt(slot) * 2n * PAGE, size: PAGE, mm: 0 } as AnyOp);

/** A crowd of live mappings, then as many unmaps and maps in turn as in every other case. */
function churn(live: number): Sample {
  const judge = new Judge(vfio, MACHINE, defaultPolicies(vfio));
  let n = 0;
  judge.feed(ok(++n, { op: 'open_group', group: 0, as: 0, mm: 0 } as AnyOp));
  judge.feed(ok(++n, { op: 'get_context', handle: 0, as: 1, mm: 0 } as AnyOp));
  for (let slot = 0; slot < live; slot++) judge.feed(map(++n, slot));
  const began = performance.now();
  for (let i = 0; i < CHURN; i++) {
    const slot = (i * 7919) % live;
    judge.feed(unmap(++n, slot));
    judge.feed(map(++n, slot));
  }
  const ns = ((performance.now() - began) * 1e6) / (2 * CHURN);
  return { ns, check: judge.finish().verdict };
}

export async function run(
  print: (line: string) => void,
  options: { readonly rounds: number; readonly quick: boolean },
): Promise<void> {
  print('nanoseconds per event, and against the same with 1,000 live mappings');
  const cases: readonly Crowd[] = (options.quick ? [1e3, 1e4] : [1e3, 1e4, 1e5]).map(live => ({
    name: `${live.toLocaleString('en-US')} live mappings`,
    live,
  }));
  const contenders: readonly Contender<Crowd>[] = [
    { name: 'this many', measure: ({ live }) => churn(live) },
    { name: '1,000', measure: () => churn(1e3) },
  ];
  printRows(
    print,
    contenders.map(c => c.name),
    await sideBySide(cases, contenders, options.rounds),
  );
  growth(print, options.quick);
  await rates(print, options.quick);
  await (options.quick ? alongOne(print, 50_000, 5000) : alongOne(print, 1_000_000, 100_000));
}

/** One long recording, as a file would be read: what an event costs in each tenth of it, and what memory is held after it. */
async function alongOne(print: (line: string) => void, operations: number, live: number): Promise<void> {
  const trace = await readTrace(Readable.from(batched(lines({ operations, live }))));
  const judge = new Judge(trace.profile, trace.machine, trace.policies);
  const tenth = operations / 10;
  print('');
  print(
    `one recording of ${operations.toLocaleString('en-US')} operations, ${live.toLocaleString('en-US')} mappings live`,
  );
  print('tenth  operations/s  MiB held');
  let began = performance.now();
  let seen = 0;
  for await (const event of trace.events()) {
    const verdict = judge.feed(event);
    if (verdict !== undefined) throw new Error(`the recording does not conform: ${verdict.verdict}`);
    if (++seen % tenth !== 0) continue;
    const rate = (tenth * 1000) / (performance.now() - began);
    collect();
    const heap = process.memoryUsage().heapUsed / 2 ** 20;
    print(
      `${String(seen / tenth).padStart(5)}  ${rate.toFixed(0).padStart(12)}  ${heap.toFixed(0).padStart(8)}`,
    );
    began = performance.now();
  }
  print(`verdict: ${judge.finish().verdict}; writing the recording is part of the time`);
}

/** Throws away what nobody holds, so that what is left is what the judge needs. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Lines in blocks, as a file gives them. */
function* batched(all: Iterable<string>): Generator<string> {
  let block = '';
  for (const line of all) {
    block += line;
    if (block.length < 1 << 16) continue;
    yield block;
    block = '';
  }
  yield block;
}
