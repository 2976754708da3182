// In which finite machines is spapr-tce explored, and how many states has each?
import type { PolicyValues } from '../../spec/spapr-tce/policies.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';
import type { Bounds, Op, Setup, State } from '../../spec/spapr-tce/state.js';
import type { World } from '../explore/world.js';
import {
  attach,
  claim,
  close,
  createWindow,
  detach,
  dma,
  HIGH,
  MEMORY_A,
  MEMORY_B,
  map,
  NO_MEMORY,
  offers,
  open,
  PAGE,
  register,
  removeWindow,
  unmap,
  unregister,
} from './spapr-tce-ops.js';

export type TceWorld = World<State, Op, PolicyValues, Setup>;

const BRIDGE = { iommu: true, deviceGroup: true };
const GROUP = {
  bridge: 0,
  window: { start: 0n, size: 2n * PAGE },
  pageSizes: 0x11000n,
  windows: 2,
  levels: 5,
  family: 0,
};
const device = (name: string, group: number) => ({ name, bridge: 0, group, present: true });
const memory = (mm: number, pa: bigint) => ({ mm, ua: MEMORY_A, pa, size: 2n * PAGE, shift: 12 });

const MACHINE: Setup = {
  platform: 'powernv',
  pageShift: 12,
  bypass: 0n,
  bridges: [BRIDGE],
  groups: [GROUP],
  devices: [device('a', 0)],
  mms: [{ lockLimit: null }],
  memory: [memory(0, 0x100000n)],
  guest: null,
};
const PAIR: Setup = { ...MACHINE, groups: [GROUP, GROUP], devices: [device('a', 0), device('b', 1)] };

const bounds = (some: Partial<Bounds>): Bounds => ({
  containers: 1,
  tables: 4,
  entries: 3,
  regions: 2,
  windows: 1,
  ...some,
});

type Plan = Omit<TceWorld, 'profile' | 'offers' | 'setup'> & {
  readonly machine: Setup;
  readonly bounds?: Partial<Bounds>;
};

const world = ({ machine, bounds: some = {}, ...plan }: Plan): TceWorld => ({
  ...plan,
  profile: spaprTce,
  setup: { ...machine, bounds: bounds(some) },
  offers,
});

export const SPAPR_TCE_WORLDS: readonly TceWorld[] = [
  world({
    name: 'tce-shared',
    says: 'Two endpoints share the tables of one container: two windows, two regions, and what a change reaches.',
    machine: PAIR,
    ops: [
      claim(0),
      claim(1),
      open(0),
      close(0),
      attach(0, 0),
      attach(0, 1),
      detach(0, 0),
      detach(0, 1),
      register(0, MEMORY_A),
      register(0, MEMORY_B),
      unregister(0, MEMORY_A),
      unregister(0, MEMORY_B),
      createWindow(0),
      removeWindow(0, 0n),
      removeWindow(0, HIGH),
      map(0, 0n, MEMORY_A),
      map(0, PAGE, MEMORY_B),
      map(0, HIGH, MEMORY_A),
      unmap(0, 0n),
      unmap(0, PAGE),
      unmap(0, HIGH),
      dma(0, 0n),
      dma(1, 0n),
      dma(1, HIGH, 'write'),
    ],
    counts: { states: 1, transitions: 1 },
  }),
];
void NO_MEMORY;
