// Which groups are one set, and is a device, a group or a context in use?
import { selector, some, sum } from '../kit/selector.js';
import type { PolicyValues } from './policies.js';
import type { State } from './state.js';

/**
 * The VFIO group that a device belongs to, -1: none. Named by number alone, groups of different buses with
 * one number are one object: the first of them in the machine's list.
 */
export const homeOf = selector('homeOf', (s: State, device: number, p: PolicyValues): number => {
  const at = s.devices[device]!.group;
  return at < 0 ? -1 : objectOf(s, at, p);
});

/** The group object behind the name of hardware group `at`. */
export const objectOf = selector('objectOf', (s: State, at: number, p: PolicyValues): number => {
  if (p['group-identity'] === 'bus-and-id') return at;
  const id = s.groups[at]!.id;
  return s.groups.findIndex(g => g.id === id);
});

/** The isolation group that a group object stands for. */
export const hardwareOf = selector('hardwareOf', (s: State, g: number) => s.groups[s.groups[g]!.hardware]!);

/** Is the device tracked as a member of group `g`? */
export const memberOf = selector(
  'memberOf',
  (s: State, device: number, g: number, p: PolicyValues): boolean =>
    s.devices[device]!.listed === 'yes' && homeOf(s, device, p) === g,
);

/**
 * Does the group live on for this device: a member, or one that VFIO failed to track and for which the
 * group is tainted?
 */
export const livesFor = selector(
  'livesFor',
  (s: State, device: number, g: number, p: PolicyValues): boolean => {
    const listed = s.devices[device]!.listed;
    const counts = listed === 'yes' || (listed === 'lost' && p['failed-hot-add'] === 'taint-group');
    return counts && homeOf(s, device, p) === g;
  },
);

/** The context that a device belongs to through its group, -1: none. */
export const contextOf = selector('contextOf', (s: State, device: number, p: PolicyValues): number => {
  if (s.devices[device]!.listed !== 'yes') return -1;
  const home = homeOf(s, device, p);
  return home < 0 ? -1 : s.groups[home]!.context;
});

const handles = (s: State): State['handles'] => s.handles;

/** How many handles are open at all. */
export const handlesOpen = sum('handlesOpen', handles, () => 1);

/** (3) of the review: a device is in use while a device handle of it is open. */
export const deviceInUse = some(
  'deviceInUse',
  handles,
  (h, device: number) => h.kind === 'device' && h.target === device,
);

/** (2b) of the review: some device of the group is in use. */
export const groupDevicesInUse = selector(
  'groupDevicesInUse',
  (s: State, g: number, p: PolicyValues): boolean =>
    s.devices.some((_, device) => memberOf(s, device, g, p) && deviceInUse(s, device)),
);

/** (2a) of the review: a group handle of the group is open. */
export const groupHandleOpen = some(
  'groupHandleOpen',
  handles,
  (h, g: number) => h.kind === 'group' && h.target === g,
);

/** Is a handle of the context itself open? */
export const contextHandleOpen = some(
  'contextHandleOpen',
  handles,
  (h, c: number) => h.kind === 'context' && h.target === c,
);

/**
 * (1) of the review: the context is in use while a context handle of it or a device handle of its set is
 * open. The group's own handle is a benign entry point and does not count, unless the policy says so.
 */
export const contextInUse = selector(
  'contextInUse',
  (s: State, c: number, p: PolicyValues): boolean =>
    contextHandleOpen(s, c) ||
    s.devices.some((_, device) => contextOf(s, device, p) === c && deviceInUse(s, device)) ||
    (p['group-handle-is-use'] === 'yes' && setEntered(s, c)),
);

/** Is a group handle of any member open? Only asked of a context not in use: may the merge be dissolved? */
export const setEntered = selector('setEntered', (s: State, c: number): boolean =>
  s.groups.some((g, at) => g.context === c && groupHandleOpen(s, at)),
);

/** Is the group the only member of its set? */
export const singular = selector('singular', (s: State, g: number): boolean => {
  const c = s.groups[g]!.context;
  return s.groups.every((other, at) => at === g || other.context !== c);
});

/**
 * May the set be given out: every tracked device of every member is bound to vfio, and no member is
 * tainted. Vacuously true of an empty group.
 */
export const viable = selector(
  'viable',
  (s: State, c: number, p: PolicyValues): boolean =>
    s.groups.every(g => g.context !== c || !g.tainted) &&
    s.devices.every((d, at) => d.driver === 'vfio' || contextOf(s, at, p) !== c),
);

/** Has the set any tracked device, that attaching the set could fail for? */
export const hasDevices = selector('hasDevices', (s: State, c: number, p: PolicyValues): boolean =>
  s.devices.some((_, at) => contextOf(s, at, p) === c),
);

/** Is the group's set in use at all? A group without a context is not. */
export const groupInUse = selector('groupInUse', (s: State, g: number, p: PolicyValues): boolean => {
  const c = s.groups[g]!.context;
  return c >= 0 && contextInUse(s, c, p);
});

/** Pages locked on behalf of an address space: the account, derived and never kept. */
export const lockedPages = selector('lockedPages', (s: State, mm: number): number =>
  s.contexts.reduce((sum, c, at) => (c.mm === mm ? sum + s.maps[at]!.total : sum), 0),
);

/** The lowest-numbered group of the set: a name for the set that any observer can compute. */
export const leaderOf = selector('leaderOf', (s: State, c: number): number =>
  s.groups.findIndex(g => g.context === c),
);
