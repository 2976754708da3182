// How is each operation of a guest made on a running pseries machine, and what did it answer?
import type { Observed } from '../../../spec/protocol/observed.js';
import type { Op } from '../../../spec/protocol/spapr-tce.js';
import { cell64 } from './bytes.js';
import { accessAt } from './dma.js';
import {
  H_GET_TCE,
  H_PUT_TCE,
  H_PUT_TCE_INDIRECT,
  H_STUFF_TCE,
  hypercall,
  hypercallCode,
} from './hypercall.js';
import { bridgeOf, type Pseries } from './pseries.js';
import { rtas, rtasStatus } from './rtas.js';

type Named<K extends Op['op']> = Extract<Op, { op: K }>;

/** What came of a call, and which windows it may have touched. */
export interface Made {
  readonly outcome: Observed;
  readonly touched: readonly bigint[];
}

const NOTHING: Made = { outcome: { is: 'not-implemented' }, touched: [] };

export const OPERATIONS = [
  'h_put_tce',
  'h_put_tce_indirect',
  'h_stuff_tce',
  'h_get_tce',
  'ddw_query',
  'ddw_create',
  'ddw_remove',
  'ddw_reset',
  'guest_dma',
] as const satisfies readonly Op['op'][];

export function make(m: Pseries, op: Op): Promise<Made> {
  switch (op.op) {
    case 'h_put_tce':
      return hypercalled(m, H_PUT_TCE, op.liobn, [op.liobn, op.ioba, op.tce]);
    case 'h_put_tce_indirect':
      return indirect(m, op);
    case 'h_stuff_tce':
      return hypercalled(m, H_STUFF_TCE, op.liobn, [op.liobn, op.ioba, op.tce, op.count]);
    case 'h_get_tce':
      return got(m, op);
    case 'ddw_query':
      return query(m, op);
    case 'ddw_create':
      return create(m, op);
    case 'ddw_remove':
      return remove(m, op);
    case 'ddw_reset':
      return reset(m, op);
    case 'guest_dma':
      return guestDma(m, op);
    default:
      return Promise.resolve(NOTHING);
  }
}

async function hypercalled(
  m: Pseries,
  number: bigint,
  liobn: bigint,
  args: readonly bigint[],
): Promise<Made> {
  const { code } = await hypercall(m.host, m.layout, number, ...args);
  return { outcome: answered(code), touched: [liobn] };
}

const answered = (code: bigint): Observed =>
  code === 0n ? { is: 'ok' } : { is: 'refused', errno: hypercallCode(code) };

async function got(m: Pseries, op: Named<'h_get_tce'>): Promise<Made> {
  const { code, value } = await hypercall(m.host, m.layout, H_GET_TCE, op.liobn, op.ioba);
  const outcome = code === 0n ? ({ is: 'ok', tce: value } as const) : answered(code);
  return { outcome, touched: [] };
}

const LONGEST_LIST = 512n;

/**
 * The list is written where the call says that it is. A list that cannot stand there is no call that this machine can
 * make, unless it is refused before anybody reads it, or is one of zeros where there is no memory, which reads as 0.
 */
async function indirect(m: Pseries, op: Named<'h_put_tce_indirect'>): Promise<Made> {
  const bytes = BigInt(8 * op.tces.length);
  if (m.isFree(op.list, bytes)) await m.write(op.list, op.tces.map(cell64).join(''));
  else {
    const unread = op.count > LONGEST_LIST || (op.list & 0xfffn) !== 0n;
    const empty = op.list >= m.memory && op.tces.every(tce => tce === 0n);
    if (!unread && !empty) return NOTHING;
  }
  return hypercalled(m, H_PUT_TCE_INDIRECT, op.liobn, [op.liobn, op.ioba, op.list, op.count]);
}

const served = (status: number): Observed =>
  status === 0 ? { is: 'ok' } : { is: 'refused', errno: rtasStatus(status) };

/** Configuration address of the endpoint, which QEMU does not look at, and the two halves of a BUID. */
const endpoint = (buid: bigint): readonly bigint[] => [0n, buid >> 32n, buid & 0xffff_ffffn];
/** One input too many, where a call is to have a wrong number of them. */
const wrong = (op: { readonly args?: 'wrong' }): readonly bigint[] => (op.args === undefined ? [] : [0n]);

async function query(m: Pseries, op: Named<'ddw_query'>): Promise<Made> {
  const inputs = [...endpoint(op.buid), ...wrong(op)];
  const { status, outputs } = await rtas(m.host, m.layout, 'ibm,query-pe-dma-window', inputs, op.outputs);
  if (status !== 0) return { outcome: served(status), touched: [] };
  const [windows, ...rest] = outputs.map(BigInt);
  const wide = op.outputs === 6;
  const largest = wide ? (rest[0]! << 32n) | rest[1]! : rest[0]!;
  const pageSizes = rest[wide ? 2 : 1]!;
  return { outcome: { is: 'ok', windows: Number(windows), largest, pageSizes }, touched: [] };
}

async function create(m: Pseries, op: Named<'ddw_create'>): Promise<Made> {
  const inputs = [...endpoint(op.buid), BigInt(op.shift), BigInt(op.window), ...wrong(op)];
  const { status, outputs } = await rtas(m.host, m.layout, 'ibm,create-pe-dma-window', inputs, 4);
  if (status !== 0) {
    await m.look();
    return { outcome: served(status), touched: onBridge(m, op.buid) };
  }
  const [liobn, high, low] = outputs.map(BigInt);
  m.made(liobn!, op.shift);
  await m.look();
  const start = (high! << 32n) | low!;
  return { outcome: { is: 'ok', liobn: liobn!, start }, touched: onBridge(m, op.buid) };
}

/** The firmware takes numbers of 32 bits; it cannot be told of any other. */
async function remove(m: Pseries, op: Named<'ddw_remove'>): Promise<Made> {
  if (op.liobn >> 32n !== 0n) return NOTHING;
  const inputs = [op.liobn, ...wrong(op)];
  const { status } = await rtas(m.host, m.layout, 'ibm,remove-pe-dma-window', inputs, 1);
  if (status === 0) m.gone(op.liobn);
  await m.look();
  return { outcome: served(status), touched: numbersOf(m, bridgeOf(op.liobn)) };
}

async function reset(m: Pseries, op: Named<'ddw_reset'>): Promise<Made> {
  const inputs = [...endpoint(op.buid), ...wrong(op)];
  const { status } = await rtas(m.host, m.layout, 'ibm,reset-pe-dma-window', inputs, 1);
  if (status === 0) for (const liobn of onBridge(m, op.buid)) m.gone(liobn);
  await m.look();
  return { outcome: served(status), touched: onBridge(m, op.buid) };
}

/** Both numbers of a bridge, whether there are windows of them or not. */
const numbersOf = (m: Pseries, bridge: number): readonly bigint[] =>
  bridge < m.bridges.length ? [0n, 1n].map(slot => 0x8000_0000n | (BigInt(bridge) << 8n) | slot) : [];

const onBridge = (m: Pseries, buid: bigint): readonly bigint[] => {
  const bridge = m.bridges.findIndex(b => b.buid === buid);
  return bridge < 0 ? [] : numbersOf(m, bridge);
};

/**
 * A device names no window, but an address; so the access is made at that address, and is one through the window if
 * that window answers it. Where another one does, nothing is seen of the window that is meant. Nobody can use a
 * window that QEMU does not have.
 */
async function guestDma(m: Pseries, op: Named<'guest_dma'>): Promise<Made> {
  const w = m.windowNumbered(op.liobn);
  if (w === undefined) return { outcome: { is: 'refused', errno: 'ENODEV' }, touched: [] };
  const { outcome, liobn } = await accessAt(m, w.bridge, op.access, op.ioba);
  const another = liobn !== undefined && liobn !== op.liobn;
  return { outcome: another ? { is: 'unobserved' } : outcome, touched: [] };
}
