// Which calls does a POWER machine with TCE windows offer? The public face of the implementation.
import { boot, restart } from './boot.js';
import { READABLE } from './calls.js';
import * as containers from './containers.js';
import { Core } from './core.js';
import * as reach from './dma.js';
import * as dynamic from './dynamic.js';
import * as hypercalls from './hypercalls.js';
import * as kvm from './kvm.js';
import * as mapping from './mapping.js';
import type { GuestWindow, HwTable } from './objects.js';
import { DEVICE_STATES } from './objects.js';
import { type Options, partsOf } from './options.js';
import * as ownership from './ownership.js';
import * as regions from './regions.js';
import * as rtas from './rtas.js';
import * as snapshot from './snapshot.js';
import { STEPS } from './steps.js';

/**
 * Calls of the kernel answer 0 or more, or a negative errno; hypercalls and firmware calls answer their own codes
 * (H_PARAMETER, H_TOO_HARD; RTAS_HW_ERROR, RTAS_PARAM_ERROR). Where a call has more to tell, it answers a record, or a
 * number if it was refused. Nothing is thrown for a refusal, and a refusal has changed nothing, but where the choices say
 * that a batch may stop in the middle.
 *
 * Everything is named by its position in the hardware's lists, containers by a number of the caller's, windows of a guest
 * by their LIOBN. Addresses, sizes and TCEs are whole 64-bit values. `prot` and `access`: 1 read, 2 write.
 */
export class SpaprTce {
  readonly core: Core;

  constructor(options: Options) {
    this.core = new Core(partsOf(options, STEPS));
    boot(this.core);
  }

  /** Back to the start, at the cost of what is mapped. */
  reset(): void {
    restart(this.core);
  }

  probe(device: number): number {
    return ownership.probe(this.core, device);
  }

  remove(device: number): number {
    return ownership.remove(this.core, device);
  }

  /** 1 coherent, 0 not, -ENODEV. */
  capable(device: number): number {
    return ownership.capable(this.core, device);
  }

  bind(device: number): number {
    return ownership.bindDevice(this.core, device);
  }

  claim(group: number): number {
    return ownership.claim(this.core, group);
  }

  release(group: number): number {
    return ownership.release(this.core, group);
  }

  kernelMap(group: number, iova: bigint, paddr: bigint, size: bigint, prot: number): number {
    return ownership.kernelMap(this.core, group, iova, paddr, size, prot);
  }

  kernelUnmap(group: number, iova: bigint, size: bigint): number {
    return ownership.kernelUnmap(this.core, group, iova, size);
  }

  /** `version` 0: a type that is not this driver's. */
  open(as: number, version: 0 | 1 | 2): number {
    return containers.open(this.core, as, version);
  }

  close(container: number): number {
    return containers.close(this.core, container);
  }

  attach(container: number, group: number): number {
    return containers.attach(this.core, container, group);
  }

  detach(container: number, group: number): number {
    return containers.detach(this.core, container, group);
  }

  enable(container: number, mm: number): number {
    return containers.enable(this.core, container, mm);
  }

  disable(container: number, mm: number): number {
    return containers.disable(this.core, container, mm);
  }

  info(container: number, mm: number, arg = READABLE): containers.Info | number {
    return containers.info(this.core, container, mm, arg);
  }

  register(container: number, mm: number, ua: bigint, size: bigint, arg = READABLE): number {
    return regions.register(this.core, container, mm, ua, size, arg);
  }

  unregister(container: number, mm: number, ua: bigint, size: bigint, arg = READABLE): number {
    return regions.unregister(this.core, container, mm, ua, size, arg);
  }

  /** The first page of the new window. */
  createWindow(
    container: number,
    mm: number,
    shift: number,
    size: bigint,
    levels: number,
    arg = READABLE,
  ): { readonly start: number } | number {
    return dynamic.createWindow(this.core, container, mm, shift, size, levels, arg);
  }

  removeWindow(container: number, mm: number, start: bigint, arg = READABLE): number {
    return dynamic.removeWindow(this.core, container, mm, start, arg);
  }

  map(
    container: number,
    mm: number,
    iova: bigint,
    ua: bigint,
    size: bigint,
    prot: number,
    arg = READABLE,
  ): number {
    return mapping.map(this.core, container, mm, iova, ua, size, prot, arg);
  }

  unmap(container: number, mm: number, iova: bigint, size: bigint, arg = READABLE): number {
    return mapping.unmap(this.core, container, mm, iova, size, arg);
  }

  kvmCreate(liobn: bigint, shift: number, offset: bigint, size: bigint): number {
    return kvm.create(this.core, liobn, shift, offset, size);
  }

  kvmClose(liobn: bigint): number {
    return kvm.close(this.core, liobn);
  }

  kvmAttach(liobn: bigint, group: number): number {
    return kvm.attach(this.core, liobn, group);
  }

  kvmRelease(group: number): number {
    return kvm.release(this.core, group);
  }

  hPutTce(liobn: bigint, ioba: bigint, tce: bigint): number {
    return hypercalls.putTce(this.core, liobn, ioba, tce);
  }

  /** `tces`: what stands at the guest address `list`. */
  hPutTceIndirect(liobn: bigint, ioba: bigint, list: bigint, count: bigint, tces: readonly bigint[]): number {
    return hypercalls.putIndirect(this.core, liobn, ioba, list, count, tces);
  }

  hStuffTce(liobn: bigint, ioba: bigint, tce: bigint, count: bigint): number {
    return hypercalls.stuffTce(this.core, liobn, ioba, tce, count);
  }

  hGetTce(liobn: bigint, ioba: bigint): bigint | number {
    return hypercalls.getTce(this.core, liobn, ioba);
  }

  /** `wrong`: with another number of inputs or outputs than the service has. */
  ddwQuery(buid: bigint, outputs: number, wrong = false): rtas.Query | number {
    return rtas.query(this.core, buid, outputs, wrong);
  }

  ddwCreate(buid: bigint, shift: number, window: number, wrong = false): GuestWindow | number {
    return rtas.create(this.core, buid, shift, window, wrong);
  }

  ddwRemove(liobn: bigint, wrong = false): number {
    return rtas.remove(this.core, liobn, wrong);
  }

  ddwReset(buid: bigint, wrong = false): number {
    return rtas.reset(this.core, buid, wrong);
  }

  /** The address that the device reaches, DMA_FAULT, or -ENODEV. */
  dma(device: number, iova: bigint, access: number): bigint {
    return reach.dma(this.core, device, iova, access);
  }

  guestDma(liobn: bigint, ioba: bigint, access: number): bigint {
    return reach.guestDma(this.core, liobn, ioba, access);
  }

  // What can be seen from outside: the counters as they are kept.

  device(d: number): (typeof DEVICE_STATES)[number] {
    return DEVICE_STATES[this.core.devices[d]];
  }

  get groups(): Core['groups'] {
    return this.core.groups;
  }

  get containers(): Core['containers'] {
    return this.core.containers;
  }

  get regions(): Core['regions'] {
    return this.core.regions;
  }

  get guestWindows(): readonly snapshot.GuestWindowSeen[] {
    return [...this.core.windows.values()].map(snapshot.guestWindowSeen);
  }

  table(table: HwTable): snapshot.TableSeen {
    return snapshot.tableSeen(this.core, table);
  }

  locked(mm: number): number {
    return this.core.locked[mm];
  }

  /** Bytes of memory that tables take. */
  get tableBytes(): number {
    return this.core.arena.bytesInUse;
  }
}
