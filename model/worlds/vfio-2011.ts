// In which finite machines is vfio-2011 explored, and how many states has each?
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import { vfio2011 } from '../../spec/vfio-2011/profile.js';
import type { Device, Op, Setup, State } from '../../spec/vfio-2011/state.js';
import type { Symmetry } from '../explore/symmetry.js';
import type { World } from '../explore/world.js';
import { offers, opsOf, type Scope } from './vfio-2011-ops.js';

export type VfioWorld = World<State, Op, PolicyValues, Setup>;

const device = (name: string, group: number | null, driver: Device['driver'] = 'vfio') => ({
  name,
  group,
  driver,
});
const group = (id: number, bus = 'pci', coherent = true) => ({ bus, id, coherent });

interface Plan {
  readonly name: string;
  readonly says: string;
  readonly machine: Omit<Setup, 'handles' | 'pages'>;
  readonly scope: Omit<Scope, 'groups' | 'devices' | 'mms'>;
  readonly policies?: Partial<PolicyValues>;
  readonly large?: boolean;
}

/** What is a name in a state. Descriptors are named by calls only. */
const SORTS: Symmetry = {
  sorts: {
    group: { rows: ['groups'] },
    device: { rows: ['devices'] },
    context: { rows: ['contexts', 'maps'] },
    mm: { rows: ['mms'] },
    handle: { rows: ['handles'], unnamed: true },
  },
  refers: {
    devices: { group: 'group' },
    groups: { context: 'context', hardware: 'group' },
    contexts: { mm: 'mm' },
    handles: {
      target: { by: 'kind', of: { group: 'group', context: 'context', device: 'device' } },
      mm: 'mm',
    },
  },
  labels: { groups: ['id'] },
};

/** Devices that come and go, or whose drivers change, are set apart from those that never do. */
function symmetryOf(scope: Scope): Symmetry {
  const apart = [...(scope.hotplug ?? []), ...(scope.drivers ?? [])];
  return { ...SORTS, sorts: { ...SORTS.sorts, device: { rows: ['devices'], apart } } };
}

const upTo = (list: readonly unknown[]): readonly number[] => list.map((_, i) => i);

function world({ machine, scope, ...plan }: Plan): VfioWorld {
  const full: Scope = {
    groups: upTo(machine.groups),
    devices: upTo(machine.devices),
    mms: upTo(machine.mms),
    ...scope,
  };
  const setup: Setup = { ...machine, handles: scope.handles, pages: Math.max(scope.pages, 1) };
  return { ...plan, profile: vfio2011, setup, ops: opsOf(full), offers, symmetry: symmetryOf(full) };
}

const NO_LIMIT = { lockLimit: null };

const PAIR = {
  groups: [group(1), group(2)],
  devices: [device('a', 0), device('b', 1)],
  mms: [NO_LIMIT],
  timeout: 0,
};

export const VFIO_2011_WORLDS: readonly VfioWorld[] = [
  world({
    name: 'pair',
    says: 'Two groups of one device each and one page: merge, unmerge and close in every order, and every wrong argument.',
    machine: PAIR,
    scope: { handles: 3, pages: 1, merge: true, byHandle: true, info: true, dma: true, wrong: true },
  }),
  world({
    name: 'attack-window',
    says: 'Two groups, four descriptors: what happens to a device that is open while its group is merged.',
    machine: PAIR,
    scope: { handles: 4, pages: 1, merge: true },
  }),
  world({
    name: 'trio',
    large: true,
    says: 'Three groups of one device: sets of three, merged and taken apart in every order.',
    machine: {
      groups: [group(1), group(2), group(3)],
      devices: [device('a', 0), device('b', 1), device('c', 2)],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 4, pages: 1, merge: true },
  }),
  world({
    name: 'trio-by-handle',
    says: 'Three groups, merged and taken apart with both groups named.',
    machine: {
      groups: [group(1), group(2), group(3)],
      devices: [device('a', 0), device('b', 1), device('c', 2)],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    policies: { 'unmerge-names': 'by-handle' },
    scope: { handles: 3, pages: 0, merge: true, byHandle: true, wrong: true },
  }),
  world({
    name: 'two-owners',
    says: 'Two address spaces share one group of two devices: the gate, and the account of each.',
    machine: {
      groups: [group(1)],
      devices: [device('a', 0), device('b', 0)],
      mms: [{ lockLimit: 1 }, { lockLimit: 2 }],
      timeout: 0,
    },
    scope: { handles: 3, pages: 2, info: true },
  }),
  world({
    name: 'ranges',
    says: 'One device, three pages, two memories, three permissions: map, trim, split and join.',
    machine: { groups: [group(1)], devices: [device('a', 0)], mms: [{ lockLimit: 3 }], timeout: 0 },
    scope: { handles: 3, pages: 3, frames: [0, 8], prots: ['r', 'w', 'rw'], dma: true },
  }),
  world({
    name: 'hotplug',
    says: 'A group of two devices, one of which comes and goes, with every driver that may take it.',
    machine: {
      groups: [group(1)],
      devices: [device('a', 0), device('b', 0, 'absent')],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 3, pages: 1, hotplug: [0, 1], claimed: true, drivers: [0, 1] },
  }),
  world({
    name: 'newcomer',
    says: 'A group of three devices in use, one of which comes and goes: who reaches which memory, and is the set still viable.',
    machine: {
      groups: [group(1)],
      devices: [device('a', 0), device('b', 0), device('c', 0, 'absent')],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 3, pages: 1, info: true, dma: true, hotplug: [2], drivers: [2] },
  }),
  world({
    name: 'half-moved',
    says: 'Two groups, one of them of two devices: what a merge that fails half-way leaves behind, as the devices see it.',
    machine: {
      groups: [group(1), group(2)],
      devices: [device('a', 0), device('b', 1), device('c', 1)],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 3, pages: 1, merge: true, dma: true },
  }),
  world({
    name: 'unplug-merged',
    says: 'Two merged groups: the removal of a device waits for the whole set, and is woken whatever makes it idle.',
    machine: PAIR,
    scope: { handles: 3, pages: 0, merge: true, hotplug: [1], drivers: [0] },
  }),
  world({
    name: 'timeout-revoke',
    says: 'A removal that has waited for the hard timeout revokes the handles of its device.',
    machine: { ...PAIR, timeout: 2 },
    policies: { 'hot-remove-in-use': 'timeout-then-revoke' },
    scope: { handles: 3, pages: 1, merge: true, info: true, hotplug: [1], ticks: true, timeouts: [0, 1] },
  }),
  world({
    name: 'timeout-kill',
    says: 'A removal that has waited for the hard timeout has the processes killed that stand in its way.',
    machine: {
      groups: [group(1), group(2)],
      devices: [device('a', 0), device('b', 1)],
      mms: [NO_LIMIT, NO_LIMIT],
      timeout: 1,
    },
    policies: { 'hot-remove-in-use': 'timeout-then-kill' },
    scope: { handles: 3, pages: 0, merge: true, hotplug: [1], ticks: true },
  }),
  world({
    name: 'two-buses',
    says: 'Two buses whose IOMMUs gave the same number to a group, one incoherent group, one device behind no IOMMU.',
    machine: {
      groups: [group(1), group(1, 'platform'), group(2, 'pci', false)],
      devices: [device('a', 0), device('b', 1, 'absent'), device('c', 2), device('d', null, 'absent')],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 3, pages: 0, merge: true, hotplug: [1, 3] },
  }),
  world({
    name: 'trio-idle',
    says: 'Three groups without mappings: which sets may be merged, and which way round.',
    machine: {
      groups: [group(1), group(2), group(3)],
      devices: [device('a', 0), device('b', 1), device('c', 2)],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 4, pages: 0, merge: true },
  }),
  world({
    name: 'million',
    says: 'Three groups, three devices of which one may leave and come back, four descriptors: merge, unmerge, unplug and close in every order.',
    machine: {
      groups: [group(1), group(2), group(3)],
      devices: [device('a', 0), device('b', 1), device('c', 2)],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 4, pages: 0, merge: true, hotplug: [2] },
    large: true,
  }),
  world({
    name: 'millions',
    says: 'The same with a page: what is mapped, merged and unplugged at once.',
    machine: {
      groups: [group(1), group(2), group(3)],
      devices: [device('a', 0), device('b', 1), device('c', 2)],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 4, pages: 1, merge: true, hotplug: [2] },
    large: true,
  }),
  world({
    name: 'ten-millions',
    says: 'Five descriptors on three groups, and one device that may leave and come back: every way to hold, merge and let go.',
    machine: {
      groups: [group(1), group(2), group(3)],
      devices: [device('a', 0), device('b', 1), device('c', 2)],
      mms: [NO_LIMIT],
      timeout: 0,
    },
    scope: { handles: 5, pages: 0, merge: true, hotplug: [2] },
    large: true,
  }),
];
