// Who may decide what the devices of a group reach: kernel drivers together, or one owner alone?
import { EBUSY, EINVAL, ENODEV, EPERM, EPROBE_DEFER } from '../errno.js';
import { type Core, type Doing, groupAt, groupOf, WARNED, warnedOf } from './core.js';
import type { Group } from './objects.js';
import { findBlocking } from './set-domain.js';

/** A driver is bound. One that manages DMA itself brings its own ownership, or none. */
export function bind(core: Core, index: number, managed: boolean): number {
  const device = core.devices[index];
  if (device === undefined) return -ENODEV;
  if (device.driver !== 'none') return -EBUSY;
  const group = groupOf(device);
  if (!managed && group !== undefined && device.instance !== undefined) {
    if (group.default === undefined && core.choices.kernel !== '6.1') return -EPROBE_DEFER;
    const taken = group.domain !== group.default || group.owner >= 0 || group.entries.size > 0;
    if (group.owners > 0 && taken) return -EBUSY;
    group.owners++;
  }
  device.driver = managed ? 'managed' : 'kernel';
  return 0;
}

export function unbind(core: Core, index: number): number {
  const device = core.devices[index];
  if (device === undefined || device.driver === 'none') return -ENODEV;
  const counted = device.driver === 'kernel' && device.instance !== undefined;
  device.driver = 'none';
  const group = groupOf(device);
  if (!counted || group === undefined) return 0;
  if (group.owners === 0 || group.entries.size > 0) return WARNED;
  group.owners--;
  return 0;
}

export function* claimGroup(core: Core, index: number, owner: number): Doing {
  if (owner < 0 && core.choices.kernel !== '6.1') return warnedOf(-EINVAL);
  const group = groupAt(core, index);
  if (group === undefined) return -ENODEV;
  if (group.owners > 0) return -EPERM;
  return yield* core.steps.take(core, group, owner);
}

export function* claimDevice(core: Core, index: number, owner: number): Doing {
  if (owner < 0) return warnedOf(-EINVAL);
  const group = groupOf(core.devices[index]);
  if (group === undefined) return -ENODEV;
  if (group.owners === 0) return yield* core.steps.take(core, group, owner);
  if (group.owner !== owner) return -EPERM;
  group.owners++;
  return 0;
}

/** The group is put on blocking, and belongs to the owner. */
export function* take(core: Core, group: Group, owner: number): Doing {
  const instance = group.first?.instance;
  if (instance === undefined) return -ENODEV;
  if (group.domain !== undefined && group.domain !== group.default) return -EBUSY;
  if (group.entries.size > 0) return -EBUSY;
  let error = yield* findBlocking(core, group, instance);
  if (error === 0) error = yield* core.steps.setDomain(core, group, group.blocking, false);
  if (error < 0) return error;
  group.owner = owner;
  group.owners++;
  return 0;
}

/** Nobody owns the group any more; it goes back to its default domain. */
export function* giveUp(core: Core, group: Group): Doing {
  if (group.owners === 0 || group.owner < 0 || group.entries.size > 0) return WARNED;
  group.owners = 0;
  group.owner = -1;
  return (yield* core.steps.setDomain(core, group, group.default, true)) < 0 ? WARNED : 0;
}

export function* releaseGroup(core: Core, index: number): Doing {
  const group = groupAt(core, index);
  return group === undefined ? -ENODEV : yield* core.steps.giveUp(core, group);
}

export function* releaseDevice(core: Core, index: number): Doing {
  const group = groupOf(core.devices[index]);
  if (group === undefined) return -ENODEV;
  if (group.owners <= 1 || group.owner < 0) return yield* core.steps.giveUp(core, group);
  group.owners--;
  return 0;
}

/** 1 or 0; -ENODEV. */
export function isClaimed(core: Core, index: number): number {
  const group = groupAt(core, index);
  return group === undefined ? -ENODEV : group.owners > 0 ? 1 : 0;
}
