// Which calls does the 2011 design offer? The public face of the implementation.
import { boot, restart } from './boot.js';
import * as calls from './calls.js';
import * as clock from './clock.js';
import { Core } from './core.js';
import * as mapping from './mapping.js';
import * as merging from './merging.js';
import { type Options, partsOf } from './options.js';
import * as plugging from './plugging.js';
import * as snapshot from './snapshot.js';
import { STEPS } from './steps.js';

const LOW_BITS = 0xfffn;
const FRAME_BITS = 12n;

/**
 * Every call answers a number: a handle or another value from 0 up, or a negative errno. Nothing is thrown
 * for a refusal, and a refusal has changed nothing.
 *
 * Devices, groups and address spaces are positions in the hardware's lists. Addresses are page frame numbers
 * (address / 4096, exact in a double), with the bits below in `offsets` where a call has to refuse them;
 * the forms that end in `Bytes` take whole addresses.
 */
export class Vfio2011 {
  private readonly core: Core;

  constructor(options: Options) {
    this.core = new Core(partsOf(options, STEPS));
    boot(this.core);
  }

  /** Back to the start, at the cost of what is open. Old handles stay stale. */
  reset(): void {
    restart(this.core);
  }

  openGroup(group: number, mm: number): number {
    return calls.openGroup(this.core, group, mm);
  }

  /** Bits: INFO_VIABLE, INFO_MM_LOCKED. */
  groupInfo(handle: number, arg = calls.READABLE): number {
    return calls.groupInfo(this.core, handle, arg);
  }

  getContext(handle: number, mm: number): number {
    return calls.getContext(this.core, handle, mm);
  }

  getDevice(handle: number, device: number, mm: number, arg = calls.READABLE): number {
    return calls.getDevice(this.core, handle, device, mm, arg);
  }

  close(handle: number): number {
    return calls.close(this.core, handle);
  }

  merge(handle: number, incoming: number, mm: number, arg = calls.READABLE): number {
    return merging.merge(this.core, handle, incoming, mm, arg);
  }

  /** The form in which a group takes itself out. */
  unmerge(handle: number, mm: number, arg = calls.READABLE): number {
    return merging.unmerge(this.core, handle, mm, arg);
  }

  /** The form in which another group of the set names the one that leaves. */
  unmergeMember(handle: number, member: number, mm: number, arg = calls.READABLE): number {
    return merging.unmergeMember(this.core, handle, member, mm, arg);
  }

  map(
    handle: number,
    mm: number,
    iova: number,
    pfn: number,
    pages: number,
    prot: number,
    offsets = 0,
    arg = calls.READABLE,
  ): number {
    return mapping.map(this.core, handle, mm, iova, pfn, pages, prot, offsets, arg);
  }

  mapBytes(
    handle: number,
    mm: number,
    iova: bigint,
    paddr: bigint,
    size: bigint,
    prot: number,
    arg = calls.READABLE,
  ): number {
    const offsets = Number((iova | paddr | size) & LOW_BITS);
    return this.map(handle, mm, frame(iova), frame(paddr), frame(size), prot, offsets, arg);
  }

  unmap(handle: number, mm: number, iova: number, pages: number, offsets = 0, arg = calls.READABLE): number {
    return mapping.unmap(this.core, handle, mm, iova, pages, offsets, arg);
  }

  unmapBytes(handle: number, mm: number, iova: bigint, size: bigint, arg = calls.READABLE): number {
    return this.unmap(handle, mm, frame(iova), frame(size), Number((iova | size) & LOW_BITS), arg);
  }

  /** The frame that an access (1 read, 2 write) to page `iova` reaches; -ENODEV, DMA_FAULT, DMA_OUTSIDE. */
  dma(device: number, iova: number, access: number): number {
    return mapping.dma(this.core, device, iova, access);
  }

  dmaBytes(device: number, iova: bigint, access: number): bigint {
    const reached = BigInt(this.dma(device, frame(iova), access));
    return reached < 0n ? reached : (reached << FRAME_BITS) | (iova & LOW_BITS);
  }

  hotAdd(device: number, claimed: boolean): number {
    return plugging.hotAdd(this.core, device, claimed);
  }

  bind(device: number, toVfio: boolean): number {
    return plugging.bind(this.core, device, toVfio);
  }

  /** 0, or WAITS: then `resume` goes on once the waiter is woken. */
  unbind(device: number): number {
    return plugging.unbind(this.core, device);
  }

  hotRemove(device: number): number {
    return plugging.hotRemove(this.core, device);
  }

  deleteDevice(device: number): number {
    return plugging.deleteDevice(this.core, device);
  }

  resume(device: number): number {
    return plugging.resume(this.core, device);
  }

  tick(): number {
    return clock.tick(this.core);
  }

  setTimeout(ticks: number, admin: boolean): number {
    return clock.setTimeout(this.core, ticks, admin);
  }

  // What can be seen from outside: the counters as they are kept.

  device(device: number): snapshot.DeviceSeen {
    return snapshot.deviceSeen(this.core, device);
  }

  group(group: number): snapshot.GroupSeen {
    return snapshot.groupSeen(this.core, group);
  }

  context(context: number): snapshot.ContextSeen {
    return snapshot.contextSeen(this.core, context);
  }

  runs(context: number): readonly snapshot.Run[] {
    return snapshot.runsSeen(this.core, context);
  }

  handle(handle: number): snapshot.HandleSeen | undefined {
    return snapshot.handleSeen(this.core, handle);
  }

  locked(mm: number): number {
    return this.core.spaces.locked[mm];
  }

  get timeout(): number {
    return this.core.timeout;
  }

  /** Table pages in use in the arena, of all who share it. */
  get tablePages(): number {
    return this.core.translator.arena.inUse;
  }
}

const frame = (bytes: bigint): number => Number(bytes >> FRAME_BITS);
