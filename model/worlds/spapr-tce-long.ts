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
  HIGH,
  kvmClose,
  kvmCreate,
  MEMORY_A,
  map,
  open,
  PAGE,
  putList,
  register,
  release,
  removeWindow,
  stuff,
  unmap,
} from './spapr-tce-ops.js';

const L = 0x100n;
const POISON = 0xdead000n;
const MANY = Array.from({ length: 512 }, () => 0n);
const FAR = HIGH + 512n * PAGE;

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
    counts: { states: 47, transitions: 555 },
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
    counts: { states: 39, transitions: 652 },
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
    counts: { states: 4, transitions: 44 },
  }),
];
