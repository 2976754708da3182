// How did a device get several domains from 2019 to 2022, and how is the one of a mediated device found?
import { EBUSY, EINVAL, ENODEV, ENOENT, ENOMEM, EPERM } from '../errno.js';
import { type Core, type Doing, fails, groupOf, setGroupDomain, setProgrammed } from './core.js';
import type { Device, Domain, Group, Instance } from './objects.js';
import { isUsed } from './pasid.js';
import { fits } from './set-domain.js';

/** The device, if its IOMMU's driver knows about aux domains. */
function auxCapable(core: Core, index: number): Device | undefined {
  const device = core.devices[index];
  return groupOf(device) !== undefined && device?.instance?.setup.aux ? device : undefined;
}

export function* enableAux(core: Core, index: number): Doing {
  const device = core.devices[index];
  if (groupOf(device) === undefined || device === undefined) return -ENODEV;
  if (!device.instance?.setup.aux || device.pasids === 0) return -EINVAL;
  yield;
  if (fails(core, 'aux-enable', index)) return -ENODEV;
  device.aux = true;
  return 0;
}

export function disableAux(core: Core, index: number): number {
  const device = core.devices[index];
  if (groupOf(device) === undefined || device === undefined) return -ENODEV;
  if (device.auxDomains.size > 0) return -EBUSY;
  device.aux = false;
  return 0;
}

/** The group of the mediated device for which a parent's aux domain is attached, -EINVAL: not of this parent. */
function groupFor(core: Core, parent: number, mdev: number): Group | number {
  const device = core.devices[mdev];
  if (device === undefined || device.setup.parent !== parent) return -EINVAL;
  return groupOf(device) ?? -EINVAL;
}

/** `mdev` -1: for nobody in particular. */
export function* attachAux(core: Core, index: number, handle: number, mdev: number): Doing {
  if (groupOf(core.devices[index]) === undefined) return -ENODEV;
  const domain = core.domains.get(handle);
  if (domain === undefined) return -ENOENT;
  const device = auxCapable(core, index);
  if (device === undefined) return -ENODEV;
  const group = mdev < 0 ? undefined : groupFor(core, index, mdev);
  if (typeof group === 'number') return group;
  if (group?.domain !== undefined) return -EBUSY;
  const error = yield* attachTo(core, device, domain);
  if (error < 0 || group === undefined) return error;
  setGroupDomain(group, domain);
  if (core.choices.auxFlag === 'group') group.auxAttached = true;
  return 0;
}

/** Only the first attachment of the domain to the device can fail; each makes sure that it is programmed. */
function* attachTo(core: Core, device: Device, domain: Domain): Doing {
  if (!device.aux || domain.kind !== 'paging') return -EPERM;
  domain.auxUses ??= new Map();
  const uses = domain.auxUses.get(device.index) ?? 0;
  if (uses > 0) programUnlessReset(core, device, domain.auxPasid, domain);
  else {
    const error = yield* programAux(core, device, domain);
    if (error < 0) return error;
    domain.users++;
    device.auxDomains.add(domain);
  }
  domain.auxUses.set(device.index, uses + 1);
  return 0;
}

/** A device in reset gets its aux domains when the reset ends. */
function programUnlessReset(core: Core, device: Device, pasid: number, domain: Domain): void {
  if (device.resets === 0) setProgrammed(core, device, pasid, domain);
}

function* programAux(core: Core, device: Device, domain: Domain): Doing {
  if (!fits(domain, device.instance)) return -EINVAL;
  const fresh = domain.auxPasid === 0;
  const written = fresh && core.choices.pasidAllocator !== 'device-driver';
  if (written && fails(core, 'number', device.index)) return -ENODEV;
  const pasid = fresh ? core.steps.takeNumber(core, device, true) : domain.auxPasid;
  if (pasid === 0) return -ENODEV;
  let error = pasid >= device.pasids || isUsed(device, pasid) ? -EBUSY : 0;
  yield;
  if (error === 0 && fails(core, 'pasid', device.index)) error = -ENOMEM;
  if (error < 0) {
    if (fresh) core.steps.giveNumber(core, device, pasid);
    return error;
  }
  if (domain.table === undefined) domain.formatFor(device.instance as Instance);
  programUnlessReset(core, device, pasid, domain);
  domain.auxPasid = pasid;
  return 0;
}

export function detachAux(core: Core, index: number, handle: number, mdev: number): number {
  const device = core.devices[index];
  if (groupOf(device) === undefined || device === undefined) return -ENODEV;
  const domain = core.domains.get(handle);
  const uses = domain?.auxUses?.get(index) ?? 0;
  if (!device.aux || domain === undefined || uses === 0) return 0;
  const group = mdev < 0 ? undefined : groupFor(core, index, mdev);
  if (uses > 1) domain.auxUses?.set(index, uses - 1);
  else core.steps.detachFrom(core, device, domain);
  if (typeof group === 'object' && group.domain === domain) {
    setGroupDomain(group, undefined);
    group.auxAttached = false;
  }
  return 0;
}

/** The last use by the device; the last use of all gives the PASID back. */
export function detachFrom(core: Core, device: Device, domain: Domain): void {
  domain.auxUses?.delete(device.index);
  setProgrammed(core, device, domain.auxPasid, undefined);
  domain.users--;
  device.auxDomains.delete(domain);
  if (domain.auxUses !== undefined && domain.auxUses.size > 0) return;
  core.steps.giveNumber(core, device, domain.auxPasid);
  domain.auxPasid = 0;
}

/** The PASID that stands for the domain, on every device that has it. */
export function auxPasid(core: Core, index: number, handle: number): number {
  const device = auxCapable(core, index);
  if (device === undefined) return -ENODEV;
  const domain = core.domains.get(handle);
  if (domain === undefined) return -ENOENT;
  return domain.auxPasid > 0 ? domain.auxPasid : -EINVAL;
}

/** The aux domain of a mediated device: its handle. */
export function lookupAux(core: Core, index: number): number {
  const device = core.devices[index];
  const group = groupOf(device);
  if (device === undefined || device.setup.parent < 0 || group === undefined) return -ENODEV;
  const { domain } = group;
  if (domain === undefined) return -ENODEV;
  const isAux = core.choices.auxFlag === 'group' ? group.auxAttached : domain.auxPasid > 0;
  if (!isAux) return -ENODEV;
  return (domain.auxUses?.get(device.setup.parent) ?? 0) > 0 ? domain.handle : -EINVAL;
}
