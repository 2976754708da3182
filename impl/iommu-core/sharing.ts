// How does a device share the address space of a process?
import { EBUSY, ENODEV, ENOENT, ENOMEM, ENOSPC, EOPNOTSUPP, EOVERFLOW } from '../errno.js';
import { type Core, type Doing, fails, groupOf } from './core.js';
import { type Device, Domain, type Group, type Instance, type Space } from './objects.js';
import { attachEntry, detachEntry, numbersFor } from './pasids.js';

export function* bindSpace(core: Core, index: number, mm: number): Doing {
  const device = core.devices[index];
  const group = groupOf(device);
  if (device === undefined || group === undefined) return -ENODEV;
  const space = core.spaces[mm];
  if (space === undefined || !space.alive) return -ENOENT;
  if (space.pasid > 0 && space.pasid >= device.pasids) return -EOVERFLOW;
  const fresh = space.pasid === 0;
  const pasid = fresh ? (numbersFor(core, device)?.take(device.pasids) ?? 0) : space.pasid;
  if (pasid === 0) return -ENOSPC;
  const error = yield* share(core, group, device, space, pasid);
  if (error === 0) {
    space.pasid = pasid;
    space.bonds.set(index, (space.bonds.get(index) ?? 0) + 1);
  } else if (fresh) {
    numbersFor(core, device)?.give(pasid);
  }
  return error;
}

function* share(core: Core, group: Group, device: Device, space: Space, pasid: number): Doing {
  const entry = group.entries.get(pasid);
  if (entry !== undefined) return entry.domain.space === space.index ? 0 : -EBUSY;
  const { instance } = device;
  if (instance?.blocked === undefined) return -EOPNOTSUPP;
  yield;
  if (fails(core, 'sva-handle', device.index)) return -ENOMEM;
  const known = space.domains.get(instance);
  yield;
  if (known === undefined && fails(core, 'sva-domain', device.index)) return -ENOMEM;
  const domain = known ?? new Domain('sva', instance.setup.driver, instance, space.index);
  const error = yield* attachEntry(core, group, domain, pasid, space.index);
  if (error === 0) space.domains.set(instance, domain);
  return error;
}

export function* unbindSpace(core: Core, index: number, mm: number): Doing {
  const device = core.devices[index];
  const space = core.spaces[mm];
  const group = groupOf(device);
  if (device === undefined || group === undefined) return -ENODEV;
  const bonds = space?.bonds.get(index) ?? 0;
  if (space === undefined || bonds === 0) return -ENOENT;
  if (bonds > 1) space.bonds.set(index, bonds - 1);
  else space.bonds.delete(index);
  if (sharedBy(core, group, space)) return 0;
  const entry = group.entries.get(space.pasid);
  yield* detachEntry(group, space.pasid);
  if (entry !== undefined && entry.domain.books === 0)
    space.domains.delete(entry.domain.instance as Instance);
  return 0;
}

/** Has any member of the group a bond with the address space? */
function sharedBy(core: Core, group: Group, space: Space): boolean {
  for (const d of space.bonds.keys()) if (core.devices[d].group === group) return true;
  return false;
}

/** The address space dies; its PASID is free again. */
export function endSpace(core: Core, mm: number): number {
  const space = core.spaces[mm];
  if (space === undefined || !space.alive) return -ENOENT;
  if (space.bonds.size > 0) return -EBUSY;
  space.alive = false;
  if (space.pasid > 0) {
    core.numbers.give(space.pasid);
    space.pasid = 0;
  }
  return 0;
}
