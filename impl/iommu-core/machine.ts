// Which calls does an IOMMU core offer? The public face of the implementation, one call after the other.

import { EBADF } from '../errno.js';
import * as attach from './attach.js';
import * as aux from './aux.js';
import { Core, type Doing, putGroup } from './core.js';
import * as members from './members.js';
import { type Options, partsOf } from './options.js';
import * as ownership from './ownership.js';
import * as pasids from './pasid.js';
import * as reset from './reset.js';
import * as snapshot from './snapshot.js';
import { STEPS } from './steps.js';
import * as sva from './sva.js';
import * as translation from './translation.js';

/** Runs an operation to its end with nobody in between. */
export function finish(doing: Doing): number {
  let step = doing.next();
  while (step.done !== true) step = doing.next();
  return step.value;
}

const FRAME_BITS = 12n;
const LOW_BITS = 0xfffn;
const frame = (bytes: bigint): number => Number(bytes >> FRAME_BITS);

/**
 * Every call answers a number: 0 or another value from 0 up, WARNED where the kernel would complain of its
 * caller, or a negative errno. Nothing is thrown for a refusal.
 *
 * Devices, groups, buses and address spaces are positions in the hardware's lists. Domains and references are
 * handles; one that was given back is refused for ever. STATIC_IDENTITY, STATIC_BLOCKED and NULL_DOMAIN can stand
 * for a domain. Owners and attach handles are the caller's own numbers, -1: none. Addresses and sizes are pages
 * of 4 KiB; the forms that end in `Bytes` take whole addresses.
 */
export class IommuCore {
  readonly core: Core;

  constructor(options: Options) {
    this.core = new Core(partsOf(options, STEPS));
  }

  /** Back to the start. Old handles stay stale. */
  reset(): void {
    this.core.boot();
  }

  // Devices that come and go, and the references that keep their group.

  probe(device: number, queued = false): number {
    return finish(members.probe(this.core, device, queued));
  }

  remove(device: number): number {
    return finish(members.remove(this.core, device));
  }

  setupDefault(group: number): number {
    return finish(members.setupQueued(this.core, group));
  }

  /** A handle, -ENODEV. */
  getGroup(device: number): number {
    return members.getGroup(this.core, device);
  }

  putGroup(reference: number): number {
    const group = this.core.references.get(reference);
    if (group === undefined) return -EBADF;
    this.core.references.remove(reference);
    return putGroup(this.core, group);
  }

  storeType(group: number, word: members.TypeWord, privileged: boolean): number {
    return finish(members.storeType(this.core, group, word, privileged));
  }

  bind(device: number, managed: boolean): number {
    return ownership.bind(this.core, device, managed);
  }

  unbind(device: number): number {
    return ownership.unbind(this.core, device);
  }

  // Who may decide what the devices of a group reach.

  claimGroup(group: number, owner: number): number {
    return finish(ownership.claimGroup(this.core, group, owner));
  }

  releaseGroup(group: number): number {
    return finish(ownership.releaseGroup(this.core, group));
  }

  claimDevice(device: number, owner: number): number {
    return finish(ownership.claimDevice(this.core, device, owner));
  }

  releaseDevice(device: number): number {
    return finish(ownership.releaseDevice(this.core, device));
  }

  /** 1 or 0. */
  isClaimed(group: number): number {
    return ownership.isClaimed(this.core, group);
  }

  // Domains: made, attached, exchanged, given back.

  /** A handle, -ENODEV, -ENOMEM. */
  allocForDevice(device: number): number {
    return finish(translation.allocForDevice(this.core, device));
  }

  allocForGroup(group: number): number {
    return finish(translation.allocForGroup(this.core, group));
  }

  allocForBus(bus: number): number {
    return finish(translation.allocForBus(this.core, bus));
  }

  freeDomain(domain: number): number {
    return translation.freeDomain(this.core, domain);
  }

  attachDevice(device: number, domain: number): number {
    return finish(attach.attachDevice(this.core, device, domain));
  }

  detachDevice(device: number, domain: number): number {
    return finish(attach.detachDevice(this.core, device, domain));
  }

  attachGroup(group: number, domain: number): number {
    return finish(attach.attachGroup(this.core, group, domain));
  }

  detachGroup(group: number): number {
    return finish(attach.detachGroup(this.core, group));
  }

  replaceGroup(group: number, domain: number): number {
    return finish(attach.replaceGroup(this.core, group, domain));
  }

  attachHandle(group: number, domain: number, handle: number): number {
    return finish(attach.attachHandle(this.core, group, domain, handle));
  }

  detachHandle(group: number): number {
    return finish(attach.detachHandle(this.core, group));
  }

  replaceHandle(group: number, domain: number, handle: number): number {
    return finish(attach.replaceHandle(this.core, group, domain, handle));
  }

  getHandle(group: number, pasid: number, kind: attach.HandleKind): number {
    return attach.getHandle(this.core, group, pasid, kind);
  }

  attachDeferred(device: number): number {
    return finish(attach.attachDeferred(this.core, device));
  }

  prepareReset(device: number): number {
    return finish(reset.prepareReset(this.core, device));
  }

  finishReset(device: number): number {
    return finish(reset.finishReset(this.core, device));
  }

  settle(device: number): number {
    return reset.settle(this.core, device);
  }

  // Process address space ids.

  allocPasid(device: number): number {
    return pasids.allocPasid(this.core, device);
  }

  freePasid(device: number, pasid: number): number {
    return pasids.freePasid(this.core, device, pasid);
  }

  attachPasid(device: number, domain: number, pasid: number, handle: number): number {
    return finish(pasids.attachPasid(this.core, device, domain, pasid, handle));
  }

  replacePasid(device: number, domain: number, pasid: number, handle: number): number {
    return finish(pasids.replacePasid(this.core, device, domain, pasid, handle));
  }

  detachPasid(device: number, pasid: number): number {
    return finish(pasids.detachPasid(this.core, device, pasid));
  }

  bindSpace(device: number, mm: number): number {
    return finish(sva.bindSpace(this.core, device, mm));
  }

  unbindSpace(device: number, mm: number): number {
    return finish(sva.unbindSpace(this.core, device, mm));
  }

  endSpace(mm: number): number {
    return sva.endSpace(this.core, mm);
  }

  // Aux domains.

  enableAux(device: number): number {
    return finish(aux.enableAux(this.core, device));
  }

  disableAux(device: number): number {
    return aux.disableAux(this.core, device);
  }

  attachAux(device: number, domain: number, mdev: number): number {
    return finish(aux.attachAux(this.core, device, domain, mdev));
  }

  detachAux(device: number, domain: number, mdev: number): number {
    return aux.detachAux(this.core, device, domain, mdev);
  }

  auxPasid(device: number, domain: number): number {
    return aux.auxPasid(this.core, device, domain);
  }

  /** The handle of the domain. */
  lookupAux(device: number): number {
    return aux.lookupAux(this.core, device);
  }

  // What a domain translates, and what a device reaches.

  map(domain: number, page: number, frame: number, pages: number, odd?: translation.Odd): number {
    return translation.map(this.core, domain, page, frame, pages, odd);
  }

  mapBytes(domain: number, iova: bigint, paddr: bigint, size: bigint): number {
    const odd = { addresses: Number((iova | paddr) & LOW_BITS), size: Number(size & LOW_BITS) };
    return this.map(domain, frame(iova), frame(paddr), frame(size), odd);
  }

  /** Pages that went. */
  unmap(domain: number, page: number, pages: number, odd?: translation.Odd): number {
    return translation.unmap(this.core, domain, page, pages, odd);
  }

  unmapBytes(domain: number, iova: bigint, size: bigint): bigint {
    const odd = { addresses: Number(iova & LOW_BITS), size: Number(size & LOW_BITS) };
    const gone = this.unmap(domain, frame(iova), frame(size), odd);
    return gone < 0 ? BigInt(gone) : BigInt(gone) << FRAME_BITS;
  }

  /** The address behind an address; 0 where there is none. */
  toPhysical(domain: number, iova: bigint): bigint {
    const found = translation.frameOf(this.core, domain, frame(iova));
    if (found === translation.NOWHERE) return 0n;
    return found < 0 ? BigInt(found) : (BigInt(found) << FRAME_BITS) | (iova & LOW_BITS);
  }

  dma(device: number, pasid: number, page: number): number {
    return translation.dma(this.core, device, pasid, page);
  }

  dmaBytes(device: number, pasid: number, iova: bigint): bigint {
    const reached = this.dma(device, pasid, frame(iova));
    return reached < 0 ? BigInt(reached) : (BigInt(reached) << FRAME_BITS) | (iova & LOW_BITS);
  }

  capable(of: 'device' | 'group' | 'domain', at: number, what: translation.Capability): number {
    return translation.capable(this.core, of, at, what);
  }

  // What can be seen from outside: counts and pointers as they are kept.

  device(device: number): snapshot.DeviceSeen {
    return snapshot.deviceSeen(this.core, device);
  }

  group(group: number): snapshot.GroupSeen | undefined {
    return snapshot.groupSeen(this.core, group);
  }

  domain(handle: number): snapshot.DomainSeen | undefined {
    return snapshot.domainSeen(this.core, handle);
  }

  /** The group behind a reference, -1: it was given back. */
  reference(reference: number): number {
    return this.core.references.get(reference)?.index ?? -1;
  }

  space(mm: number): { readonly alive: boolean; readonly pasid: number } {
    const { alive, pasid } = this.core.spaces[mm];
    return { alive, pasid };
  }
}
