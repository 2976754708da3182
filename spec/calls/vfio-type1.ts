// Which calls does a random walk of vfio-type1 make, and on which machines?
import type { Handle, Op, Setup, State } from '../vfio-type1/state.js';
import { type ArmsOf, byWeight, type Calls } from './calls.js';
import type { Digits } from './digits.js';
import { MACHINES } from './vfio-type1-machines.js';
import { bitmap, mappedPart, page, partOf, range, vaddr } from './vfio-type1-memory.js';
import {
  atHome,
  emulatedOpen,
  homeless,
  lifeless,
  live,
  names,
  openable,
  openOf,
} from './vfio-type1-wants.js';

/** Handles are named 0 to 9; 10 is never opened and -1 is no descriptor. */
const NAMES = 10;

const TYPES = [
  'type1v2',
  'type1v2',
  'type1v2',
  'type1v2',
  'type1v2',
  'type1',
  'type1',
  'type1',
  'nesting',
  'noiommu',
  'other',
] as const;

type Kind = Handle['kind'];

export const ARMS: ArmsOf<Setup, State, Op> = {
  open_container: { weight: 6, make: (d, s) => ({ op: 'open_container', as: fresh(d, s) }) },
  open_group: {
    weight: 9,
    make: (d, s, m) => ({ op: 'open_group', group: groupOf(d, s, m), as: fresh(d, s), mm: mmOf(d, s) }),
  },
  dup: {
    weight: 1,
    make: (d, s) => ({
      op: 'dup',
      handle: handle(d, s, d.of(['group', 'device', 'container'])),
      as: fresh(d, s),
    }),
  },
  close: {
    weight: 6,
    make: (d, s) => ({
      op: 'close',
      handle: handle(d, s, d.of(['device', 'device', 'group', 'container', 'revoked'])),
    }),
  },
  group_status: {
    weight: 2,
    make: (d, s) => ({ op: 'group_status', handle: handle(d, s, 'group'), ...argument(d) }),
  },
  set_container: {
    weight: 11,
    make: (d, s) => ({
      op: 'set_container',
      handle: oneOf(d, s, 'group', homeless(s)),
      container: d.rarely(15) ? null : handle(d, s, 'container'),
      mm: mmOf(d, s),
      ...unreadable(d),
    }),
  },
  unset_container: { weight: 3, make: (d, s) => ({ op: 'unset_container', handle: handle(d, s, 'group') }) },
  get_device: {
    weight: 8,
    make: (d, s) => {
      const at = oneOf(d, s, 'group', atHome(s));
      return {
        op: 'get_device',
        handle: at,
        device: memberOf(d, s, at),
        as: fresh(d, s),
        mm: mmOf(d, s),
        ...unreadable(d),
      };
    },
  },
  check_extension: {
    weight: 1,
    make: (d, s) => ({
      op: 'check_extension',
      handle: handle(d, s, 'container'),
      extension: d.of([
        'type1',
        'type1v2',
        'nesting',
        'noiommu',
        'unmap-all',
        'update-vaddr',
        'dma-cc',
        'other',
      ]),
    }),
  },
  set_iommu: {
    weight: 10,
    make: (d, s) => ({
      op: 'set_iommu',
      handle: oneOf(d, s, 'container', lifeless(s)),
      type: d.of(TYPES),
      mm: mmOf(d, s),
    }),
  },
  iommu_info: {
    weight: 2,
    make: (d, s) => ({
      op: 'iommu_info',
      handle: oneOf(d, s, 'container', live(s)),
      argsz: d.of([4096, 200, 16, 24, 8, 100]),
      ...argument(d),
    }),
  },
  map: {
    weight: 22,
    make: (d, s) => {
      const flags = { ...argument(d), ...mapFlags(d) };
      const mm = mmOf(d, s);
      const prot = d.of(['rw', 'rw', 'rw', 'r', 'w', 'none'] as const);
      return {
        op: 'map',
        handle: oneOf(d, s, 'container', live(s)),
        ...range(d, s),
        vaddr: vaddr(d, s, mm),
        prot,
        mm,
        ...flags,
      };
    },
  },
  unmap: {
    weight: 14,
    make: (d, s) => {
      const at = oneOf(d, s, 'container', live(s));
      return {
        op: 'unmap',
        handle: at,
        ...(mappedPart(d, s, at) ?? range(d, s)),
        ...argument(d),
        ...unmapFlags(d),
        ...(d.rarely(12) ? { bitmap: bitmap(d) } : {}),
      };
    },
  },
  dirty_pages: {
    weight: 4,
    make: (d, s) => {
      const at = oneOf(d, s, 'container', live(s));
      const what = d.of(['start', 'start', 'get', 'get', 'get', 'get', 'stop', 'many', 'unknown'] as const);
      const asked = what === 'get' ? { ...(mappedPart(d, s, at) ?? range(d, s)), bitmap: bitmap(d) } : {};
      return { op: 'dirty_pages', handle: at, what, ...asked, ...unreadable(d) };
    },
  },
  device_reset: { weight: 1, make: (d, s) => ({ op: 'device_reset', handle: handle(d, s, 'device') }) },
  bind: {
    weight: 5,
    make: (d, s) => ({ op: 'bind', ...fitting(d, s, deviceIn(d, s, ['none'])) }),
  },
  unbind: {
    weight: 2,
    make: (d, s) => ({ op: 'unbind', device: deviceIn(d, s, ['vfio', 'kernel', 'stub']) }),
  },
  hot_add: { weight: 2, make: (d, s) => ({ op: 'hot_add', device: deviceIn(d, s, ['absent']) }) },
  hot_remove: { weight: 1, make: (d, s) => ({ op: 'hot_remove', device: deviceIn(d, s, ['vfio', 'none']) }) },
  resume: { weight: 3, make: (d, s) => ({ op: 'resume', device: leavingOf(d, s) }) },
  pin: {
    weight: 4,
    make: (d, s) => ({
      op: 'pin',
      ...onPages(d, s),
      pages: d.of([1, 1, 2, 3, 0]),
      prot: d.of(['rw', 'r', 'w']),
    }),
  },
  unpin: {
    weight: 3,
    make: (d, s) => ({ op: 'unpin', ...onPages(d, s), pages: d.of([1, 1, 2]) }),
  },
  rw: {
    weight: 2,
    make: (d, s) => ({
      op: 'rw',
      ...onPages(d, s),
      access: d.of(['read', 'write']),
      mm: d.rarely(3) ? null : mmOf(d, s),
    }),
  },
  dma: {
    weight: 12,
    make: (d, s) => {
      const device = deviceIn(d, s, ['vfio']);
      const part = partOf(d, s, homeOf(s, device));
      return { op: 'dma', device, iova: part?.iova ?? page(d), access: d.of(['read', 'write']) };
    },
  },
};

const ON_A_LIVE_CONTAINER: readonly Op['op'][] = ['map', 'unmap', 'iommu_info', 'dirty_pages'];
const EMULATED: readonly Op['op'][] = ['pin', 'unpin', 'rw'];

/** What is missing for the call is mostly made first: a descriptor, a group in a container, a backend. */
function possible(op: Op['op'], d: Digits, s: State): Op['op'] {
  if (s.mms.length === 0) return s.devices.length > 0 ? 'dma' : 'open_container';
  if (EMULATED.includes(op) && !s.groups.some(g => g.kind === 'emulated')) return possible('map', d, s);
  if (d.rarely(12)) return op;
  if (names(s) >= NAMES - 1 && ['open_container', 'open_group', 'get_device', 'dup'].includes(op))
    return 'close';
  if (ON_A_LIVE_CONTAINER.includes(op) || op === 'get_device')
    return live(s).length > 0 ? op : towardsALife(s);
  if (EMULATED.includes(op))
    return emulatedOpen(s) ? op : live(s).length > 0 ? 'get_device' : towardsALife(s);
  if (op === 'set_iommu') return lifeless(s).length > 0 ? op : towardsALife(s);
  if (op === 'set_container') return homeless(s).length > 0 ? op : towardsALife(s);
  if (op === 'open_group') return openable(s).length > 0 ? op : mending(s);
  if (op === 'device_reset' && openOf(s, 'device').length === 0) return 'get_device';
  return op;
}

/** The next call on the way to a container with a backend. */
function towardsALife(s: State): Op['op'] {
  if (lifeless(s).length > 0) return 'set_iommu';
  if (openOf(s, 'container').length === 0) return 'open_container';
  if (homeless(s).length > 0) return 'set_container';
  return openable(s).length > 0 ? 'open_group' : mending(s);
}

/** Where no group can be opened: what would change that. */
function mending(s: State): Op['op'] {
  if (s.devices.some(x => x.leaving !== 'no') || openOf(s, 'revoked').length > 0) return 'close';
  if (s.devices.some(x => x.driver === 'none')) return 'bind';
  if (s.devices.some(x => x.driver === 'absent')) return 'hot_add';
  return s.devices.some(x => x.driver === 'kernel') ? 'unbind' : 'close';
}

/** Mostly one of those that the call is meant for. */
function oneOf(d: Digits, s: State, kind: Kind, wanted: readonly number[]): number {
  return wanted.length === 0 || d.rarely(12) ? handle(d, s, kind) : wanted[d.next(NAMES) % wanted.length]!;
}

/** Mostly one that is open and of this kind. */
function handle(d: Digits, s: State, kind: Kind): number {
  if (d.rarely(14)) return d.rarely(3) ? d.of([-1, NAMES]) : d.next(NAMES);
  const open = openOf(s, kind);
  return open.length === 0 ? d.next(NAMES) : open[d.next(NAMES) % open.length]!;
}

/** A name that is free; where none is, or once in a while, one that is not. */
function fresh(d: Digits, s: State): number {
  const free = Array.from({ length: NAMES }, (_, name) => name).filter(
    name => s.handles.get(name).kind === 'free',
  );
  return free.length === 0 || d.rarely(20) ? d.next(NAMES) : free[d.next(NAMES) % free.length]!;
}

const mmOf = (d: Digits, s: State): number => (d.rarely(3) ? d.next(s.mms.length) : 0);
function groupOf(d: Digits, s: State, m: Setup): number {
  const wanted = openable(s);
  if (wanted.length > 0 && !d.rarely(8)) return wanted[d.next(NAMES) % wanted.length]!;
  return d.next(Math.max(1, m.groups.length + (d.rarely(12) ? 1 : 0)));
}

/** Mostly one of the group that the handle is of, else any, or (rarely) one that nobody knows. */
function memberOf(d: Digits, s: State, at: number): number {
  const h = at < 0 ? undefined : s.handles.get(at);
  const members = s.devices.flatMap((x, i) => (h?.kind === 'group' && x.group === h.target ? [i] : []));
  if (members.length === 0 || d.rarely(8))
    return d.next(Math.max(1, s.devices.length + (d.rarely(4) ? 1 : 0)));
  return members[d.next(NAMES) % members.length]!;
}

/** Mostly a device with one of these drivers. */
function deviceIn(d: Digits, s: State, drivers: readonly State['devices'][number]['driver'][]): number {
  const found = s.devices.flatMap((x, i) => (drivers.includes(x.driver) ? [i] : []));
  if (found.length === 0 || d.rarely(10)) return d.next(Math.max(1, s.devices.length));
  return found[d.next(NAMES) % found.length]!;
}

function leavingOf(d: Digits, s: State): number {
  const found = s.devices.flatMap((x, i) => (x.leaving !== 'no' ? [i] : []));
  return found[0] ?? d.next(Math.max(1, s.devices.length));
}

/** An emulated device; there is one where this is asked for. */
function emulatedOf(d: Digits, s: State): number {
  const found = s.devices.flatMap((x, i) => (s.groups[x.group]!.kind === 'emulated' ? [i] : []));
  return found[d.next(NAMES) % Math.max(1, found.length)] ?? 0;
}

/** Mostly where something is mapped for it. */
function onPages(d: Digits, s: State): { device: number; iova: bigint } {
  const device = emulatedOf(d, s);
  return { device, iova: partOf(d, s, homeOf(s, device))?.iova ?? page(d) };
}

const homeOf = (s: State, device: number): number =>
  s.groups[s.devices[device]?.group ?? -1]?.container ?? -1;

/** A driver that such a device can have. */
function fitting(
  d: Digits,
  s: State,
  device: number,
): { device: number; driver: 'vfio' | 'kernel' | 'stub' } {
  const emulated = s.groups[s.devices[device]?.group ?? -1]?.kind === 'emulated';
  return { device, driver: emulated ? 'vfio' : d.of(['vfio', 'vfio', 'vfio', 'kernel', 'stub']) };
}

const unreadable = (d: Digits): { arg?: 'unreadable' } => (d.rarely(30) ? { arg: 'unreadable' } : {});

const argument = (d: Digits): { arg?: 'unreadable' | 'short' | 'unwritable' } =>
  d.rarely(18) ? { arg: d.of(['unreadable', 'short', 'unwritable']) } : {};

const mapFlags = (d: Digits): { unknown?: true; renew?: true } =>
  d.rarely(24) ? (d.next(2) === 0 ? { unknown: true } : { renew: true }) : {};

const UNMAP_FLAGS = [
  { all: true },
  { invalidate: true },
  { invalidate: true },
  { all: true, invalidate: true },
  { unknown: true },
] as const;

const unmapFlags = (d: Digits): { all?: true; invalidate?: true; unknown?: true } =>
  d.rarely(14) ? d.of(UNMAP_FLAGS) : {};

export const vfioType1Calls: Calls<Setup, State, Op> = {
  machines: MACHINES,
  next: byWeight<Setup, State, Op>(ARMS, possible),
};
