// In which finite machines of spapr-tce are windows longer than a page of entries, or groups not of one kind?
import { GROUP, GUEST, MACHINE, type TceWorld, world } from './spapr-tce-machines.js';
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
  HUGE,
  kvmAttach,
  kvmClose,
  kvmCreate,
  MEMORY_A,
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
const POISON = 0xdead000n;
const MANY = Array.from({ length: 512 }, () => 0n);
const FAR = HIGH + 512n * PAGE;
const LARGE = 0x10000n;
const LARGEST = 1n << 34n;
const BOTH = 3n;
/** The first and the second window of the first guest bridge. */
const LOW_WINDOW = 0x8000_0000n;
const HIGH_WINDOW = LOW_WINDOW + 1n;

export const SPAPR_TCE_LONG_WORLDS: readonly TceWorld[] = [
  world({
    name: 'tce-kinds',
    says: 'Two endpoints whose tables are made in different ways: each may have a container, but not one and the same.',
    machine: { ...MACHINE, groups: [GROUP, { ...GROUP, family: 1 }] },
    bounds: { tables: 3 },
    ops: [
      ...[0, 1].flatMap(g => [claim(g), release(g), attach(0, g), detach(0, g)]),
      open(0),
      open(0, 'v1'),
      close(0),
    ],
  }),
  world({
    name: 'tce-levels',
    says: 'A window of two levels: entries that are far apart, and one unmap over all of them.',
    machine: MACHINE,
    bounds: { tables: 3, entries: 1025 },
    ops: [
      claim(0),
      release(0),
      open(0),
      close(0),
      register(0, MEMORY_A),
      attach(0, 0),
      detach(0, 0),
      createWindow(0, 1024n * PAGE, 12, 2),
      removeWindow(0, HIGH + 700n * PAGE),
      map(0, HIGH, MEMORY_A),
      map(0, FAR, MEMORY_A, { prot: 'r' }),
      unmap(0, HIGH, 1024n),
      unmap(0, FAR),
      dma(0, HIGH),
      dma(0, FAR),
    ],
  }),
  world({
    name: 'tce-long-batches',
    says: 'A window longer than a batch may be: 512 entries at once, and one more.',
    machine: { ...MACHINE, guest: GUEST },
    bounds: { windows: 1, entries: 1025 },
    ops: [
      kvmCreate(L, 0n, 1024n),
      kvmClose(L),
      ...[512n, 513n].flatMap(count => [
        stuff(L, 0n, POISON, count),
        stuff(L, PAGE, 0n, count),
        putList(L, 0n, MANY, 0n, count),
      ]),
      get(L, 0n),
      get(L, 512n * PAGE),
    ],
  }),
  world({
    name: 'tce-huge-pages',
    says: 'A window of two pages of 16 GiB: the offset in such a page has more bits than an int.',
    machine: {
      ...MACHINE,
      guest: {
        ...GUEST,
        slots: [{ gpa: 0n, ua: MEMORY_A, size: 2n * LARGEST }],
        bridges: [
          {
            buid: 0x800n,
            low: { start: 0n, size: PAGE },
            high: HIGH,
            pageSizes: LARGEST | PAGE,
            ddw: true,
          },
        ],
      },
    },
    bounds: { windows: 2 },
    ops: [
      { op: 'ddw_create', buid: 0x800n, shift: 34, window: 35 },
      { op: 'ddw_remove', liobn: LOW_WINDOW },
      { op: 'ddw_remove', liobn: HIGH_WINDOW },
      put(HIGH_WINDOW, HIGH, LARGEST | BOTH),
      put(HIGH_WINDOW, HIGH + LARGEST, 0n | BOTH),
      put(HIGH_WINDOW, HIGH + LARGEST, (LARGEST >> 1n) | BOTH),
      put(HIGH_WINDOW, HIGH + 2n * LARGEST, 0n),
      put(HIGH_WINDOW, HIGH, 0n),
      guestDma(HIGH_WINDOW, HIGH + LARGEST - 0x1234n),
      guestDma(HIGH_WINDOW, HIGH + LARGEST + 0x8765_4321n, 'write'),
    ],
  }),
  world({
    name: 'tce-guest-sizes',
    says: 'A guest writes through to a table of large pages; half of its memory is backed by pages that are large enough.',
    machine: {
      ...MACHINE,
      groups: [{ ...GROUP, window: { start: 0n, size: 0x20000n } }],
      memory: [
        { mm: 0, ua: MEMORY_A, pa: 0x100000n, size: LARGE, shift: 12 },
        { mm: 0, ua: HUGE, pa: 0x800000n, size: LARGE, shift: 16 },
      ],
      guest: { ...GUEST, slots: [{ gpa: 0n, ua: MEMORY_A, size: 2n * LARGE }] },
    },
    bounds: { tables: 3, entries: 33 },
    ops: [
      claim(0),
      release(0),
      open(0),
      close(0),
      attach(0, 0),
      detach(0, 0),
      ...[MEMORY_A, HUGE].flatMap(ua => [register(0, ua, 0, LARGE), unregister(0, ua, 0, LARGE)]),
      createWindow(0, 2n * LARGE, 16),
      removeWindow(0, 0n),
      kvmCreate(L, 0n, 2n, 16),
      kvmClose(L),
      kvmAttach(L, 0),
      put(L, LARGE, BOTH),
      putList(L, 0n, [LARGE | BOTH, BOTH]),
      stuff(L, 0n, 0n, 2n),
      dma(0, 0x8123n),
    ],
  }),
];
