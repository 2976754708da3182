// Does judging stay linear: what does an event cost with few and with many mappings live?
import { Judge } from '../conformance/index.js';
import { type AnyOp, defaultPolicies, PROFILES } from '../spec/index.js';
import type { Event } from '../spec/protocol/index.js';
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
}
