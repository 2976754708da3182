// Which device counts for which group, and which group for which context? The only writer of these counts.
import type { Core } from './core.js';
import { ASLEEP, LOST, STAYS, TRACKED, UNTRACKED, VFIO } from './objects.js';

/** Is anything open that keeps the context? Its own handles and those of devices; a group's by choice. */
export function inUse(core: Core, c: number): boolean {
  const { contexts, choices } = core;
  if (contexts.refs[c] > 0 || contexts.deviceRefs[c] > 0) return true;
  return choices.groupHandleIsUse === 'yes' && contexts.groupRefs[c] > 0;
}

/** May the set be given out? */
export const isViable = (core: Core, c: number): boolean =>
  core.contexts.unready[c] === 0 && core.contexts.tainted[c] === 0;

/** The context that a device belongs to through its group, -1: none. */
export function contextOf(core: Core, d: number): number {
  const { devices, groups } = core;
  return devices.tracking[d] === TRACKED ? groups.context[devices.home[d]] : -1;
}

/** Adds `sign` times what a group brings to the context that it joins or leaves. */
function carry(core: Core, g: number, c: number, sign: number): void {
  const { groups, contexts } = core;
  contexts.members[c] += sign;
  contexts.groupRefs[c] += sign * groups.refs[g];
  contexts.deviceRefs[c] += sign * groups.deviceRefs[g];
  contexts.unready[c] += sign * groups.unready[g];
  contexts.tainted[c] += sign * groups.tainted[g];
  contexts.sleepers[c] += sign * groups.sleepers[g];
}

export function joinContext(core: Core, g: number, c: number): void {
  const { groups, contexts } = core;
  const first = contexts.firstMember[c];
  groups.context[g] = c;
  groups.next[g] = first;
  groups.previous[g] = -1;
  if (first >= 0) groups.previous[first] = g;
  contexts.firstMember[c] = g;
  carry(core, g, c, 1);
}

/** The last member to leave frees the context, which must be closed by then. */
export function leaveContext(core: Core, g: number): void {
  const { groups, contexts } = core;
  const c = groups.context[g];
  const next = groups.next[g];
  const previous = groups.previous[g];
  if (next >= 0) groups.previous[next] = previous;
  if (previous >= 0) groups.next[previous] = next;
  else contexts.firstMember[c] = next;
  groups.context[g] = -1;
  carry(core, g, c, -1);
  if (contexts.members[c] === 0) contexts.giveBack(c);
}

/** `by` more group handles of a group. */
export function countGroupHandle(core: Core, g: number, by: number): void {
  core.groups.refs[g] += by;
  const c = core.groups.context[g];
  if (c >= 0) core.contexts.groupRefs[c] += by;
}

/** `by` more device handles of a tracked device. */
export function countDeviceHandle(core: Core, d: number, by: number): void {
  const g = core.devices.home[d];
  core.devices.refs[d] += by;
  core.groups.deviceRefs[g] += by;
  const c = core.groups.context[g];
  if (c >= 0) core.contexts.deviceRefs[c] += by;
}

function countUnready(core: Core, g: number, by: number): void {
  core.groups.unready[g] += by;
  const c = core.groups.context[g];
  if (c >= 0) core.contexts.unready[c] += by;
}

/** A taint is counted once, however many devices brought it. */
export function taint(core: Core, g: number): void {
  const { groups, contexts } = core;
  if (groups.tainted[g] !== 0) return;
  groups.tainted[g] = 1;
  const c = groups.context[g];
  if (c >= 0) contexts.tainted[c]++;
}

export function setDriver(core: Core, d: number, driver: number): void {
  const { devices } = core;
  if (devices.tracking[d] === TRACKED) {
    const was = devices.driver[d] === VFIO ? 0 : 1;
    const is = driver === VFIO ? 0 : 1;
    if (was !== is) countUnready(core, devices.home[d], is - was);
  }
  devices.driver[d] = driver;
}

export function setLeaving(core: Core, d: number, leaving: number): void {
  const { devices, groups, contexts } = core;
  const by = (leaving === ASLEEP ? 1 : 0) - (devices.leaving[d] === ASLEEP ? 1 : 0);
  devices.leaving[d] = leaving;
  if (by === 0) return;
  core.sleepers += by;
  const g = devices.home[d];
  groups.sleepers[g] += by;
  const c = groups.context[g];
  if (c >= 0) contexts.sleepers[c] += by;
}

/** Does a group object live on for a device that is tracked in this way? */
const livesFor = (core: Core, tracking: number): boolean =>
  tracking === TRACKED || (tracking === LOST && core.choices.failedHotAdd === 'taint-group');

/** A device is there, with this driver, tracked or not; its group object comes into being if need be. */
export function track(core: Core, d: number, driver: number, tracking: number): void {
  const { devices, groups } = core;
  devices.driver[d] = driver;
  devices.tracking[d] = tracking;
  const g = devices.home[d];
  if (g < 0 || !livesFor(core, tracking)) return;
  if (groups.exists[g] === 0) {
    groups.exists[g] = 1;
    groups.hardware[g] = devices.hardware[d];
  }
  groups.lives[g]++;
  if (tracking !== TRACKED) return;
  const first = groups.firstDevice[g];
  devices.next[d] = first;
  devices.previous[d] = -1;
  if (first >= 0) devices.previous[first] = d;
  groups.firstDevice[g] = d;
  if (driver !== VFIO) countUnready(core, g, 1);
}

/** The device is no longer there. */
export function untrack(core: Core, d: number, absent: number): void {
  const { devices, groups } = core;
  const tracking = devices.tracking[d];
  if (tracking === TRACKED) {
    const g = devices.home[d];
    setLeaving(core, d, STAYS);
    if (devices.driver[d] !== VFIO) countUnready(core, g, -1);
    const next = devices.next[d];
    const previous = devices.previous[d];
    if (next >= 0) devices.previous[next] = previous;
    if (previous >= 0) devices.next[previous] = next;
    else groups.firstDevice[g] = next;
  }
  if (livesFor(core, tracking)) groups.lives[devices.home[d]]--;
  devices.driver[d] = absent;
  devices.tracking[d] = UNTRACKED;
  devices.doomed[d] = 0;
  devices.age[d] = 0;
}
