// How does the core of Linux 6.1 move groups, take newcomers in and change the type of a default domain?
import { EBUSY, EFAULT, EINVAL, ENODEV, ENOMEM, ENXIO, EPERM } from '../errno.js';
import type { DefaultType } from './configuration.js';
import { type Core, type Doing, fails, setGroupDomain, setRid, warnedOf } from './core.js';
import type { FaultPoint } from './faults.js';
import { wire } from './hardware.js';
import { type Device, Domain, type Group, type Instance } from './objects.js';

/** What the driver of the machine says to a domain before it tries: 0, or the errno. */
function fitness(device: Device, domain: Domain): number {
  const { setup } = device.instance as Instance;
  const tables = setup.tables ?? 'vtd';
  // For VT-d a blocking domain is one like any user's.
  const unmanaged = domain.kind === 'paging' || domain.kind === 'empty';
  if (tables === 'vtd' && unmanaged && device.setup.direct) return -EPERM;
  const made = domain.kind === 'paging' ? domain.instance : undefined;
  if (made === undefined || made === device.instance) return 0;
  if (tables === 'arm') return -ENXIO;
  return tables === 'vtd' && made.setup.limit > setup.limit ? -EFAULT : 0;
}

/** The driver takes the device off its domain first; VT-d forgets nothing of one that was never attached. */
export function lose(core: Core, device: Device): void {
  if (device.deferred && (device.instance?.setup.tables ?? 'vtd') === 'vtd') return;
  device.deferred = false;
  setRid(device, core.off);
}

/** One call of attach_dev. */
function* attachOne(core: Core, group: Group, device: Device, domain: Domain, point: FaultPoint): Doing {
  yield;
  let error = fitness(device, domain);
  if (error === -EPERM) return error;
  if (error === 0 && fails(core, point, device.index)) error = -ENOMEM;
  if (error < 0) {
    lose(core, device);
    return error;
  }
  if (domain.kind === 'paging' && domain.table === undefined) domain.formatFor(device.instance as Instance);
  wire(core, group, device, domain);
  return 0;
}

/** Each member, in order, until the first that fails. */
function* attachAll(core: Core, group: Group, domain: Domain, point: FaultPoint): Doing {
  for (let device = group.first; device !== undefined; device = device.next) {
    const error = yield* attachOne(core, group, device, domain, point);
    if (error < 0) return error;
  }
  return 0;
}

/** Who is not where the group is? */
function look(core: Core, group: Group): void {
  for (let d = group.first; d !== undefined; d = d.next) {
    if (d.instance === undefined) continue;
    const nowhere = group.domain === undefined && (d.rid === undefined || d.rid === core.off);
    d.differs = !d.deferred && d.rid !== group.domain && !nowhere;
  }
}

const cannotDetach = (core: Core): boolean => core.instances.some(i => i.setup.tables === 'arm');

/** __iommu_group_set_domain: nothing is taken back. */
export function* setDomain61(core: Core, group: Group, domain: Domain | undefined): Doing {
  if (group.domain === domain) return 0;
  if (domain === undefined) {
    if (cannotDetach(core)) return -EINVAL;
    for (let d = group.first; d !== undefined; d = d.next)
      if (!d.deferred && d.instance !== undefined) setRid(d, core.off);
    setGroupDomain(group, undefined);
    look(core, group);
    return 0;
  }
  const error = yield* attachAll(core, group, domain, 'attach');
  if (error === 0) setGroupDomain(group, domain);
  look(core, group);
  return error;
}

/** __iommu_attach_group: where it fails, everybody is attached to the old domain by force. */
export function* attach61(core: Core, group: Group, domain: Domain): Doing {
  const old = group.domain;
  if (old !== undefined && old !== group.default && old !== group.blocking) return -EBUSY;
  if (group.first !== undefined && group.first.instance === undefined) return -EINVAL;
  let error = yield* attachAll(core, group, domain, 'attach');
  if (error === 0) setGroupDomain(group, domain);
  else {
    setGroupDomain(group, undefined);
    if (old !== undefined) {
      const back = yield* attachAll(core, group, old, 'reattach');
      if (back === 0) setGroupDomain(group, old);
      else error = warnedOf(error);
    }
  }
  look(core, group);
  return error;
}

/** A default domain of the type, or of type DMA, or none. */
function* newDefault(
  core: Core,
  instance: Instance,
  type: DefaultType,
): Generator<undefined, Domain | undefined> {
  const { driver } = instance.setup;
  yield;
  if (!fails(core, 'default-domain')) return new Domain(type, driver, instance);
  if (type === 'dma') return undefined;
  yield;
  return fails(core, 'default-domain') ? undefined : new Domain('dma', driver, instance);
}

/** It is the group's. Somebody who owns the group keeps it off. */
function keepDefault(group: Group, domain: Domain | undefined): void {
  group.default = domain;
  if (group.domain === undefined && group.owner < 0) setGroupDomain(group, domain);
}

const wish = (device: Device): DefaultType | undefined =>
  device.setup.wants === 'any' ? undefined : device.setup.wants;

/** A newcomer: first to where the group is, then, unless it comes from a scan or the group is owned, to the default domain. */
export function* welcome(core: Core, group: Group, device: Device, queued: boolean): Doing {
  if (group.domain !== undefined && !device.deferred) {
    const error = yield* attachOne(core, group, device, group.domain, 'attach');
    if (error < 0) return error;
  }
  if (queued) return 0;
  if (group.default === undefined) {
    const type = wish(device) ?? core.hardware.defaultType;
    keepDefault(group, yield* newDefault(core, device.instance as Instance, type));
  }
  const goes = group.default !== undefined && group.owner < 0;
  const error = goes ? yield* attachOne(core, group, device, group.default as Domain, 'reattach') : 0;
  look(core, group);
  return error;
}

/** The scan of a bus comes to a group. */
export function* scan(core: Core, group: Group): Doing {
  const first = group.first as Device;
  if (group.default === undefined) {
    const wishes = new Set<DefaultType>();
    for (let d = group.first; d !== undefined; d = d.next) {
      const type = wish(d);
      if (type !== undefined) wishes.add(type);
    }
    const [only] = wishes;
    const type = wishes.size === 1 ? only : core.hardware.defaultType;
    const made = yield* newDefault(core, first.instance as Instance, type as DefaultType);
    if (made === undefined) return 0;
    keepDefault(group, made);
  }
  let error = 0;
  // ADR 0011: the kernel looks at neither.
  const taken = group.owner >= 0 || group.domain?.kind === 'paging';
  for (let d = group.first; d !== undefined && error === 0 && !taken; d = d.next)
    if (!d.deferred) error = yield* attachOne(core, group, d, group.default as Domain, 'attach');
  look(core, group);
  return error;
}

/** A word is written to the `type` file; only one device may be there, and no driver. */
export function* storeType61(core: Core, group: Group, word: DefaultType | 'auto'): Doing {
  const device = group.first;
  if (device === undefined || group.members !== 1) return -EINVAL;
  const old = group.default as Domain;
  const queue = word === 'dma-fq' && old.kind === 'dma';
  if (device.driver !== 'none' && !queue) return -EBUSY;
  if (group.domain !== old) return -EBUSY;
  const wanted = wish(device);
  if (word !== 'auto' && wanted !== undefined && word !== wanted) return -EINVAL;
  const type = word === 'auto' ? (wanted ?? core.hardware.defaultType) : word;
  if (old.kind === type) return 0;
  if (queue) {
    yield;
    if (fails(core, 'flush-queue')) return -ENOMEM;
    old.kind = 'dma-fq';
    return 0;
  }
  const made = yield* newDefault(core, device.instance as Instance, type);
  if (made === undefined) return -ENOMEM;
  yield;
  // A direct map that cannot be made ends like a domain that cannot be had.
  if (made.kind !== 'identity' && device.setup.direct && fails(core, 'direct-map')) return -ENOMEM;
  group.default = made;
  const error = yield* attachOne(core, group, device, made, 'attach');
  if (error === 0) setGroupDomain(group, made);
  else group.default = old;
  look(core, group);
  return error;
}

/** The driver that is asked for a domain of a bus: that of the machine. -ENODEV: there is none. */
export const driverOfMachine = (core: Core): Instance | number => core.instances[0] ?? -ENODEV;
