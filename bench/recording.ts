// What does a long recording look like: many mappings live, and most of what a user does to them?
import { LAWS, traceLines } from '../conformance/index.js';
import type { AnyOp } from '../spec/index.js';
import type { Event } from '../spec/protocol/index.js';

export interface Length {
  readonly operations: number;
  /** Mappings that live once the crowd has gathered. */
  readonly live: number;
}

const PAGE = 0x1000n;
const SLACK = 1000;

/** The machine of the recording: one device, and an account with room for hardly more than the crowd. */
const machine = (live: number) => ({
  groups: [{ bus: 'pci', id: 1, coherent: true }],
  devices: [{ name: 'a', group: 0, driver: 'vfio' }],
  mms: [{ lockLimit: live + SLACK }],
  timeout: 0,
});

const at = (slot: number): bigint => BigInt(slot) * 2n * PAGE;
const done = { is: 'ok' } as const;
const map = (slot: number): AnyOp =>
  ({ op: 'map', handle: 1, iova: at(slot), paddr: at(slot), size: PAGE, prot: 'rw', mm: 0 }) as AnyOp;
const unmap = (slot: number): AnyOp =>
  ({ op: 'unmap', handle: 1, iova: at(slot), size: PAGE, mm: 0 }) as AnyOp;
const dma = (slot: number): AnyOp => ({ op: 'dma', device: 0, iova: at(slot), access: 'read' }) as AnyOp;

/**
 * The crowd gathers, every other page, so that neighbours never join. Then in turns: one goes and comes
 * back, the device reads through another, and a third is asked for again and refused.
 */
export function* events({ operations, live }: Length): Generator<Event<AnyOp>> {
  let n = 0;
  const next = (op: AnyOp, outcome: Event<AnyOp>['outcome'] = done): Event<AnyOp> => ({
    n: ++n,
    op,
    outcome,
  });
  yield next({ op: 'open_group', group: 0, as: 0, mm: 0 } as AnyOp);
  yield next({ op: 'get_context', handle: 0, as: 1, mm: 0 } as AnyOp);
  yield next({ op: 'get_device', handle: 0, device: 0, as: 2, mm: 0 } as AnyOp);
  for (let slot = 0; slot < live && n < operations; slot++) yield next(map(slot));
  for (let turn = 0; n < operations; turn++) {
    const slot = (turn * 7919) % live;
    const other = (turn * 104_729 + 1) % live;
    const through: AnyOp = dma(other);
    const four: readonly Event<AnyOp>[] = [
      next(unmap(slot)),
      next(map(slot)),
      next(through, { is: 'ok', paddr: at(other) } as Event<AnyOp>['outcome']),
      next(map(other), { is: 'refused', errno: 'EBUSY' }),
    ];
    for (const event of four) if (event.n <= operations) yield event;
  }
}

/** The same as lines of a recording. */
export const lines = (length: Length): Generator<string> =>
  traceLines(
    {
      profile: 'vfio-2011',
      producer: 'synthetic',
      events: length.operations,
      machine: machine(length.live),
    } as Parameters<typeof traceLines>[0],
    events(length),
    LAWS,
  );
