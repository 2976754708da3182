// What happens when a device comes or goes, or gets or loses a driver?
import { EBUSY, EINVAL, ENODEV } from '../errno.js';
import { type Core, fails } from './core.js';
import { contextOf, setDriver, setLeaving, taint, track } from './members.js';
import {
  ABSENT,
  ASLEEP,
  KERNEL,
  LOST,
  SPECIAL,
  STAYS,
  TRACKED,
  UNBOUND,
  UNTRACKED,
  VFIO,
  WOKEN,
} from './objects.js';

/** The caller sleeps; `resume` goes on when it was woken. */
export const WAITS = 1;

const known = (core: Core, d: number): boolean => d >= 0 && d < core.devices.count;
const there = (core: Core, d: number): boolean => known(core, d) && core.devices.driver[d] !== ABSENT;

export function hotAdd(core: Core, d: number, claimed: boolean): number {
  const { devices, groups, choices } = core;
  if (!known(core, d)) return -ENODEV;
  if (devices.driver[d] !== ABSENT) return 0;
  const driver = claimed ? KERNEL : UNBOUND;
  const g = devices.home[d];
  if (g < 0) {
    track(core, d, driver, UNTRACKED);
    return 0;
  }
  const c = groups.context[g];
  const besideUser = c >= 0 && core.steps.inUse(core, c);
  if (besideUser && choices.hotAddInUse === 'refuse') return -EBUSY;
  if (clashes(core, d) || fails(core, 'tracking')) return lose(core, d, driver);
  const wanted = besideUser && (choices.hotAddInUse === 'claim' || choices.hotAddInUse === 'preinit-driver');
  // Claiming insists, so it fails where somebody was faster; to set the driver beforehand just loses.
  if (wanted && claimed && choices.hotAddInUse === 'claim') return lose(core, d, driver);
  track(core, d, wanted && !claimed ? VFIO : driver, TRACKED);
  core.steps.attachNewcomer(core, d, c);
  return 0;
}

/** A device that comes into a live set is attached as the others are. */
export function attachNewcomer(core: Core, d: number, c: number): void {
  if (c >= 0 && core.contexts.open[c] !== 0) core.devices.domain[d] = c;
}

/** A device that is there before anybody can open anything. */
export function plugIn(core: Core, d: number, driver: number): void {
  if (clashes(core, d)) lose(core, d, driver);
  else track(core, d, driver, TRACKED);
}

/** Is the device's group object taken by a group of another bus, which has the same number? */
function clashes(core: Core, d: number): boolean {
  const { devices, groups } = core;
  const g = devices.home[d];
  return groups.exists[g] !== 0 && busOf(core, groups.hardware[g]) !== busOf(core, devices.hardware[d]);
}

const busOf = (core: Core, hardware: number): number => core.groups.bus[hardware];

/** The device is there, but nobody of ours knows it. */
function lose(core: Core, d: number, driver: number): number {
  const { failedHotAdd } = core.choices;
  track(core, d, driver, failedHotAdd === 'special-group' ? SPECIAL : LOST);
  if (failedHotAdd === 'taint-group') taint(core, core.devices.home[d]);
  return 0;
}

export function bind(core: Core, d: number, toVfio: boolean): number {
  if (!there(core, d)) return -ENODEV;
  if (core.devices.driver[d] !== UNBOUND) return -EBUSY;
  if (toVfio && core.devices.tracking[d] !== TRACKED) return -EINVAL;
  setDriver(core, d, toVfio ? VFIO : KERNEL);
  return 0;
}

/** vfio gives a device back only when nothing of its set is in use. */
export function held(core: Core, d: number): boolean {
  if (core.devices.driver[d] !== VFIO) return false;
  const c = contextOf(core, d);
  return c >= 0 && core.steps.inUse(core, c);
}

function sleep(core: Core, d: number): number {
  setLeaving(core, d, ASLEEP);
  return WAITS;
}

export function unbind(core: Core, d: number): number {
  const { devices } = core;
  if (!there(core, d) || devices.driver[d] === UNBOUND) return -ENODEV;
  if (devices.leaving[d] !== STAYS) return -EBUSY;
  if (core.steps.held(core, d)) {
    devices.age[d] = 0;
    return sleep(core, d);
  }
  driverGone(core, d);
  return 0;
}

export function hotRemove(core: Core, d: number): number {
  const { devices } = core;
  if (!there(core, d)) return -ENODEV;
  if (devices.leaving[d] !== STAYS) {
    devices.doomed[d] = 1;
    return WAITS;
  }
  if (core.steps.held(core, d)) {
    devices.doomed[d] = 1;
    devices.age[d] = 0;
    return sleep(core, d);
  }
  core.steps.deviceGone(core, d);
  return 0;
}

export function deleteDevice(core: Core, d: number): number {
  if (!there(core, d)) return 0;
  if (core.devices.driver[d] === VFIO) core.devices.doomed[d] = 1;
  else core.steps.deviceGone(core, d);
  return 0;
}

export function resume(core: Core, d: number): number {
  if (!there(core, d) || core.devices.leaving[d] !== WOKEN) return -EINVAL;
  // Between the wake-up and now somebody may have opened the set again.
  if (core.steps.held(core, d)) return sleep(core, d);
  driverGone(core, d);
  return 0;
}

/** The driver has let go: a doomed device goes as well. */
export function driverGone(core: Core, d: number): void {
  const { devices } = core;
  if (devices.doomed[d] !== 0) {
    core.steps.deviceGone(core, d);
    return;
  }
  setLeaving(core, d, STAYS);
  setDriver(core, d, UNBOUND);
  devices.age[d] = 0;
}

export function deviceGone(core: Core, d: number): void {
  const { devices, groups } = core;
  devices.domain[d] = -1;
  core.steps.untrack(core, d, ABSENT);
  const g = devices.home[d];
  if (g < 0) return;
  const c = groups.context[g];
  core.steps.freeGroup(core, g);
  if (c >= 0 && groups.context[g] !== c && core.contexts.members[c] > 0) core.steps.letGoOf(core, c);
}
