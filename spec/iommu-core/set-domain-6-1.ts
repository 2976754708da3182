// How did Linux 6.1 change the domain of a group, and where does a failure leave the members?
import { patch, patchAt } from '../kit/record.js';
import type { Errno } from '../protocol/errno.js';
import type { PolicyValues } from './policies.js';
import { off, on } from './state/attach.js';
import { formed } from './state/domain.js';
import { membersOf } from './state/group.js';
import { BLOCKED, type Device, NONE, OFF, type Ref, type State } from './state.js';

/** A change of a group's domain: every member is attached in order, the deferred ones too, until the first fails. */
export interface Walk {
  readonly group: number;
  readonly to: Ref;
}

/** Where a walk stops: at which member, counted from 0, by which errno, and whether it must. */
export interface Stop {
  readonly at: number;
  readonly errno: Errno;
  readonly certain: boolean;
}

/** The errno by which the driver refuses the domain for certain. */
function refused(s: State, d: Device, to: Ref): Errno | undefined {
  const instance = s.instances[d.instance]!;
  // Its blocking domain is an empty one of the same kind as a user's.
  if (instance.code === 'vtd' && d.direct && (to >= 0 || to === BLOCKED)) return 'EPERM';
  if (to < 0) return undefined;
  const { kind, instance: made } = s.domains.get(to);
  if (kind === 'unset' || made === d.instance) return undefined;
  if (instance.code === 'io-pgtable-arm') return 'ENXIO';
  return instance.code === 'vtd' && s.instances[made]!.limit > instance.limit ? 'EFAULT' : undefined;
}

/** Every member at which the walk may stop, in order; it goes no further than to one at which it must. */
export function stopsOf(s: State, { group, to }: Walk): readonly Stop[] {
  const found: Stop[] = [];
  for (const [at, device] of membersOf(s, group).entries()) {
    const errno = refused(s, s.devices[device]!, to);
    found.push({ at, errno: errno ?? 'ENOMEM', certain: errno !== undefined });
    if (errno !== undefined) break;
  }
  return found;
}

export const certainStop = (s: State, w: Walk): Stop | undefined => stopsOf(s, w).find(stop => stop.certain);

/** A member whose attach fails is off its domain: its driver takes it off first. VT-d keeps the attach of a deferred one deferred. */
export const lost = (s: State, d: Device): Device =>
  d.deferred && s.instances[d.instance]!.code === 'vtd' ? d : off(d);

/** A locked RMRR is looked at before anything is done. */
const stopped = (s: State, d: Device, { errno }: Stop): Device => (errno === 'EPERM' ? d : lost(s, d));

/** The group is on the domain, and whoever is elsewhere differs from it. */
export function settled(s: State, g: number, domain: Ref): State {
  const devices = s.devices.map(d => {
    if (!d.member || d.home !== g || d.instance < 0) return d;
    const nowhere = domain === NONE && (d.rid === NONE || d.rid === OFF);
    const differs = !d.deferred && d.rid !== domain && !nowhere;
    return differs === d.differs ? d : patch(d, { differs });
  });
  const groups = s.groups[g]!.domain === domain ? s.groups : patchAt(s.groups, g, { domain });
  return patch(s, { devices, groups });
}

/** Members before the stop are attached, that one is not, and the others are where they were; without one, all are attached. */
function walked(s: State, w: Walk, p: PolicyValues, stop?: Stop): State {
  const members = membersOf(s, w.group);
  const until = stop?.at ?? members.length;
  const first = s.devices[members[0] ?? -1];
  return patch(s, {
    devices: s.devices.map((d, at) => {
      const n = members.indexOf(at);
      if (n < 0 || n > until) return d;
      return n === until ? stopped(s, d, stop!) : on(d, w.to, p);
    }),
    domains: until > 0 ? formed(s, w.to, first?.instance ?? -1) : s.domains,
  });
}

/** All members are attached, and the group is on the domain. */
export const walkedThrough = (s: State, w: Walk, p: PolicyValues): State =>
  settled(walked(s, w, p), w.group, w.to);

/** The walk has stopped, and the group is on the domain that it was on. */
export const halfway = (s: State, w: Walk, p: PolicyValues, stop: Stop): State =>
  settled(walked(s, w, p, stop), w.group, s.groups[w.group]!.domain);

/** How an attach ends whose walk has stopped: every member is attached to the old domain again, unless that stops as well. */
export function undoings(
  s: State,
  w: Walk,
  p: PolicyValues,
  stop: Stop,
): { readonly back: State; readonly lost: readonly State[] } {
  const old = s.groups[w.group]!.domain;
  const stuck = settled(walked(s, w, p, stop), w.group, NONE);
  if (old === NONE) return { back: stuck, lost: [] };
  const back = { group: w.group, to: old };
  return {
    back: walkedThrough(stuck, back, p),
    lost: stopsOf(stuck, back).map(again => halfway(stuck, back, p, again)),
  };
}

/** Has the one driver of the machine detach_dev, so that a group can go back to no domain? SMMUv3 has not. */
export const canDetach = (s: State): boolean => s.instances.every(i => i.code !== 'io-pgtable-arm');

/** The members are detached, but for the deferred ones, and the group is on no domain. */
export const detachedAll = (s: State, g: number): State =>
  settled(
    patch(s, {
      devices: s.devices.map(d => (d.member && d.home === g && d.instance >= 0 && !d.deferred ? off(d) : d)),
    }),
    g,
    NONE,
  );
