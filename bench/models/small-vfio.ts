// What is the small model of the 2011 design that explorers are compared by?
import { patch, patchAt } from '../../spec/kit/record.js';
import { selector, some } from '../../spec/kit/selector.js';
import type { Table } from '../../spec/kit/table.js';
import { slotTable } from '../../spec/kit/table.js';

/** A device of home group `d mod G`. */
export interface Device {
  readonly group: number;
  readonly driver: 'absent' | 'unbound' | 'vfio';
}

/** A group; groups with one `set` are merged. The set is named by its lowest group. */
export interface Group {
  readonly set: number;
}

export interface Handle {
  readonly kind: 'free' | 'group' | 'iommu' | 'device';
  /** A group's handle: the group. An iommu's: the set. A device's: the device. */
  readonly target: number;
}

export interface State {
  readonly devices: readonly Device[];
  readonly groups: readonly Group[];
  /** By set: is its one page mapped? */
  readonly pages: readonly { readonly mapped: boolean }[];
  readonly handles: Table<Handle>;
}

export const FREE: Handle = { kind: 'free', target: -1 };

export const initial = (groups: number, devices: number, handles: number): State => ({
  devices: Array.from({ length: devices }, (_, d) => ({ group: d % groups, driver: 'absent' })),
  groups: Array.from({ length: groups }, (_, g) => ({ set: g })),
  pages: Array.from({ length: groups }, () => ({ mapped: false })),
  handles: slotTable(handles, FREE),
});

const handles = (s: State): Table<Handle> => s.handles;

export const groupOpen = some('groupOpen', handles, (h, g: number) => h.kind === 'group' && h.target === g);
export const iommuOpen = some('iommuOpen', handles, (h, c: number) => h.kind === 'iommu' && h.target === c);
export const deviceOpen = some(
  'deviceOpen',
  handles,
  (h, d: number) => h.kind === 'device' && h.target === d,
);

const setOf = (s: State, device: number): number => s.groups[s.devices[device]!.group]!.set;

/** A set is in use while its iommu or a device of it is open. */
export const inUse = selector(
  'inUse',
  (s: State, set: number): boolean =>
    iommuOpen(s, set) || s.devices.some((_, d) => deviceOpen(s, d) && setOf(s, d) === set),
);

/** Every device that is there is bound to vfio. */
export const viable = selector('viable', (s: State, set: number): boolean =>
  s.devices.every((d, at) => d.driver !== 'unbound' || setOf(s, at) !== set),
);

/** A group stays while it has a device, or a handle on itself, its set or a device of it is open. */
export const exists = selector(
  'exists',
  (s: State, g: number): boolean =>
    s.devices.some((d, at) => d.group === g && (d.driver !== 'absent' || deviceOpen(s, at))) ||
    groupOpen(s, g) ||
    iommuOpen(s, s.groups[g]!.set),
);

export const merged = selector('merged', (s: State, g: number): boolean =>
  s.groups.some((other, at) => at !== g && other.set === s.groups[g]!.set),
);

/** The set after a handle of it has gone: unmapped if it is idle now. */
export function settle(s: State, set: number): State {
  if (!s.pages[set]!.mapped || inUse(s, set)) return s;
  return patch(s, { pages: patchAt(s.pages, set, { mapped: false }) });
}

/** The set that a handle speaks for. */
export const setBehind = (s: State, h: Handle): number =>
  h.kind === 'device' ? setOf(s, h.target) : s.groups[h.target]!.set;

/** Group `g` alone; those that it leaves are named by their lowest. */
export function apart(s: State, g: number): State['groups'] {
  const old = s.groups[g]!.set;
  const first = s.groups.findIndex((other, at) => at !== g && other.set === old);
  return s.groups.map((other, at) => {
    if (at === g) return patch(other, { set: g });
    return other.set === old ? patch(other, { set: first }) : other;
  });
}
