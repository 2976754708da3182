// Which calls does a bounded world of vfio-2011 try, and which of them are the same by renaming?
import { selector } from '../../spec/kit/selector.js';
import type { SlotTable } from '../../spec/kit/table.js';
import type { Handle, Op, State } from '../../spec/vfio-2011/state.js';

/** Families of operations that a world includes. */
export interface Scope {
  readonly groups: readonly number[];
  readonly devices: readonly number[];
  readonly mms: readonly number[];
  readonly handles: number;
  /** Pages of IOVA; 0: no mapping at all. */
  readonly pages: number;
  readonly frames?: readonly number[];
  readonly prots?: readonly ('r' | 'w' | 'rw')[];
  readonly merge?: boolean;
  readonly byHandle?: boolean;
  readonly info?: boolean;
  readonly dma?: boolean;
  /** Devices that come and go. */
  readonly hotplug?: readonly number[];
  /** Another driver may take a device that comes. */
  readonly claimed?: boolean;
  /** Devices whose drivers change. */
  readonly drivers?: readonly number[];
  readonly ticks?: boolean;
  readonly timeouts?: readonly number[];
  /** Arguments that are wrong in every way that a rule knows. */
  readonly wrong?: boolean;
}

const PAGE = 4096n;
const NEVER_OPEN = -1;
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Every instance of every operation in scope, in a fixed order. */
export function opsOf(scope: Scope): readonly Op[] {
  const handles = scope.wrong ? [...range(scope.handles), NEVER_OPEN] : range(scope.handles);
  return [
    ...entries(scope, handles),
    ...(scope.merge ? merges(scope, handles) : []),
    ...handles.map((handle): Op => ({ op: 'close', handle })),
    ...(scope.pages > 0 ? mappings(scope, handles) : []),
    ...comings(scope),
    ...(scope.wrong ? wrongs(scope) : []),
  ];
}

function entries(scope: Scope, handles: readonly number[]): readonly Op[] {
  const ops: Op[] = [];
  for (const mm of scope.mms) {
    for (const group of scope.groups)
      for (const as of range(scope.handles)) ops.push({ op: 'open_group', group, as, mm });
    for (const handle of handles) {
      if (scope.info) ops.push({ op: 'group_info', handle, mm });
      for (const as of range(scope.handles)) {
        ops.push({ op: 'get_context', handle, as, mm });
        for (const device of scope.devices) ops.push({ op: 'get_device', handle, device, as, mm });
      }
    }
  }
  return ops;
}

function merges(scope: Scope, handles: readonly number[]): readonly Op[] {
  const ops: Op[] = [];
  for (const mm of scope.mms) {
    for (const handle of handles) {
      for (const incoming of handles) ops.push({ op: 'merge', handle, incoming, mm });
      ops.push({ op: 'unmerge', handle, member: null, mm });
      if (scope.byHandle) for (const member of handles) ops.push({ op: 'unmerge', handle, member, mm });
    }
  }
  return ops;
}

function mappings(scope: Scope, handles: readonly number[]): readonly Op[] {
  const ops: Op[] = [];
  const pages = scope.pages;
  for (const mm of scope.mms) {
    for (const handle of handles) {
      for (const page of range(pages)) {
        for (let count = 1; page + count <= pages; count++) {
          const at = { handle, iova: BigInt(page) * PAGE, size: BigInt(count) * PAGE, mm };
          for (const frame of scope.frames ?? [0]) {
            const paddr = BigInt(frame + page) * PAGE;
            for (const prot of scope.prots ?? (['rw'] as const)) ops.push({ op: 'map', ...at, paddr, prot });
          }
          ops.push({ op: 'unmap', ...at });
        }
      }
    }
  }
  if (scope.dma) {
    for (const device of scope.devices) {
      for (const page of range(pages)) {
        for (const access of ['read', 'write'] as const)
          ops.push({ op: 'dma', device, iova: BigInt(page) * PAGE, access });
      }
    }
  }
  return ops;
}

function comings(scope: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const device of scope.hotplug ?? []) {
    ops.push({ op: 'hot_add', device, claimed: false });
    if (scope.claimed) ops.push({ op: 'hot_add', device, claimed: true });
    ops.push({ op: 'hot_remove', device }, { op: 'delete', device });
  }
  for (const device of scope.drivers ?? []) {
    ops.push(
      { op: 'bind', device, driver: 'vfio' },
      { op: 'bind', device, driver: 'kernel' },
      { op: 'unbind', device },
    );
  }
  const leave = new Set([...(scope.hotplug ?? []), ...(scope.drivers ?? [])]);
  for (const device of leave) ops.push({ op: 'resume', device });
  if (scope.ticks) ops.push({ op: 'tick' });
  for (const ticks of scope.timeouts ?? []) {
    ops.push({ op: 'set_timeout', ticks, admin: true }, { op: 'set_timeout', ticks, admin: false });
  }
  return ops;
}

/** One instance for each way to be wrong; they are refused or noted, so they cost no states. */
function wrongs(scope: Scope): readonly Op[] {
  const nobody = 99;
  const mm = 0;
  const arg = 'unreadable' as const;
  const short = 'short' as const;
  const each = range(scope.handles).flatMap((handle): readonly Op[] => {
    const map = { op: 'map', handle, iova: 0n, paddr: 0n, size: PAGE, prot: 'rw', mm } as const;
    const unmap = { op: 'unmap', handle, iova: 0n, size: PAGE, mm } as const;
    return [
      { op: 'group_info', handle, mm, arg },
      { op: 'group_info', handle, mm, arg: short },
      { op: 'get_device', handle, device: 0, as: scope.handles - 1, mm, arg },
      { op: 'get_device', handle, device: nobody, as: scope.handles - 1, mm },
      { op: 'merge', handle, incoming: 0, mm, arg },
      { op: 'unmerge', handle, member: -1, mm },
      { op: 'unmerge', handle, member: handle, mm, arg },
      { ...map, arg },
      { ...map, arg: short },
      { ...map, prot: 'none' },
      { ...map, iova: 1n },
      { ...map, size: 0n },
      { ...map, iova: 0xffff_ffff_ffff_f000n, size: 2n * PAGE },
      { ...map, iova: 1n << 48n },
      { ...unmap, arg },
      { ...unmap, arg: short },
      { ...unmap, size: 1n },
    ];
  });
  return [
    ...each,
    { op: 'open_group', group: nobody, as: 0, mm },
    { op: 'dma', device: nobody, iova: 0n, access: 'read' },
    { op: 'hot_add', device: nobody, claimed: false },
    { op: 'bind', device: nobody, driver: 'vfio' },
    { op: 'unbind', device: nobody },
    { op: 'hot_remove', device: nobody },
    { op: 'delete', device: nobody },
    { op: 'resume', device: nobody },
  ];
}

/** Bounded worlds keep descriptors in slots: the first that is free, or -1. */
const lowestFree = selector('lowestFree', (s: State): number => {
  const { slots } = s.handles as SlotTable<Handle>;
  return slots.findIndex((_, name) => !s.handles.has(name));
});

/**
 * A new descriptor takes the lowest free name: any other choice is the same state with names swapped. A
 * command on a free name is the same as on any other free name, and tried once, on one that is never open.
 */
export function offers(s: State, op: Op): boolean {
  if ('as' in op) {
    if (op.as !== Math.max(lowestFree(s), 0)) return false;
  }
  return !('handle' in op) || op.handle < 0 || s.handles.get(op.handle).kind !== 'free';
}
