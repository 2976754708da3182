// What does every call on a descriptor check first, and how are groups, contexts and devices opened and closed?
import { EBADF, EFAULT, EINVAL, ENODEV, ENOMEM, ENOTTY, EPERM } from '../errno.js';
import { dropMappings } from './contexts.js';
import { type Core, descriptor, fails } from './core.js';
import { CONTEXT, DEAD, DEVICE, GROUP } from './handles.js';
import { contextOf, joinContext } from './members.js';
import { VFIO } from './objects.js';

/** How a call's argument structure reached us. */
export const READABLE = 0;
export const UNREADABLE = 1;
export const SHORT = 2;

/** Bits of the answer to `groupInfo`. */
export const INFO_VIABLE = 1;
export const INFO_MM_LOCKED = 2;

/** The slot of an open handle that knows the call, or why there is none. */
export function slotFor(core: Core, handle: number, kind: number): number {
  const slot = core.handles.slotOf(handle);
  if (slot < 0) return -EBADF;
  const is = core.handles.kind[slot];
  if (is === kind) return slot;
  return is === DEAD ? -ENODEV : -ENOTTY;
}

/** Does the context belong to another address space? */
export function foreign(core: Core, c: number, mm: number): boolean {
  const owner = core.contexts.mm[c];
  return owner >= 0 && owner !== mm;
}

export function openGroup(core: Core, name: number, mm: number): number {
  const { groups, contexts } = core;
  if (!(name >= 0 && name < groups.count)) return -ENODEV;
  const g = groups.object[name];
  if (groups.exists[g] === 0) return -ENODEV;
  const first = groups.context[g] < 0;
  if (first) {
    const c = fails(core, 'context-object') ? -1 : contexts.take();
    if (c < 0) return -ENOMEM;
    joinContext(core, g, c);
  }
  const handle = descriptor(core, GROUP, g, mm);
  if (handle >= 0) core.steps.countGroupHandle(core, g, 1);
  else if (first) core.steps.leaveContext(core, g);
  return handle;
}

export function groupInfo(core: Core, handle: number, arg: number): number {
  const slot = slotFor(core, handle, GROUP);
  if (slot < 0) return slot;
  if (arg === UNREADABLE) return -EFAULT;
  if (arg === SHORT) return -EINVAL;
  const c = core.groups.context[core.handles.target[slot]];
  return (core.steps.isViable(core, c) ? INFO_VIABLE : 0) | (core.contexts.mm[c] >= 0 ? INFO_MM_LOCKED : 0);
}

export function getContext(core: Core, handle: number, mm: number): number {
  const slot = slotFor(core, handle, GROUP);
  if (slot < 0) return slot;
  const c = core.groups.context[core.handles.target[slot]];
  if (foreign(core, c, mm)) return -EPERM;
  const first = core.contexts.open[c] === 0;
  const opened = first ? core.steps.openContext(core, c, mm) : 0;
  if (opened < 0) return opened;
  const made = descriptor(core, CONTEXT, c, mm);
  if (made >= 0) core.contexts.refs[c]++;
  else if (first) core.steps.closeContext(core, c);
  return made;
}

export function getDevice(core: Core, handle: number, d: number, mm: number, arg: number): number {
  const slot = slotFor(core, handle, GROUP);
  if (slot < 0) return slot;
  const c = core.groups.context[core.handles.target[slot]];
  if (foreign(core, c, mm)) return -EPERM;
  if (arg === UNREADABLE) return -EFAULT;
  const first = core.contexts.open[c] === 0;
  const opened = first ? core.steps.openContext(core, c, mm) : 0;
  if (opened < 0) return opened;
  const made = openDevice(core, c, d, mm);
  if (made < 0 && first) core.steps.closeContext(core, c);
  return made;
}

/** A new handle of a device of an open context. */
function openDevice(core: Core, c: number, d: number, mm: number): number {
  const { devices } = core;
  if (!(d >= 0 && d < devices.count) || contextOf(core, d) !== c) return -ENODEV;
  if (devices.driver[d] !== VFIO) return -ENODEV;
  if (fails(core, 'driver-open')) return -EFAULT;
  const made = descriptor(core, DEVICE, d, mm);
  if (made >= 0) core.steps.countDeviceHandle(core, d, 1);
  return made;
}

export function close(core: Core, handle: number): number {
  const slot = core.handles.slotOf(handle);
  if (slot < 0) return -EBADF;
  closeSlot(core, slot);
  return 0;
}

/** Lets an open descriptor go, with all that follows. Also the end of each descriptor of a killed process. */
export function closeSlot(core: Core, slot: number): void {
  const { handles, contexts, groups } = core;
  const kind = handles.kind[slot];
  const target = handles.target[slot];
  handles.free(slot);
  if (kind === CONTEXT) {
    contexts.refs[target]--;
    if (contexts.refs[target] === 0 && core.choices.lastContextHandle === 'drop') dropMappings(core, target);
    core.steps.letGoOf(core, target);
  } else if (kind === DEVICE) {
    const c = contextOf(core, target);
    core.steps.countDeviceHandle(core, target, -1);
    core.steps.letGoOf(core, c);
  } else if (kind === GROUP) {
    core.steps.countGroupHandle(core, target, -1);
    core.steps.letGoOf(core, groups.context[target]);
    core.steps.freeGroup(core, target);
  }
}
