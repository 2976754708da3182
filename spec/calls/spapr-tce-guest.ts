// Which calls does a guest make on its windows in a random walk of spapr-tce, and on which machines?
import type { Machine } from '../protocol/spapr-tce.js';
import { liobnOf } from '../spapr-tce/pages.js';
import type { Op, Setup, State } from '../spapr-tce/state.js';
import type { Arm } from './calls.js';
import type { Digits } from './digits.js';

type Guest = NonNullable<Machine['guest']>;
type Bridge = Guest['bridges'][number];
type GuestOp = Extract<
  Op['op'],
  | 'h_put_tce'
  | 'h_put_tce_indirect'
  | 'h_stuff_tce'
  | 'h_get_tce'
  | 'ddw_query'
  | 'ddw_create'
  | 'ddw_remove'
  | 'ddw_reset'
  | 'guest_dma'
>;

const PAGE = 4096n;
const END = 1n << 64n;
/** Numbers of windows that no bridge has, and one of more than 32 bits. */
const NOBODYS = [0n, 0x8000_0002n, 0x8000_ff00n, 0x1_8000_0000n] as const;
/** Entries of 512 fill the page that a list may have. */
const LIST = 512n;

interface Seen {
  readonly liobn: bigint;
  readonly start: bigint;
  readonly shift: number;
  readonly size: bigint;
  readonly row: number;
}

/** The windows that the firmware has made. */
const windowsOf = (s: State): readonly Seen[] =>
  s.windows.flatMap((w, row) =>
    w.kind === 'free'
      ? []
      : [
          {
            liobn: w.liobn,
            start: BigInt(w.offset) << BigInt(w.shift),
            shift: w.shift,
            size: BigInt(w.size),
            row,
          },
        ],
  );

/** Mostly a window that is there; else one that only could be, or nobody's. */
function aWindow(d: Digits, s: State): Seen {
  const there = windowsOf(s);
  if (there.length > 0 && !d.rarely(12)) return d.of(there);
  const liobn = d.next(2) === 0 ? liobnOf(d.next(2), d.next(2)) : d.of(NOBODYS);
  return { liobn, start: 0n, shift: 12, size: 4n, row: -1 };
}

/** Which page of a window: at its ends, near its start, anywhere, or beside it. */
function anIndex(d: Digits, w: Seen): bigint {
  const near = [0n, 1n, 2n, 3n, 5n, w.size - 1n, w.size - 2n, w.size / 2n];
  if (d.rarely(10)) return d.of([w.size, w.size + 1n, -1n, 1n << 40n]);
  return near[d.next(near.length)]!;
}

const addressOf = (w: Seen, index: bigint, within = 0n): bigint =>
  BigInt.asUintN(64, w.start + (index << BigInt(w.shift)) + within);

/** Mostly the start of a page. */
function withinPage(d: Digits, w: Seen): bigint {
  const last = (1n << BigInt(w.shift)) - 1n;
  return d.rarely(6) ? d.of([1n, 8n, last, last / 2n, 0x800n]) & last : 0n;
}

const memoryOf = (m: Machine): bigint => m.guest!.slots[0]?.size ?? PAGE;

/** A value: a page of memory with a permission, nothing, poison, or what no memory is behind. */
function aTce(d: Digits, m: Machine, w: Seen): bigint {
  if (d.rarely(12)) return d.of([0n, 0xffff_ffff_ffff_fffcn, 0x8000_0000_0000_0003n, 0xffcn, 7n]);
  const pages = [0x20n, 0x21n, 0x22n, 0x100n, (memoryOf(m) >> 13n) + 3n];
  const page = d.of(pages) << 12n;
  const aligned = d.rarely(4) ? page : (page >> BigInt(w.shift)) << BigInt(w.shift);
  return aligned | d.of([3n, 3n, 1n, 2n, 0n]);
}

/** How many entries a batch has; of a large window never so many that they take a while. */
function aCount(d: Digits, w: Seen, index: bigint): bigint {
  const left = w.size > index && index >= 0n ? w.size - index : 1n;
  const counts = [1n, 2n, 3n, left, left + 1n, 0n, LIST, LIST + 1n, w.size, w.size + 1n];
  const count = d.of(d.rarely(3) ? counts : counts.slice(0, 3));
  return count > 1n << 18n && count <= w.size ? LIST : count;
}

const bridgesOf = (m: Machine): readonly Bridge[] => m.guest!.bridges;

const aBuid = (d: Digits, m: Machine): bigint =>
  d.rarely(16) ? d.of([0n, 0x800_0000_2000_0040n]) : d.of(bridgesOf(m)).buid;

const bitsOf = (mask: bigint): readonly number[] =>
  Array.from({ length: 64 }, (_, bit) => bit).filter(bit => ((mask >> BigInt(bit)) & 1n) === 1n);

const wrongly = (d: Digits): { readonly args?: 'wrong' } => (d.rarely(24) ? { args: 'wrong' } : {});

function putTce(d: Digits, s: State, m: Machine): Extract<Op, { op: 'h_put_tce' }> {
  const w = aWindow(d, s);
  const index = anIndex(d, w);
  return { op: 'h_put_tce', liobn: w.liobn, ioba: addressOf(w, index, withinPage(d, w)), tce: aTce(d, m, w) };
}

function getTce(d: Digits, s: State): Extract<Op, { op: 'h_get_tce' }> {
  const w = aWindow(d, s);
  return { op: 'h_get_tce', liobn: w.liobn, ioba: addressOf(w, anIndex(d, w), withinPage(d, w)) };
}

function stuffTce(d: Digits, s: State, m: Machine): Extract<Op, { op: 'h_stuff_tce' }> {
  const w = aWindow(d, s);
  const index = anIndex(d, w);
  const [ioba, count] = [addressOf(w, index, withinPage(d, w)), aCount(d, w, index)];
  return { op: 'h_stuff_tce', liobn: w.liobn, ioba, tce: d.rarely(4) ? 0n : aTce(d, m, w), count };
}

/** Lists lie in the second MiB; some of them not at the start of a page. */
function indirect(d: Digits, s: State, m: Machine): Extract<Op, { op: 'h_put_tce_indirect' }> {
  const w = aWindow(d, s);
  const index = anIndex(d, w);
  const list = 0x10_0000n + PAGE * BigInt(d.next(3)) + (d.rarely(12) ? 8n : 0n);
  const ioba = addressOf(w, index, withinPage(d, w));
  const count = d.rarely(12) ? d.of([0n, LIST, LIST + 1n, 1n << 40n]) : 1n + BigInt(d.next(4));
  const first = aTce(d, m, w);
  const step = d.next(2) === 0 ? 0n : 1n << BigInt(w.shift);
  const read = Number(count < LIST ? count : LIST);
  const tces = Array.from({ length: read }, (_, i) => BigInt.asUintN(64, first + step * BigInt(i)));
  return { op: 'h_put_tce_indirect', liobn: w.liobn, ioba, list, count, tces };
}

const query = (d: Digits, _: State, m: Machine): Extract<Op, { op: 'ddw_query' }> => ({
  op: 'ddw_query',
  buid: aBuid(d, m),
  outputs: d.rarely(8) ? d.of([0, 4, 7]) : 5 + d.next(2),
  ...wrongly(d),
});

/** Windows of few pages, so that they can be read back; large ones; and sizes on the border of what can be. */
function create(d: Digits, _: State, m: Machine): Extract<Op, { op: 'ddw_create' }> {
  const bridge = d.of(bridgesOf(m));
  const sizes = bitsOf(bridge.pageSizes);
  const shift = d.rarely(12) || sizes.length === 0 ? d.of([0, 11, 13, 40, 63, 64]) : d.of(sizes);
  const usual = [shift, shift + 1, shift + 2, shift + 3, shift + 4, shift + 8, shift + 18];
  const odd = [shift - 1, shift + 31, shift + 32, shift + 38, 63, 64, 65, shift + 64];
  const window = Math.max(0, d.rarely(24) ? d.of(odd) : d.of(usual));
  return { op: 'ddw_create', buid: d.rarely(16) ? 1n : bridge.buid, shift, window, ...wrongly(d) };
}

const remove = (d: Digits, s: State): Extract<Op, { op: 'ddw_remove' }> => ({
  op: 'ddw_remove',
  liobn: aWindow(d, s).liobn,
  ...wrongly(d),
});

const reset = (d: Digits, _: State, m: Machine): Extract<Op, { op: 'ddw_reset' }> => ({
  op: 'ddw_reset',
  buid: aBuid(d, m),
  ...wrongly(d),
});

/** Mostly where something was put. */
function dma(d: Digits, s: State): Extract<Op, { op: 'guest_dma' }> {
  const w = aWindow(d, s);
  const live: bigint[] = [];
  if (w.row >= 0)
    s.shadow[w.row]!.reduce((list, _, index) => {
      if (list.length < 8) list.push(BigInt(index));
      return list;
    }, live);
  const index = live.length > 0 && !d.rarely(4) ? d.of(live) : anIndex(d, w);
  const within = d.of([0n, 8n, 0x234n, 0xffen, 0xfffn, (1n << BigInt(w.shift)) - 1n]);
  const ioba = addressOf(w, index, within & ((1n << BigInt(w.shift)) - 1n));
  return { op: 'guest_dma', liobn: w.liobn, ioba, access: d.next(2) === 0 ? 'read' : 'write' };
}

/** What a guest does with its windows. The machine must have one, with a bridge. */
export const GUEST_ARMS: { readonly [K in GuestOp]: Arm<Setup, State, Op, K> } = {
  h_put_tce: { weight: 28, make: putTce },
  h_put_tce_indirect: { weight: 9, make: indirect },
  h_stuff_tce: { weight: 8, make: stuffTce },
  h_get_tce: { weight: 10, make: getTce },
  ddw_query: { weight: 4, make: query },
  ddw_create: { weight: 9, make: create },
  ddw_remove: { weight: 5, make: remove },
  ddw_reset: { weight: 1, make: reset },
  guest_dma: { weight: 26, make: dma },
};

/** Page sizes of a bridge: QEMU's own, one only, without 4 KiB, up to 16 GiB, and one that LoPAR has no bit for. */
const MASKS = [0x121_1000n, 0x1000n, 0x1_1000n, 0x101_0000n, 0x4_4001_1000n, 0x3000n] as const;
const LOWS = [0x4000n, 0x1_0000n, 0x1000n, 0x4000_0000n, 0x4000_0000n, 0x8000_0000n, 0x3000n] as const;
const MEMORIES = [1n << 28n, 1n << 29n, 3n << 28n, 1n << 30n] as const;

function aBridge(d: Digits, at: number): Bridge {
  const pageSizes = d.of(MASKS);
  const highest = bitsOf(pageSizes).at(-1)!;
  const aligned = (value: bigint): bigint => (value >> BigInt(highest)) << BigInt(highest);
  const high = d.of([1n << 59n, 1n << 59n, 0x2000_0000n, END - (1n << 36n), 1n << 42n]);
  const low = d.of([0n, 0n, 0n, 0x8000_0000n, 1n << 40n]);
  return {
    buid: 0x800_0000_2000_0000n + BigInt(at),
    low: { start: aligned(low), size: d.of(LOWS) },
    high: aligned(high),
    pageSizes,
    ddw: !d.rarely(8),
  };
}

/** A pseries machine for a guest: one or two bridges, the same digits the same machine. */
export function aPseries(d: Digits): Machine {
  const size = d.of(MEMORIES);
  const bridges = Array.from({ length: d.rarely(2) ? 2 : 1 }, (_, at) => aBridge(d, at));
  return {
    platform: 'pseries',
    pageShift: 16,
    bypass: 0n,
    bridges: [],
    groups: [],
    devices: [],
    mms: [{ lockLimit: null }],
    memory: [],
    guest: { mm: 0, slots: [{ gpa: 0n, ua: 0x1000_0000n, size }], bridges },
  };
}
