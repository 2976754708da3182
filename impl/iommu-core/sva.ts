// How does a device share the address space of a process?
import { EBUSY, ENODEV, ENOENT, ENOMEM, ENOSPC, EOPNOTSUPP, EOVERFLOW } from '../errno.js';
import { type Core, type Doing, fails, groupOf } from './core.js';
import { BOND, type Device, Domain, type Group, type Instance, type Space } from './objects.js';
import { isProgrammed } from './pasid.js';

export function* bindSpace(core: Core, index: number, mm: number): Doing {
  const device = core.devices[index];
  const group = groupOf(device);
  if (device === undefined || group === undefined) return -ENODEV;
  const x86 = device.instance !== undefined && device.instance.setup.tables !== 'arm';
  if (x86 && core.choices.kernel === '6.12') return -EOPNOTSUPP;
  const space = core.spaces[mm];
  if (space === undefined || !space.alive) return -ENOENT;
  if (space.pasid > 0 && space.pasid >= device.pasids) return -EOVERFLOW;
  // Its PASID stays with the address space, even if nothing comes of the bond.
  if (space.pasid === 0) {
    if (fails(core, 'space-number', index)) return -ENOMEM;
    const keep = core.choices.pasidAllocator === 'core-global';
    if (keep && fails(core, 'number', index)) return -ENOSPC;
    space.pasid = core.steps.takeNumber(core, device, keep);
  }
  if (space.pasid === 0) return -ENOSPC;
  core.pasidsOfSpaces.add(space.pasid);
  const error = yield* share(core, group, device, space, space.pasid);
  if (error < 0) return error;
  space.bonds.set(group.index, (space.bonds.get(group.index) ?? 0) + 1);
  return space.pasid;
}

function* share(core: Core, group: Group, device: Device, space: Space, pasid: number): Doing {
  const entry = group.entries.get(pasid);
  if (entry !== undefined) return entry.domain.space === space.index ? 0 : -EBUSY;
  const { instance } = device;
  if (isProgrammed(group, pasid)) return -EBUSY;
  if (instance === undefined) return -EOPNOTSUPP;
  yield;
  if (fails(core, 'sva-handle', device.index)) return -ENOMEM;
  const known = space.domains.get(instance);
  yield;
  if (known === undefined && fails(core, 'sva-domain', device.index)) return -ENOMEM;
  const domain = known ?? new Domain('sva', instance.setup.driver, instance, space.index);
  const error = yield* core.steps.attachEntry(core, group, domain, pasid, BOND);
  if (error === 0) space.domains.set(instance, domain);
  return error;
}

export function* unbindSpace(core: Core, index: number, mm: number): Doing {
  const device = core.devices[index];
  const space = core.spaces[mm];
  const group = groupOf(device);
  if (device === undefined || group === undefined) return -ENODEV;
  const bonds = space?.bonds.get(group.index) ?? 0;
  if (space === undefined || bonds === 0) return -ENOENT;
  if (bonds > 1) {
    space.bonds.set(group.index, bonds - 1);
    return 0;
  }
  space.bonds.delete(group.index);
  const entry = group.entries.get(space.pasid);
  yield* core.steps.detachEntry(core, group, space.pasid);
  if (entry !== undefined && entry.domain.users === 0)
    space.domains.delete(entry.domain.instance as Instance);
  core.steps.releasePasid(core, space);
  return 0;
}

/** The address space dies. */
export function endSpace(core: Core, mm: number): number {
  const space = core.spaces[mm];
  if (space === undefined || !space.alive) return -ENOENT;
  space.alive = false;
  core.steps.releasePasid(core, space);
  return 0;
}

/** Nobody of the group is left to share it. */
export function endBonds(core: Core, space: Space, group: Group): void {
  space.bonds.delete(group.index);
  core.steps.releasePasid(core, space);
}

/** The PASID of a dead address space is free again when nobody shares it any more. */
export function releasePasid(core: Core, space: Space): void {
  if (space.alive || space.bonds.size > 0 || space.pasid === 0) return;
  if (core.choices.pasidAllocator === 'core-global') core.numbers.give(space.pasid);
  core.pasidsOfSpaces.delete(space.pasid);
  space.pasid = 0;
}
