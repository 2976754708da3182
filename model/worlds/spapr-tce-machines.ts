// Which small POWER machines are explored, and how is a plan of a world filled in?
import type { PolicyValues } from '../../spec/spapr-tce/policies.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';
import type { Bounds, Op, Setup, State } from '../../spec/spapr-tce/state.js';
import type { World } from '../explore/world.js';
import { MEMORY_A, offers, PAGE } from './spapr-tce-ops.js';

export type TceWorld = World<State, Op, PolicyValues, Setup>;

export const BRIDGE = { iommu: true, deviceGroup: true };
export const GROUP = {
  bridge: 0,
  window: { start: 0n, size: 2n * PAGE },
  pageSizes: 0x11000n,
  windows: 2,
  levels: 5,
  family: 0,
};
export const device = (name: string, group: number, present = true, bridge = 0) => ({
  name,
  bridge,
  group,
  present,
});
export const memory = (mm: number, pa: bigint) => ({ mm, ua: MEMORY_A, pa, size: 2n * PAGE, shift: 12 });

export const MACHINE: Setup = {
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
export const PAIR: Setup = { ...MACHINE, groups: [GROUP, GROUP], devices: [device('a', 0), device('b', 1)] };

/** A guest whose memory is the two pages of address space 0, from address 0 on. */
export const GUEST: NonNullable<Setup['guest']> = {
  mm: 0,
  slots: [{ gpa: 0n, ua: MEMORY_A, size: 2n * PAGE }],
  bridges: [],
};

type Plan = Omit<TceWorld, 'profile' | 'offers' | 'setup'> & {
  readonly machine: Setup;
  readonly bounds?: Partial<Bounds>;
};

const BOUNDS: Bounds = { containers: 1, tables: 4, entries: 3, regions: 2, windows: 1 };

export const world = ({ machine, bounds = {}, ...plan }: Plan): TceWorld => ({
  ...plan,
  profile: spaprTce,
  setup: { ...machine, bounds: { ...BOUNDS, ...bounds } },
  offers,
});
