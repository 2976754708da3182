// Which calls does a random walk of vfio-2011 make, and on which machines?
import type { Device, Handle, Op, Setup, State } from '../vfio-2011/state.js';
import { type ArmsOf, byWeight, type Calls } from './calls.js';
import type { Digits } from './digits.js';

/** Handles are named 0 to 7; 8 is never opened and -1 is no descriptor. */
const NAMES = 8;
const PAGE = 4096n;

const group = (bus: string, id: number, coherent = true) => ({ bus, id, coherent });
const device = (
  name: string,
  at: number | null,
  driver: 'absent' | 'unbound' | 'vfio' | 'kernel' = 'vfio',
) => ({
  name,
  group: at,
  driver,
});

const MACHINES: { readonly [name: string]: Setup } = {
  'three groups, two devices to come': {
    groups: [group('pci', 1), group('pci', 2), group('pci', 3)],
    devices: [
      device('a', 0),
      device('b', 1),
      device('c', 2),
      device('d', 0, 'absent'),
      device('e', 1, 'absent'),
    ],
    mms: [{ lockLimit: 6 }, { lockLimit: null }],
    timeout: 2,
  },
  'two buses with the same numbers': {
    groups: [group('pci', 1), group('amba', 1), group('pci', 2)],
    devices: [
      device('a', 0),
      device('b', 1, 'absent'),
      device('c', 2),
      device('d', 1, 'absent'),
      device('e', null),
    ],
    mms: [{ lockLimit: null }, { lockLimit: 3 }],
    timeout: 1,
  },
  'shared numbers from the start': {
    groups: [group('pci', 1), group('amba', 1), group('pci', 1, false)],
    devices: [
      device('a', 0),
      device('b', 1),
      device('c', 2),
      device('d', 1, 'kernel'),
      device('e', 2, 'unbound'),
    ],
    mms: [{ lockLimit: null }, { lockLimit: null }],
    timeout: 1,
  },
  'groups of two, one not coherent': {
    groups: [group('pci', 1), group('pci', 2), group('pci', 3, false), group('pci', 4)],
    devices: [
      device('a', 0),
      device('b', 0),
      device('c', 1),
      device('d', 2),
      device('e', 3),
      device('f', 3, 'unbound'),
    ],
    mms: [{ lockLimit: 8 }, { lockLimit: 8 }],
    timeout: 0,
  },
};

const IOVAS = [
  0x200n,
  0x200000n,
  0x3ff000n,
  0x40000000n,
  (1n << 48n) - PAGE,
  1n << 48n,
  (1n << 64n) - PAGE,
  0x8000000000n,
];
const SIZES = [0n, 0x800n, 0x200000n, 0x201000n, 0x40000000n, 1n << 40n, 1n << 48n, (1n << 64n) - PAGE];

/** As often as they are worth it: what takes things away comes seldom. */
export const ARMS: ArmsOf<Setup, State, Op> = {
  open_group: {
    weight: 8,
    make: (d, state, setup) => ({
      op: 'open_group',
      group: d.next(Math.max(1, setup.groups.length + (d.rarely(8) ? 1 : 0))),
      as: fresh(d, state),
      mm: d.next(state.mms.length),
    }),
  },
  group_info: { weight: 2, make: (d, s) => ({ op: 'group_info', ...onGroup(d, s), ...argument(d) }) },
  get_context: {
    weight: 8,
    make: (d, s) => {
      const { handle, mm } = onGroup(d, s);
      return { op: 'get_context', handle, as: fresh(d, s), mm };
    },
  },
  get_device: {
    weight: 12,
    make: (d, s) => {
      const { handle, mm } = onGroup(d, s);
      return { op: 'get_device', handle, device: inSet(d, s, handle), as: fresh(d, s), mm, ...argument(d) };
    },
  },
  merge: {
    weight: 14,
    make: (d, s) => {
      const { handle, mm } = onGroup(d, s);
      return { op: 'merge', handle, incoming: stranger(d, s, handle), mm, ...argument(d) };
    },
  },
  unmerge: {
    weight: 6,
    make: (d, s) => {
      const { handle: at, mm } = onGroup(d, s);
      const member = d.next(2) === 0 ? null : handle(d, s, 'group');
      return { op: 'unmerge', handle: at, member, mm, ...argument(d) };
    },
  },
  close: {
    weight: 10,
    make: (d, s) => ({
      op: 'close',
      handle: handle(d, s, (['device', 'context', 'group', 'dead'] as const)[d.next(4)]!),
    }),
  },
  map: {
    weight: 16,
    make: (d, s) => {
      const at = onMemory(d, s);
      const prot = (['rw', 'rw', 'rw', 'r', 'w', 'none'] as const)[d.next(6)]!;
      return { op: 'map', ...at, paddr: frameFor(d, at.iova), prot, ...argument(d) };
    },
  },
  unmap: {
    weight: 8,
    make: (d, s) => {
      const at = onMemory(d, s);
      return { op: 'unmap', ...at, ...mappedPart(d, s, at.handle), ...argument(d) };
    },
  },
  dma: {
    weight: 20,
    make: (d, s) => {
      const access = d.next(2) === 0 ? 'read' : 'write';
      const device = attached(d, s);
      const at = { iova: iova(d), ...mappedPart(d, s, device, true) }.iova;
      return { op: 'dma', device, access, iova: at + BigInt(d.next(3)) };
    },
  },
  hot_add: {
    weight: 5,
    make: (d, s) => ({ op: 'hot_add', device: place(d, s, 'absent'), claimed: d.next(3) === 2 }),
  },
  bind: {
    weight: 10,
    make: (d, s) => ({
      op: 'bind',
      device: place(d, s, 'unbound'),
      driver: d.next(5) === 4 ? 'kernel' : 'vfio',
    }),
  },
  unbind: { weight: 4, make: (d, s) => ({ op: 'unbind', device: driven(d, s) }) },
  hot_remove: { weight: 2, make: (d, s) => ({ op: 'hot_remove', device: driven(d, s) }) },
  delete: { weight: 1, make: (d, s) => ({ op: 'delete', device: driven(d, s) }) },
  resume: { weight: 6, make: (d, s) => ({ op: 'resume', device: place(d, s, 'woken') }) },
  tick: { weight: 5, make: () => ({ op: 'tick' }) },
  set_timeout: {
    weight: 1,
    make: d => ({ op: 'set_timeout', ticks: d.next(4), admin: d.next(4) !== 3 }),
  },
};
const UNCALLED: readonly Op['op'][] = [
  'dma',
  'hot_add',
  'bind',
  'unbind',
  'hot_remove',
  'delete',
  'resume',
  'set_timeout',
];

/** Without a handle to make it on, a call is mostly one that makes the handle; without a process nobody makes one. */
function possible(op: Op['op'], d: Digits, state: State): Op['op'] {
  if (state.mms.length === 0) return UNCALLED.includes(op) ? op : 'tick';
  if (d.rarely(10)) return op;
  if (op === 'map' || op === 'unmap') {
    if (openOf(state, 'context').length > 0) return op;
    return openOf(state, 'group').length > 0 ? 'get_context' : 'open_group';
  }
  if (op === 'merge' && setsEntered(state) < 2) return 'open_group';
  const onGroups: readonly Op['op'][] = ['group_info', 'get_context', 'get_device', 'merge', 'unmerge'];
  return onGroups.includes(op) && openOf(state, 'group').length === 0 ? 'open_group' : op;
}

/** A group handle, and who makes the call on it. */
function onGroup(d: Digits, state: State): { readonly handle: number; readonly mm: number } {
  const at = handle(d, state, 'group');
  return { handle: at, mm: spaceFor(d, state, at) };
}

function onMemory(d: Digits, state: State) {
  const handleAt = handle(d, state, 'context');
  return { handle: handleAt, iova: iova(d), size: size(d), mm: spaceFor(d, state, handleAt) };
}

/** Mostly a device that a driver is bound to. */
const driven = (d: Digits, state: State): number => place(d, state, d.next(2) === 0 ? 'vfio' : 'kernel');

/** Half of the time, a part of something that is mapped there, often its middle. */
function mappedPart(d: Digits, state: State, of: number, device = false): { iova?: bigint; size?: bigint } {
  const home = device ? (state.devices[of]?.group ?? -1) : -1;
  const c = device ? (home < 0 ? -1 : state.groups[home]!.context) : contextBehind(state, of);
  const runs =
    c < 0 ? [] : state.maps[c]!.reduce<[number, number][]>((l, r, page) => [...l, [page, r.pages]], []);
  const run = runs[d.next(6) % runs.length];
  if (run === undefined || d.next(2) === 0) return {};
  const skipped = Math.min(d.next(3), run[1] - 1);
  return { iova: BigInt(run[0] + skipped) * PAGE, size: BigInt(d.next(3) + 1) * PAGE };
}

const openOf = (state: State, kind: Handle['kind']): readonly number[] =>
  state.handles.reduce<number[]>((list, h, name) => (h.kind === kind ? [...list, name] : list), []);

function handle(d: Digits, state: State, kind: Handle['kind']): number {
  const dead = openOf(state, 'dead');
  if (dead.length > 0 && d.rarely(4)) return dead[0]!;
  if (d.rarely(12)) return d.rarely(4) ? (d.next(2) === 0 ? -1 : NAMES) : d.next(NAMES);
  const open = openOf(state, kind);
  return open[d.next(NAMES) % open.length] ?? d.next(NAMES);
}

const contextBehind = (state: State, name: number): number => {
  const h = state.handles.get(name);
  return h.kind === 'context' ? h.target : h.kind === 'group' ? state.groups[h.target]!.context : -1;
};

const setsEntered = (state: State): number =>
  new Set(openOf(state, 'group').map(name => contextBehind(state, name))).size;

/** Mostly a group handle of another set. */
function stranger(d: Digits, state: State, name: number): number {
  const own = contextBehind(state, name);
  const others = openOf(state, 'group').filter(other => contextBehind(state, other) !== own);
  return d.rarely(6) ? handle(d, state, 'group') : (others[d.next(NAMES) % others.length] ?? name);
}

/** Mostly a device of the set, as far as the hardware's own groups tell. */
function inSet(d: Digits, state: State, name: number): number {
  const c = contextBehind(state, name);
  const own = state.devices.flatMap((v, at) =>
    v.group >= 0 && state.groups[v.group]!.context === c ? [at] : [],
  );
  return d.rarely(6) ? place(d, state, 'vfio') : (own[d.next(NAMES) % own.length] ?? place(d, state, 'vfio'));
}

/** Mostly a device of a set whose context is open. */
function attached(d: Digits, state: State): number {
  const some = state.devices.flatMap((v, at) => {
    const c = v.group < 0 ? -1 : state.groups[v.group]!.context;
    return c >= 0 && state.contexts[c]!.open ? [at] : [];
  });
  return d.rarely(6) ? place(d, state, 'vfio') : (some[d.next(12) % some.length] ?? place(d, state, 'vfio'));
}

/** Mostly whoever owns the context, else any. */
function spaceFor(d: Digits, state: State, name: number): number {
  const context = contextBehind(state, name);
  const owner = context < 0 ? -1 : state.contexts[context]!.mm;
  if (owner >= 0 && !d.rarely(12)) return owner;
  return d.next(state.mms.length);
}

function fresh(d: Digits, state: State): number {
  const name = d.next(NAMES);
  if (d.rarely(16)) return name;
  for (let n = 0; n < NAMES; n++) if (!state.handles.has((name + n) % NAMES)) return (name + n) % NAMES;
  return name;
}

/** Mostly a device in the condition that the call is meant for; now and then one past the end. */
function place(d: Digits, state: State, want: Device['driver'] | 'woken'): number {
  if (state.devices.length === 0) return 0;
  const any = d.next(state.devices.length);
  if (d.rarely(24)) return state.devices.length;
  if (d.rarely(6)) return any;
  for (let n = 0; n < state.devices.length; n++) {
    const at = (any + n) % state.devices.length;
    if (want === 'woken' ? state.devices[at]!.leaving === want : state.devices[at]!.driver === want)
      return at;
  }
  return any;
}

const argument = (d: Digits): { arg?: 'unreadable' | 'short' } =>
  d.rarely(12) ? { arg: d.next(2) === 0 ? 'unreadable' : 'short' } : {};

const iova = (d: Digits): bigint => (d.rarely(6) ? IOVAS[d.next(IOVAS.length)]! : BigInt(d.next(6)) * PAGE);

const size = (d: Digits): bigint =>
  d.rarely(6) ? SIZES[d.next(SIZES.length)]! : BigInt(d.next(4) + 1) * PAGE;

/** Often the memory that continues what neighbours map, so that mappings join; now and then none at all. */
function frameFor(d: Digits, at: bigint): bigint {
  if (d.rarely(24)) return [0x123n, 1n << 52n, (1n << 52n) - PAGE, (1n << 64n) - PAGE][d.next(4)]!;
  const offset = [0n, 0n, 0x200000n, 0x1000n, 0x40000000n][d.next(5)]!;
  return (at % (1n << 48n)) + offset;
}

export const vfio2011Calls: Calls<Setup, State, Op> = { machines: MACHINES, next: byWeight(ARMS, possible) };
