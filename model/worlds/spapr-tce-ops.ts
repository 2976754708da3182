// Which calls do the bounded worlds of spapr-tce try, and which of them are the same by renaming?
import type { Op, State } from '../../spec/spapr-tce/state.js';

export const PAGE = 4096n;
export const HIGH = 1n << 59n;

/** Two pages of user memory of each address space, one region each. */
export const MEMORY_A = 0x10000n;
export const MEMORY_B = 0x11000n;
/** Memory that is backed by pages of 64 KiB, where a machine has it. */
export const HUGE = 0x20000n;
export const NO_MEMORY = 0x80000n;

export const claim = (group: number): Op => ({ op: 'claim', group });
export const release = (group: number): Op => ({ op: 'release', group });
export const open = (as: number, type: 'v1' | 'v2' | 'other' = 'v2'): Op => ({ op: 'open', as, type });
export const close = (container: number): Op => ({ op: 'close', container });
export const attach = (container: number, group: number): Op => ({ op: 'attach', container, group });
export const detach = (container: number, group: number): Op => ({ op: 'detach', container, group });
export const enable = (container: number, mm = 0): Op => ({ op: 'enable', container, mm });
export const disable = (container: number, mm = 0): Op => ({ op: 'disable', container, mm });
export const info = (container: number, mm = 0): Op => ({ op: 'info', container, mm });
export const register = (container: number, ua: bigint, mm = 0, size = PAGE): Op => ({
  op: 'register',
  container,
  mm,
  ua,
  size,
});
export const unregister = (container: number, ua: bigint, mm = 0, size = PAGE): Op => ({
  op: 'unregister',
  container,
  mm,
  ua,
  size,
});
export const createWindow = (container: number, size = PAGE, shift = 12, levels = 1, mm = 0): Op => ({
  op: 'create_window',
  container,
  mm,
  shift,
  size,
  levels,
});
export const removeWindow = (container: number, start: bigint, mm = 0): Op => ({
  op: 'remove_window',
  container,
  mm,
  start,
});

interface MapCall {
  readonly pages?: bigint;
  readonly prot?: 'none' | 'r' | 'w' | 'rw';
  readonly mm?: number;
}
export const map = (container: number, iova: bigint, ua: bigint, call: MapCall = {}): Op => ({
  op: 'map',
  container,
  mm: call.mm ?? 0,
  iova,
  ua,
  size: (call.pages ?? 1n) * PAGE,
  prot: call.prot ?? 'rw',
});
export const unmap = (container: number, iova: bigint, pages = 1n, mm = 0): Op => ({
  op: 'unmap',
  container,
  mm,
  iova,
  size: pages * PAGE,
});
export const dma = (device: number, iova: bigint, access: 'read' | 'write' = 'read'): Op => ({
  op: 'dma',
  device,
  iova,
  access,
});
export const kernelMap = (group: number, page: bigint, prot: 'r' | 'w' | 'rw' = 'rw'): Op => ({
  op: 'kernel_map',
  group,
  iova: page * PAGE,
  paddr: 0x500000n,
  size: PAGE,
  prot,
});
export const kernelUnmap = (group: number, page: bigint): Op => ({
  op: 'kernel_unmap',
  group,
  iova: page * PAGE,
  size: PAGE,
});
export const kvmCreate = (liobn: bigint, offset: bigint, size: bigint, shift = 12): Op => ({
  op: 'kvm_create',
  liobn,
  shift,
  offset,
  size,
});
export const kvmClose = (liobn: bigint): Op => ({ op: 'kvm_close', liobn });
export const kvmAttach = (liobn: bigint, group: number): Op => ({ op: 'kvm_attach', liobn, group });
export const kvmRelease = (group: number): Op => ({ op: 'kvm_release', group });
export const put = (liobn: bigint, ioba: bigint, tce: bigint): Op => ({ op: 'h_put_tce', liobn, ioba, tce });
export const putList = (
  liobn: bigint,
  ioba: bigint,
  tces: readonly bigint[],
  list = 0n,
  count = BigInt(tces.length),
): Op => ({ op: 'h_put_tce_indirect', liobn, ioba, list, count, tces });
export const stuff = (liobn: bigint, ioba: bigint, tce: bigint, count: bigint): Op => ({
  op: 'h_stuff_tce',
  liobn,
  ioba,
  tce,
  count,
});
export const get = (liobn: bigint, ioba: bigint): Op => ({ op: 'h_get_tce', liobn, ioba });
export const guestDma = (liobn: bigint, ioba: bigint, access: 'read' | 'write' = 'read'): Op => ({
  op: 'guest_dma',
  liobn,
  ioba,
  access,
});

/** One instance for each way to be wrong about a container; they are refused or noted, so they cost few states. */
export function wrongArguments(container: number): readonly Op[] {
  const arg = ['unreadable', 'short', 'flags'] as const;
  const at = { container, mm: 0 };
  const map = { op: 'map', ...at, iova: 0n, ua: MEMORY_A, size: PAGE, prot: 'rw' } as const;
  const unmap = { op: 'unmap', ...at, iova: 0n, size: PAGE } as const;
  const region = { ...at, ua: MEMORY_A, size: PAGE } as const;
  const window = { op: 'create_window', ...at, shift: 12, size: PAGE, levels: 1 } as const;
  const last = (1n << 64n) - PAGE;
  return [
    ...arg.flatMap((word): readonly Op[] => [
      { op: 'info', ...at, arg: word },
      { op: 'register', ...region, arg: word },
      { op: 'unregister', ...region, arg: word },
      { ...window, arg: word },
      { op: 'remove_window', ...at, start: 0n, arg: word },
      { ...map, arg: word },
      { ...unmap, arg: word },
    ]),
    { op: 'register', ...region, ua: MEMORY_A + 1n },
    { op: 'register', ...region, ua: last, size: 2n * PAGE },
    { op: 'register', ...region, ua: last },
    { op: 'unregister', ...region, size: 1n },
    { op: 'unregister', ...region, ua: last, size: 2n * PAGE },
    { op: 'unregister', ...region, ua: MEMORY_B },
    { ...window, shift: 13 },
    { ...window, size: 0x3000n },
    { ...window, size: 1n << 32n },
    { op: 'remove_window', ...at, start: 1n << 40n },
    { ...map, prot: 'none' },
    { ...map, ua: MEMORY_A + 1n },
    { ...map, iova: 1n },
    { ...map, iova: last },
    { ...map, iova: HIGH },
    { ...map, size: last },
    { ...map, size: 0n },
    { ...map, ua: last, size: 2n * PAGE },
    { ...map, ua: NO_MEMORY },
    { ...unmap, iova: 1n },
    { ...unmap, iova: HIGH },
    { ...unmap, size: 1n },
    { ...unmap, size: last },
  ];
}

/**
 * A new container takes the lowest free name: any other choice is the same state with names swapped. Uses that nobody
 * takes back are made once: two of them are the same as one.
 */
export function offers(s: State, op: Op): boolean {
  if (op.op === 'h_put_tce_indirect') return s.regions.every(r => r.leaked === 0);
  if (op.op !== 'open') return true;
  const taken = s.containers.filter(c => c.kind === 'open').map(c => c.name);
  const lowest = s.containers.findIndex((_, name) => !taken.includes(name));
  return op.as === lowest || (lowest < 0 && op.as === 0);
}
