// Which calls has the small model, and which worlds of it are explored?

import type { Symmetry } from '../../model/explore/symmetry.js';
import type { World } from '../../model/explore/world.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import { type Clause, ending, refuse } from '../../spec/law/clause.js';
import type { Profile, Rules } from '../../spec/law/profile.js';
import {
  apart,
  deviceOpen,
  exists,
  groupOpen,
  type Handle,
  initial,
  inUse,
  iommuOpen,
  merged,
  type State,
  setBehind,
  settle,
  viable,
} from './small-vfio.js';

export type Op =
  | { readonly op: 'open_group' | 'open_iommu'; readonly group: number; readonly as: number }
  | { readonly op: 'open_device'; readonly device: number; readonly as: number }
  | { readonly op: 'close'; readonly handle: number }
  | { readonly op: 'merge'; readonly group: number; readonly incoming: number }
  | { readonly op: 'unmerge' | 'map' | 'unmap'; readonly group: number }
  | { readonly op: 'bind' | 'unbind' | 'add' | 'remove'; readonly device: number };

interface Setup {
  readonly groups: number;
  readonly devices: number;
  readonly handles: number;
}

type Nobody = Record<string, never>;
type Of<K> = Extract<Op, { readonly op: K }>;
type When<O> = (s: State, o: O) => boolean;

/** A call that is refused unless `may`, and then does `then`. */
const call = <O extends Op>(
  op: string,
  may: When<O>,
  then: (s: State, o: O) => State,
): readonly Clause<State, O, Nobody>[] => [
  refuse('EBUSY', { id: `${op}/refused`, says: 'It may not be done now.', cite: [] }, (s, o) => !may(s, o)),
  ending({ id: `${op}/done`, says: 'It is done.', cite: [] }, (s, o) => ({
    outcome: { is: 'ok' },
    state: then(s, o),
  })),
];

const free = (s: State, slot: number): boolean => s.handles.get(slot).kind === 'free';
const opened = (s: State, as: number, kind: Handle['kind'], target: number): State =>
  patch(s, { handles: s.handles.set(as, { kind, target }) });
const driven = (s: State, device: number, driver: State['devices'][number]['driver']): State =>
  patch(s, { devices: patchAt(s.devices, device, { driver }) });
const setOf = (s: State, group: number): number => s.groups[group]!.set;
const driver = (s: State, device: number): string => s.devices[device]!.driver;

const rules: Rules<State, Op, Nobody> = {
  open_group: call<Of<'open_group' | 'open_iommu'>>(
    'open_group',
    (s, o) => free(s, o.as) && exists(s, o.group),
    (s, o) => opened(s, o.as, 'group', o.group),
  ),
  open_iommu: call<Of<'open_group' | 'open_iommu'>>(
    'open_iommu',
    (s, o) => free(s, o.as) && groupOpen(s, o.group) && viable(s, setOf(s, o.group)),
    (s, o) => opened(s, o.as, 'iommu', setOf(s, o.group)),
  ),
  open_device: call<Of<'open_device'>>(
    'open_device',
    (s, o) =>
      free(s, o.as) &&
      driver(s, o.device) === 'vfio' &&
      groupOpen(s, s.devices[o.device]!.group) &&
      viable(s, setOf(s, s.devices[o.device]!.group)),
    (s, o) => opened(s, o.as, 'device', o.device),
  ),
  close: call<Of<'close'>>(
    'close',
    (s, o) => !free(s, o.handle),
    (s, o) => {
      const set = setBehind(s, s.handles.get(o.handle));
      return settle(patch(s, { handles: s.handles.delete(o.handle) }), set);
    },
  ),
  merge: call<Of<'merge'>>(
    'merge',
    (s, o) =>
      groupOpen(s, o.group) &&
      groupOpen(s, o.incoming) &&
      setOf(s, o.group) !== setOf(s, o.incoming) &&
      !inUse(s, setOf(s, o.group)) &&
      !inUse(s, setOf(s, o.incoming)),
    (s, o) => {
      const [a, b] = [setOf(s, o.group), setOf(s, o.incoming)];
      const set = Math.min(a, b);
      return patch(s, { groups: s.groups.map(g => (g.set === a || g.set === b ? patch(g, { set }) : g)) });
    },
  ),
  unmerge: call<Of<'unmerge' | 'map' | 'unmap'>>(
    'unmerge',
    (s, o) => groupOpen(s, o.group) && merged(s, o.group) && !inUse(s, setOf(s, o.group)),
    (s, o) => patch(s, { groups: apart(s, o.group) }),
  ),
  map: call<Of<'unmerge' | 'map' | 'unmap'>>(
    'map',
    (s, o) => !s.pages[setOf(s, o.group)]!.mapped && inUse(s, setOf(s, o.group)),
    (s, o) => patch(s, { pages: patchAt(s.pages, setOf(s, o.group), { mapped: true }) }),
  ),
  unmap: call<Of<'unmerge' | 'map' | 'unmap'>>(
    'unmap',
    (s, o) => s.pages[setOf(s, o.group)]!.mapped,
    (s, o) => patch(s, { pages: patchAt(s.pages, setOf(s, o.group), { mapped: false }) }),
  ),
  bind: call<Of<'bind' | 'unbind' | 'add' | 'remove'>>(
    'bind',
    (s, o) => driver(s, o.device) === 'unbound',
    (s, o) => driven(s, o.device, 'vfio'),
  ),
  unbind: call<Of<'bind' | 'unbind' | 'add' | 'remove'>>(
    'unbind',
    (s, o) => driver(s, o.device) === 'vfio' && !deviceOpen(s, o.device),
    (s, o) => driven(s, o.device, 'unbound'),
  ),
  add: call<Of<'bind' | 'unbind' | 'add' | 'remove'>>(
    'add',
    (s, o) => driver(s, o.device) === 'absent',
    (s, o) => driven(s, o.device, 'unbound'),
  ),
  remove: call<Of<'bind' | 'unbind' | 'add' | 'remove'>>(
    'remove',
    (s, o) => driver(s, o.device) !== 'absent' && !deviceOpen(s, o.device),
    (s, o) => driven(s, o.device, 'absent'),
  ),
};

const always = (id: string, says: string, holds: (s: State) => boolean) => ({ id, says, cite: [], holds });

export const smallVfio: Profile<State, Op, Nobody, Setup> = {
  name: 'small-vfio',
  title: 'The small model of the 2011 design that explorers are compared by',
  rules,
  retired: [],
  policies: [],
  initial: setup => initial(setup.groups, setup.devices, setup.handles),
  always: [
    always('mapping/only-in-use', 'A page is mapped only in a set whose iommu or device is open.', s =>
      s.pages.every((p, set) => !p.mapped || inUse(s, set)),
    ),
    always('set/named-by-its-lowest', 'A set is named by its lowest group.', s =>
      s.groups.every((g, at) => g.set <= at && s.groups[g.set]!.set === g.set),
    ),
    always('group/stays-while-held', 'A group with an open handle exists.', s =>
      s.groups.every((_, g) => !groupOpen(s, g) || exists(s, g)),
    ),
    always('device/open-only-if-bound', 'An open device is there, and bound to vfio.', s =>
      s.devices.every((d, at) => !deviceOpen(s, at) || d.driver === 'vfio'),
    ),
    always('iommu/of-a-set', 'An iommu handle is of a set that there is.', s =>
      s.groups.every((g, at) => !iommuOpen(s, at) || g.set === at),
    ),
  ],
  sometimes: [],
  steps: [
    {
      id: 'merge/not-in-use',
      says: 'No group changes its set while that is in use.',
      cite: [],
      holds: (before, _, after) =>
        after.state.groups.every(
          (g, at) =>
            g === before.groups[at] ||
            g.set === before.groups[at]!.set ||
            !inUse(before, before.groups[at]!.set),
        ),
    },
  ],
  lives: [],
  aims: { always: [], steps: [], lives: [] },
  view: () => ({}),
};

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Everything of one kind is interchangeable; a set is named by its lowest group. */
const SYMMETRY: Symmetry = {
  sorts: {
    group: { rows: ['groups'] },
    set: { rows: ['pages'], sets: { of: 'group', by: 'set' } },
    device: { rows: ['devices'] },
    descriptor: { rows: ['handles'], unnamed: true },
  },
  refers: {
    devices: { group: 'group' },
    groups: { set: 'set' },
    handles: { target: { by: 'kind', of: { group: 'group', iommu: 'set', device: 'device' } } },
  },
};

/** The model with so many groups, devices and descriptors. */
export function smallWorld(groups: number, devices: number, slots: number): World<State, Op, Nobody, Setup> {
  const ops: Op[] = [];
  for (const as of upTo(slots)) {
    for (const group of upTo(groups))
      ops.push({ op: 'open_group', group, as }, { op: 'open_iommu', group, as });
    for (const device of upTo(devices)) ops.push({ op: 'open_device', device, as });
  }
  for (const handle of upTo(slots)) ops.push({ op: 'close', handle });
  for (const group of upTo(groups)) {
    for (const incoming of upTo(groups)) if (incoming !== group) ops.push({ op: 'merge', group, incoming });
    ops.push({ op: 'unmerge', group }, { op: 'map', group }, { op: 'unmap', group });
  }
  for (const device of upTo(devices))
    for (const op of ['bind', 'unbind', 'add', 'remove'] as const) ops.push({ op, device });
  return {
    name: `small-vfio ${groups},${devices},${slots}`,
    says: 'What explorers are compared by.',
    profile: smallVfio,
    setup: { groups, devices, handles: slots },
    ops,
    symmetry: SYMMETRY,
  };
}
