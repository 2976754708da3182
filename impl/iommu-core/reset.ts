// What is a device attached to while it is reset, and what afterwards?
import { EBUSY } from '../errno.js';
import { type Core, type Doing, fails, groupOf, setProgrammed, setStale, WARNED } from './core.js';
import type { Device, Group } from './objects.js';
import { findBlocking, rewire } from './set-domain.js';

/** The device is put on blocking with all its PASIDs; what was wanted of it stays written down. */
export function* prepareReset(core: Core, index: number): Doing {
  const device = core.devices[index];
  const group = groupOf(device);
  if (device === undefined || group === undefined || device.instance === undefined) return 0;
  const perGroup = core.choices.resetState === 'per-group';
  if (perGroup && group.resetting !== undefined) return -EBUSY;
  if (device.resets > 0) {
    device.resets++;
    return 0;
  }
  let error = yield* findBlocking(core, group, device.instance);
  // Where the whole group is on blocking nobody calls the driver.
  if (error === 0 && group.domain !== group.blocking)
    error = yield* rewire(core, group, device, group.blocking, 'reset-block');
  if (error < 0) return error;
  core.steps.unprogram(core, device);
  device.resets = 1;
  group.resets++;
  if (perGroup) group.resetting = device;
  return 0;
}

/** The end of the outermost reset: the device goes where its group is by now. */
export function* finishReset(core: Core, index: number): Doing {
  const device = core.devices[index];
  const group = groupOf(device);
  if (device === undefined || group === undefined || device.instance === undefined) return 0;
  if (device.resets === 0) return WARNED;
  if (device.resets > 1) {
    device.resets--;
    return 0;
  }
  const stays = group.domain === group.blocking;
  const error = stays ? 0 : yield* rewire(core, group, device, group.domain, 'reset-attach');
  if (error < 0) device.differs = true;
  const lost = yield* reprogram(core, group, device);
  device.resets = 0;
  group.resets--;
  if (group.resetting === device) group.resetting = undefined;
  return error < 0 || lost > 0 ? WARNED : 0;
}

/** All PASIDs that are written down; answers how many could not be programmed. */
function* reprogram(core: Core, group: Group, device: Device): Doing {
  let lost = 0;
  if (device.pasids === 0) return lost;
  for (const [pasid, entry] of [...group.entries].sort(([a], [b]) => a - b)) {
    if (pasid === 0) continue;
    yield;
    if (entry.domain.kind !== 'blocked' && fails(core, 'pasid-reset', device.index)) lost++;
    else setProgrammed(core, device, pasid, entry.domain);
  }
  for (const domain of device.auxDomains) setProgrammed(core, device, domain.auxPasid, domain);
  return lost;
}

/** The IOMMU has carried out what a blocking attach had left to be done. */
export function settle(core: Core, index: number): number {
  const device = core.devices[index];
  if (device === undefined) return 0;
  setStale(device, undefined);
  return 0;
}
