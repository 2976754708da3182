// In which finite machines are the guests of spapr-tce explored, and how many states has each?
import type { Op, Setup } from '../../spec/spapr-tce/state.js';
import { GROUP, GUEST, MACHINE, PAIR, type TceWorld, world } from './spapr-tce-machines.js';
import {
  attach,
  claim,
  close,
  createWindow,
  detach,
  dma,
  get,
  guestDma,
  HIGH,
  kvmAttach,
  kvmClose,
  kvmCreate,
  kvmRelease,
  MEMORY_A,
  MEMORY_B,
  map,
  open,
  PAGE,
  put,
  putList,
  register,
  release,
  removeWindow,
  stuff,
  unmap,
  unregister,
} from './spapr-tce-ops.js';

const L = 0x100n;
const H = 0x101n;
const SMALL = { ...GROUP, window: { start: 0n, size: PAGE } };
const READ = 1n;
const WRITE = 2n;
const BOTH = READ | WRITE;
const POISON = 0xdead000n;
/** A guest address outside guest memory. */
const NOWHERE = 0x7000n;
const LAST = (1n << 64n) - PAGE;
const MANY = Array.from({ length: 512 }, () => 0n);

/** Hypercalls with entries and ranges that are right, on a window of two pages at 0. */
const calls: TceWorld['ops'] = [
  put(L, 0n, 0n | BOTH),
  put(L, PAGE, PAGE | READ),
  put(L, 0n, POISON),
  putList(L, 0n, [PAGE | BOTH, 0n]),
  putList(L, 0n, [0n | BOTH, PAGE | READ]),
  stuff(L, 0n, 0n, 2n),
];

const shared: Omit<Parameters<typeof world>[0], 'name' | 'says'> = {
  machine: { ...PAIR, guest: GUEST },
  ops: [
    ...[0, 1].flatMap(g => [claim(g), release(g), attach(0, g), kvmAttach(L, g)]),
    detach(0, 0),
    kvmRelease(0),
    open(0),
    close(0),
    ...[MEMORY_A, MEMORY_B].flatMap(ua => [register(0, ua), unregister(0, ua)]),
    map(0, 0n, MEMORY_B),
    unmap(0, 0n, 2n),
    removeWindow(0, 0n),
    kvmCreate(L, 0n, 2n),
    kvmClose(L),
    ...calls,
    dma(1, PAGE),
  ],
};

/** Every check of every hypercall, on a window of two pages at the end of the addresses. */
const checks = (liobn: bigint, first: bigint, second: bigint, third: bigint): TceWorld['ops'] => [
  ...[liobn, 0x666n].flatMap(at => [
    put(at, first, 0n),
    putList(at, first, [0n]),
    stuff(at, first, 0n, 1n),
    get(at, first),
    guestDma(at, first),
  ]),
  put(liobn, second, WRITE),
  put(liobn, second, POISON),
  put(liobn, second + 8n, READ),
  put(liobn, third, 0n),
  put(liobn, second, NOWHERE | READ),
  put(liobn, second, 0x800n | READ),
  get(liobn, second),
  get(liobn, second + 8n),
  get(liobn, third),
  guestDma(liobn, second + 8n),
  guestDma(liobn, second, 'write'),
  guestDma(liobn, third),
  putList(liobn, first, [READ, PAGE | WRITE]),
  putList(liobn, second, [READ, READ]),
  putList(liobn, first, [READ, POISON]),
  putList(liobn, first, [READ, NOWHERE | READ]),
  putList(liobn, first, []),
  putList(liobn, first, MANY, 0n, 513n),
  putList(liobn, first, [READ], 8n),
  putList(liobn, first, [READ], NOWHERE),
  putList(liobn, third, [READ]),
  putList(liobn, first, MANY, 0n, (1n << 64n) - 1n),
  putList((1n << 64n) - 1n, first, [READ]),
  stuff(liobn, first, POISON, 2n),
  stuff(liobn, first, READ, 1n),
  stuff(liobn, first, NOWHERE | READ, 1n),
  stuff(liobn, second, 0n, 2n),
  stuff(liobn, second + 8n, POISON, 1n),
  stuff(liobn, third, 0n, 1n),
  stuff(liobn, first, 0n, 0n),
  stuff(liobn, first, 0n, 513n),
  stuff(liobn, first, 0n, (1n << 64n) - 1n),
];

/** Windows that KVM does not make. */
const refusedWindows: TceWorld['ops'] = [
  kvmCreate(L, 0n, 0n),
  kvmCreate(L, 0n, 1n, 11),
  kvmCreate(L, 0n, 1n, 35),
  kvmCreate(L, (1n << 52n) - 1n, 1n),
  kvmCreate(L, (1n << 64n) - 1n, 2n),
  kvmCreate(0x8000_0000n, 0n, 2n),
  kvmAttach(L, 0),
  kvmAttach(0x666n, 0),
  kvmAttach(L, 9),
  kvmRelease(9),
  kvmClose(0x8000_0000n),
];

const AT_THE_END = [LAST - 2n * PAGE, LAST - PAGE, LAST] as const;

/** A bridge whose high window would overlap the default one, where it is as long. */
const FIRMWARE: Setup = {
  ...MACHINE,
  guest: {
    ...GUEST,
    bridges: [
      { buid: 0x800n, low: { start: 0n, size: 2n * PAGE }, high: HIGH, pageSizes: 0x211000n, ddw: true },
      { buid: 0x801n, low: { start: 0n, size: PAGE }, high: HIGH, pageSizes: 0x1000n, ddw: false },
    ],
  },
};
const D = 0x8000_0000n;

const create = (shift: number, window: number, buid = 0x800n): Op => ({
  op: 'ddw_create',
  buid,
  shift,
  window,
});
const drop = (liobn: bigint): Op => ({ op: 'ddw_remove', liobn });

const firmware: TceWorld['ops'] = [
  ...[0x800n, 0x801n, 0x802n].flatMap((buid): TceWorld['ops'] => [
    ...[5, 6, 4].map((outputs): Op => ({ op: 'ddw_query', buid, outputs })),
    { op: 'ddw_query', buid, outputs: 5, args: 'wrong' },
    { op: 'ddw_reset', buid },
    create(12, 13, buid),
  ]),
  create(16, 17),
  create(16, 15),
  create(24, 30),
  create(17, 30),
  create(99, 100),
  create(12, 50),
  create(12, 44),
  create(21, 64),
  create(21, 0xffff_ffff),
  create(12, 76),
  create(76, 77),
  create(13, 14),
  drop(D),
  drop(D + 1n),
  drop(D + 0x100n),
  drop(L),
  { op: 'ddw_create', buid: 0x800n, shift: 12, window: 13, args: 'wrong' },
  { op: 'ddw_remove', liobn: D, args: 'wrong' },
  { op: 'ddw_reset', buid: 0x800n, args: 'wrong' },
  put(D, 0n, BOTH),
  put(D + 1n, HIGH, BOTH),
  guestDma(D, 0n),
  guestDma(D + 1n, HIGH + 0x234n),
  get(D, HIGH),
];

const atTheEnd = (dialect: 'strict' | 'kvm'): TceWorld =>
  world({
    name: `tce-batches-${dialect}`,
    says: `Every check of every hypercall, on a window that ends one page below 2^64, in the dialect ${dialect}.`,
    machine: FIRMWARE,
    policies: { dialect },
    bounds: { windows: 3 },
    ops: [kvmCreate(L, (LAST >> 12n) - 2n, 2n), kvmClose(L), ...refusedWindows, ...checks(L, ...AT_THE_END)],
  });

export const SPAPR_TCE_GUEST_WORLDS: readonly TceWorld[] = [
  world({
    ...shared,
    name: 'tce-guest',
    says: 'A guest writes through to a table that two endpoints share: put, stuff, indirect, unmap, unregister, detach and close in every order.',
  }),
  world({
    ...shared,
    name: 'tce-guest-kvm',
    says: 'The same as KVM answers it.',
    policies: { dialect: 'kvm' },
  }),
  world({
    name: 'tce-guest-windows',
    says: 'Two windows of a guest, each written through to a table of its own that two endpoints share: put, stuff, indirect, unmap, unregister, remove, detach and close in every order.',
    machine: { ...PAIR, groups: [SMALL, SMALL], guest: GUEST },
    bounds: { windows: 2, entries: 2 },
    ops: [
      ...[0, 1].flatMap(g => [claim(g), release(g), attach(0, g), detach(0, g), kvmRelease(g)]),
      open(0),
      close(0),
      ...[MEMORY_A, MEMORY_B].flatMap(ua => [register(0, ua), unregister(0, ua)]),
      createWindow(0),
      removeWindow(0, 0n),
      removeWindow(0, HIGH),
      unmap(0, 0n),
      unmap(0, HIGH),
      kvmCreate(L, 0n, 1n),
      kvmCreate(H, HIGH / PAGE, 1n),
      kvmClose(L),
      kvmClose(H),
      kvmAttach(L, 0),
      kvmAttach(H, 1),
      put(L, 0n, PAGE | BOTH),
      stuff(L, 0n, 0n, 1n),
      putList(H, HIGH, [0n | BOTH]),
      stuff(H, HIGH, 0n, 1n),
      dma(0, 0n),
      dma(1, HIGH, 'write'),
    ],
    large: true,
  }),
  world({
    name: 'tce-two-tables',
    says: "A guest's window has a table of each of two containers behind it, and memory that one of them registered.",
    machine: { ...PAIR, groups: [SMALL, SMALL], guest: GUEST },
    bounds: { containers: 2, entries: 2 },
    ops: [
      ...[0, 1].flatMap(g => [
        claim(g),
        release(g),
        open(g),
        close(g),
        attach(g, g),
        attach(1 - g, g),
        kvmAttach(L, g),
        unmap(g, 0n),
        register(g, MEMORY_A),
        unregister(g, MEMORY_A),
      ]),
      kvmRelease(0),
      removeWindow(1, 0n),
      kvmCreate(L, 0n, 1n),
      kvmClose(L),
      put(L, 0n, BOTH),
      put(L, 0n, 0n),
      putList(L, 0n, [PAGE | BOTH]),
    ],
  }),
  world({
    name: 'tce-subpages',
    says: "An entry of the guest is sixteen entries of the hardware, in memory that is not contiguous; a user's map cuts through it.",
    machine: {
      ...MACHINE,
      groups: [{ ...GROUP, window: { start: 0n, size: 0x20000n } }],
      memory: [
        { mm: 0, ua: MEMORY_A, pa: 0x100000n, size: 0x8000n, shift: 12 },
        { mm: 0, ua: MEMORY_A + 0x8000n, pa: 0x300000n, size: 0x18000n, shift: 12 },
      ],
      guest: { ...GUEST, slots: [{ gpa: 0n, ua: MEMORY_A, size: 0x20000n }] },
    },
    bounds: { tables: 3, entries: 33, windows: 2 },
    ops: [
      claim(0),
      release(0),
      open(0),
      close(0),
      attach(0, 0),
      detach(0, 0),
      register(0, MEMORY_A, 0, 0x10000n),
      unregister(0, MEMORY_A, 0, 0x10000n),
      map(0, 0xf000n, MEMORY_A, { pages: 2n }),
      unmap(0, 0x1000n),
      kvmCreate(L, 0n, 2n, 16),
      kvmCreate(0x101n, 1n, 1n, 16),
      kvmAttach(0x101n, 0),
      kvmClose(L),
      kvmAttach(L, 0),
      put(L, 0n, BOTH),
      put(L, 0x10000n, BOTH),
      put(L, 0x10000n, 0x10000n | BOTH),
      stuff(L, 0n, 0n, 2n),
      dma(0, 0x8123n),
      dma(0, 0x1f000n, 'write'),
    ],
  }),
  atTheEnd('strict'),
  atTheEnd('kvm'),
  world({
    name: 'tce-batches',
    says: 'Every check of every hypercall on the default window of a guest bridge, for whoever answers.',
    machine: FIRMWARE,
    policies: { dialect: 'qemu' },
    bounds: { windows: 3 },
    ops: [kvmCreate(L, 0n, 2n), kvmAttach(D, 0), kvmRelease(0), ...checks(D, 0n, PAGE, 2n * PAGE)],
  }),
  world({
    name: 'tce-firmware',
    says: 'Dynamic windows come and go, and the default one comes back when it has to.',
    machine: FIRMWARE,
    bounds: { windows: 4 },
    ops: firmware,
  }),
  world({
    name: 'tce-firmware-qemu',
    says: 'The same as QEMU answers it.',
    machine: FIRMWARE,
    policies: { dialect: 'qemu' },
    bounds: { windows: 4 },
    ops: firmware,
  }),
];
