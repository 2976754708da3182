// Which driver takes a device, when does VFIO let go of it, and what does its access reach?
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOMEM } from '../errno.js';
import type { Driver } from './configuration.js';
import { type Core, fails } from './core.js';
import type { Reached } from './emulated.js';
import { pageOf } from './mapping.js';
import { type Device, type Group, READ, WRITE } from './objects.js';

/** The call blocks. */
export const WAITS = 1;

/** VFIO's object of the device's group gets one more member; the first makes it. */
export function register(core: Core, device: Device): void {
  const name = core.hardware.devices[device.name].group;
  const group: Group = core.groups[name] ?? {
    iommu: core.iommuGroups[name],
    name,
    registered: new Set(),
    file: null,
    container: null,
    users: 0,
  };
  group.registered.add(device);
  core.groups[name] = group;
  device.group = group;
}

export function bind(core: Core, name: number, driver: Driver): number {
  const device = core.devices[name];
  if (device === undefined || device.driver === 'absent') return -ENODEV;
  if (device.driver !== 'none') return -EBUSY;
  const at = core.hardware.devices[name].group;
  const { kind, unit } = core.hardware.groups[at];
  const iommu = core.iommuGroups[at];
  if (driver === 'kernel' && kind === 'iommu') {
    if (iommu.owner !== null) return -EBUSY;
    iommu.owners++;
  }
  if (driver === 'vfio') {
    if (unit >= 0 && !core.hardware.units[unit].coherent) return -EINVAL;
    if (fails(core, 'group-object')) return -ENOMEM;
    register(core, device);
  }
  device.driver = driver;
  return 0;
}

/** The last registered device revokes the file of its group, which leaves its container. */
export function removeGroup(core: Core, device: Device): void {
  const group = device.group!;
  group.registered.delete(device);
  device.group = null;
  if (group.registered.size > 0) return;
  core.groups[group.name] = null;
  if (group.container !== null) core.steps.detachContainer(core, group);
  group.iommu = null;
}

function leave(core: Core, device: Device, driver: 'none' | 'absent'): void {
  const at = core.hardware.devices[device.name].group;
  if (device.driver === 'vfio') core.steps.removeGroup(core, device);
  if (device.driver === 'kernel' && core.hardware.groups[at].kind === 'iommu') core.iommuGroups[at].owners--;
  device.driver = driver;
  device.leaving = 'no';
}

/** Nobody has it open. */
export const canLeave = (_: Core, device: Device): boolean => device.driver !== 'vfio' || device.opens === 0;

export function unbind(core: Core, name: number): number {
  const device = core.devices[name];
  if (device === undefined || device.driver === 'absent' || device.driver === 'none') return -ENODEV;
  if (device.leaving !== 'no') return -EBUSY;
  if (!core.steps.canLeave(core, device)) {
    device.leaving = 'unbind';
    return WAITS;
  }
  leave(core, device, 'none');
  return 0;
}

export function hotAdd(core: Core, name: number): number {
  const device = core.devices[name];
  if (device === undefined) return -ENODEV;
  if (device.driver !== 'absent') return -EEXIST;
  device.driver = 'none';
  return 0;
}

export function hotRemove(core: Core, name: number): number {
  const device = core.devices[name];
  if (device === undefined || device.driver === 'absent') return -ENODEV;
  if (device.leaving !== 'no' || !core.steps.canLeave(core, device)) {
    device.leaving = 'remove';
    return WAITS;
  }
  leave(core, device, 'absent');
  return 0;
}

/** Whoever waits looks again. */
export function resume(core: Core, name: number): number {
  const device = core.devices[name];
  if (device === undefined || device.driver === 'absent' || device.leaving === 'no') return -EINVAL;
  if (!core.steps.canLeave(core, device)) return WAITS;
  leave(core, device, device.leaving === 'remove' ? 'absent' : 'none');
  return 0;
}

/** Answers of `dma` beside an address and -ENODEV. */
export const FAULT = 1;
export const OUTSIDE = 2;

/** What a device's access reaches, by the tables of the domain that its group is attached to. */
export function dma(core: Core, name: number, iova: bigint, access: number): Reached | number {
  const device = core.devices[name];
  if (device === undefined || device.driver === 'absent') return -ENODEV;
  const at = core.hardware.devices[name].group;
  const iommu = core.iommuGroups[at];
  if (core.hardware.groups[at].kind !== 'iommu' || iommu.owner === null) return OUTSIDE;
  const domain = iommu.owner.container?.domains.find(d => d.groups.includes(iommu));
  if (domain === undefined) return FAULT;
  const page = pageOf(iova);
  for (const run of domain.table.values()) {
    if (page < run.page || page >= run.page + run.pages) continue;
    const { writeReads } = core.hardware.units[domain.unit];
    const prot = writeReads && (run.prot & WRITE) !== 0 ? run.prot | READ : run.prot;
    return (prot & access) === access ? { mm: run.mm, vaddr: run.vaddr + (page - run.page) } : FAULT;
  }
  return FAULT;
}
