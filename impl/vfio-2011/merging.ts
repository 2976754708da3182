// How does a group join the set of another, and how does it leave?
import { EBADF, EBUSY, EFAULT, EINVAL, ENOMEM, ENOTTY, EPERM } from '../errno.js';
import { foreign, slotFor, UNREADABLE } from './calls.js';
import { type Core, fails } from './core.js';
import { CONTEXT, GROUP } from './handles.js';
import { joinContext } from './members.js';

export function merge(core: Core, handle: number, incoming: number, mm: number, arg: number): number {
  const { handles, groups } = core;
  const slot = slotFor(core, handle, GROUP);
  if (slot < 0) return slot;
  const host = handles.target[slot];
  if (foreign(core, groups.context[host], mm)) return -EPERM;
  if (arg === UNREADABLE) return -EFAULT;
  const guest = namedGroup(core, incoming);
  if (guest < 0) return guest;
  return core.steps.mayJoin(core, host, guest) ? join(core, host, guest, mm) : -EINVAL;
}

/** The group behind a descriptor that is an argument, not the one that the call is made on. */
function namedGroup(core: Core, handle: number): number {
  if (handle < 0) return -EINVAL;
  const slot = core.handles.slotOf(handle);
  if (slot < 0) return -EBADF;
  return core.handles.kind[slot] === GROUP ? core.handles.target[slot] : -EINVAL;
}

/** May the group come into the host's set at all? */
export function mayJoin(core: Core, host: number, guest: number): boolean {
  const { groups, contexts, choices } = core;
  const from = groups.context[guest];
  if (groups.context[host] === from) return false;
  if (choices.mergeIncoming !== 'any' && contexts.open[from] !== 0) return false;
  if (choices.mergeIncoming === 'singular-idle' && contexts.members[from] > 1) return false;
  return groups.bus[groups.hardware[host]] === groups.bus[groups.hardware[guest]];
}

/**
 * The incoming context is opened on trial, to see what its domain can do; then the host's, if nobody has
 * yet; then the devices move. What this call opened it closes again when it fails.
 */
function join(core: Core, host: number, guest: number, mm: number): number {
  const { groups, contexts } = core;
  const to = groups.context[host];
  const from = groups.context[guest];
  const onTrial = contexts.open[from] === 0;
  const first = contexts.open[to] === 0;
  // Open or not: a set that could not be given out must not come into one that is.
  if (!core.steps.isViable(core, from)) return -EBUSY;
  let result = onTrial ? core.steps.openContext(core, from, mm) : 0;
  if (result === 0 && first) result = core.steps.openContext(core, to, mm);
  const snoops = groups.coherent[groups.hardware[host]];
  if (result === 0 && snoops !== groups.coherent[groups.hardware[guest]]) result = -EINVAL;
  // Also on the way out: the trial is over before any device can be attached elsewhere.
  if (onTrial) core.steps.closeContext(core, from);
  if (result === 0) result = moveDevices(core, from, to);
  if (result < 0) {
    if (first) core.steps.closeContext(core, to);
    return result;
  }
  takeOver(core, from, to);
  return 0;
}

/** Every device of the set `from` is attached to the domain of `to`, or all are where they were. */
function moveDevices(core: Core, from: number, to: number): number {
  const { groups, contexts } = core;
  for (let g = contexts.firstMember[from]; g >= 0; g = groups.next[g]) {
    core.steps.detachGroup(core, g, from);
    if (core.steps.attachGroup(core, g, to) === 0) continue;
    // A context that was open has its devices back; after a trial they stay with the kernel's own domain.
    const back = contexts.open[from] === 0 ? -1 : from;
    for (let done = contexts.firstMember[from]; ; done = groups.next[done]) {
      core.steps.sendBack(core, done, back);
      if (done === g) return -EFAULT;
    }
  }
  return 0;
}

/** What was attached before cannot be refused when it comes back. */
export function sendBack(core: Core, g: number, domain: number): void {
  const { devices, groups } = core;
  for (let d = groups.firstDevice[g]; d >= 0; d = devices.next[d]) devices.domain[d] = domain;
}

/** The devices have moved; members, handles and what is counted of them follow, and `from` is free. */
function takeOver(core: Core, from: number, to: number): void {
  const { groups, contexts, handles } = core;
  core.steps.closeContext(core, from);
  for (let slot = 0; contexts.refs[from] > 0; slot++) {
    if (handles.kind[slot] !== CONTEXT || handles.target[slot] !== from) continue;
    handles.target[slot] = to;
    contexts.refs[from]--;
    contexts.refs[to]++;
  }
  for (let g = contexts.firstMember[from]; g >= 0; ) {
    const next = groups.next[g];
    core.steps.leaveContext(core, g);
    joinContext(core, g, to);
    g = next;
  }
}

/** The group behind the handle leaves its set. */
export function unmerge(core: Core, handle: number, mm: number, arg: number): number {
  return leave(core, handle, mm, arg, 'self', handle);
}

/** The group behind `member` leaves the set that `handle` speaks for. */
export function unmergeMember(core: Core, handle: number, member: number, mm: number, arg: number): number {
  return leave(core, handle, mm, arg, 'by-handle', member);
}

function leave(
  core: Core,
  handle: number,
  mm: number,
  arg: number,
  form: Core['choices']['unmergeNames'],
  member: number,
): number {
  const { groups, contexts, handles, choices } = core;
  const slot = slotFor(core, handle, GROUP);
  if (slot < 0) return slot;
  const speaker = handles.target[slot];
  if (foreign(core, groups.context[speaker], mm)) return -EPERM;
  if (form !== choices.unmergeNames) return -ENOTTY;
  if (arg === UNREADABLE) return -EFAULT;
  if (member < 0) return -EINVAL;
  const fresh = fails(core, 'context-object') ? -1 : contexts.take();
  if (fresh < 0) return -ENOMEM;
  const leaver = form === 'self' ? speaker : otherMember(core, speaker, member);
  const refusal = leaver < 0 ? leaver : core.steps.refusalToLeave(core, leaver);
  if (refusal < 0) {
    contexts.giveBack(fresh);
    return refusal;
  }
  const old = groups.context[leaver];
  core.steps.detachGroup(core, leaver, old);
  core.steps.leaveContext(core, leaver);
  joinContext(core, leaver, fresh);
  // The set may have had nobody but the leaver, and sleepers of the leaver waited for the set.
  core.steps.letGoOf(core, old);
  core.steps.letGoOf(core, fresh);
  return 0;
}

function otherMember(core: Core, speaker: number, member: number): number {
  const g = namedGroup(core, member);
  if (g < 0) return g;
  return g === speaker || core.groups.context[g] !== core.groups.context[speaker] ? -EINVAL : g;
}

/** Why the group may not leave its set: 0, -EINVAL or -EBUSY. */
export function refusalToLeave(core: Core, g: number): number {
  if (core.contexts.members[core.groups.context[g]] === 1) return -EINVAL;
  return core.groups.deviceRefs[g] > 0 ? -EBUSY : 0;
}
