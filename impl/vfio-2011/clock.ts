// What does the passing of time do to a removal that waits?
import { EPERM } from '../errno.js';
import { closeSlot } from './calls.js';
import type { Core } from './core.js';
import { CONTEXT, DEAD, DEVICE, FREE, GROUP } from './handles.js';
import { contextOf } from './members.js';
import { ASLEEP } from './objects.js';
import { driverGone } from './plugging.js';

export function tick(core: Core): number {
  const { devices, choices } = core;
  if (choices.hotRemoveInUse === 'wait-forever' || core.timeout === 0 || core.sleepers === 0) return 0;
  // All are one tick older before the first of them is dealt with, as that may wake others.
  for (let d = 0; d < devices.count; d++) {
    if (devices.leaving[d] === ASLEEP && devices.age[d] < core.timeout) devices.age[d]++;
  }
  for (let d = 0; d < devices.count && core.sleepers > 0; d++) {
    if (devices.leaving[d] !== ASLEEP || devices.age[d] < core.timeout) continue;
    if (choices.hotRemoveInUse === 'timeout-then-kill') killUsers(core, d);
    else revoke(core, d);
  }
  return 0;
}

export function setTimeout(core: Core, ticks: number, admin: boolean): number {
  if (!admin) return -EPERM;
  core.timeout = ticks;
  return 0;
}

/** The device's handles stay open and are good for nothing but close; the device is taken. */
function revoke(core: Core, d: number): void {
  const { handles, devices } = core;
  const c = contextOf(core, d);
  for (let slot = 0; devices.refs[d] > 0; slot++) {
    if (handles.kind[slot] !== DEVICE || handles.target[slot] !== d) continue;
    handles.kind[slot] = DEAD;
    handles.target[slot] = -1;
    core.steps.countDeviceHandle(core, d, -1);
  }
  core.steps.letGoOf(core, c);
  driverGone(core, d);
}

/** Each process that keeps the set in use loses all that it has open, in any set. */
function killUsers(core: Core, d: number): void {
  const { handles } = core;
  const c = contextOf(core, d);
  const victims = new Set<number>();
  for (let slot = 0; slot < handles.used; slot++) if (keeps(core, slot, c)) victims.add(handles.mm[slot]);
  for (let slot = 0; slot < handles.used; slot++) {
    if (handles.kind[slot] !== FREE && victims.has(handles.mm[slot])) closeSlot(core, slot);
  }
}

function keeps(core: Core, slot: number, c: number): boolean {
  const { handles, groups, choices } = core;
  const target = handles.target[slot];
  switch (handles.kind[slot]) {
    case CONTEXT:
      return target === c;
    case DEVICE:
      return contextOf(core, target) === c;
    case GROUP:
      return choices.groupHandleIsUse === 'yes' && groups.context[target] === c;
    default:
      return false;
  }
}
