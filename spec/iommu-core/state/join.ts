// How does a device join its group, and what is left where its probe fails?
import { patch, patchAt } from '../../kit/record.js';
import type { PolicyValues } from '../policies.js';
import { isOld } from '../releases.js';
import { DEFAULT, NONE, type Op, type State } from '../state.js';
import { automatic } from './default-domain.js';
import { hasStaticBlocked, homeOf } from './group.js';
import { dropReference, leave } from './leave.js';

export type Probe = Extract<Op, { op: 'probe' }>;

export const groupFor = (s: State, o: Probe): State['groups'][number] => s.groups[homeOf(s, o)]!;
export const mediated = (s: State, o: Probe): boolean => s.devices[o.device]!.parent >= 0;

/** Does the newcomer bring a reference of its group? A new group is made with one, and a mediated device's parent takes one. */
export const isReferenced = (s: State, o: Probe, p: PolicyValues): boolean =>
  groupFor(s, o).refs === 0 || mediated(s, o) || p['device-group-reference'] === 'taken';

/** A failed probe drops a reference of the group, also where device_group took none. */
export const failedProbe = (s: State, o: Probe, p: PolicyValues): State =>
  isReferenced(s, o, p) ? s : dropReference(s, homeOf(s, o), p);

/** Is the newcomer's need of a direct map seen at once? Only where the group has a default domain. */
export const seesDirect = (s: State, o: Probe, p: PolicyValues): boolean =>
  s.devices[o.device]!.direct && groupFor(s, o).type !== 'none' && !isOld(p);

/**
 * The device is in the list of its group. The group's first device brings the reference that the allocation
 * made; each further one has that which device_group took, if it took one.
 */
export function joined(s: State, o: Probe, p: PolicyValues): State {
  const g = homeOf(s, o);
  const { refs } = s.groups[g]!;
  const brings = isReferenced(s, o, p) ? 1 : 0;
  return patch(s, {
    devices: patchAt(s.devices, o.device, { member: true, directKnown: seesDirect(s, o, p) }),
    groups: patchAt(s.groups, g, { refs: refs + brings }),
  });
}

/** Does the group have a domain already that the newcomer is attached to? */
export const hasCurrent = (s: State, o: Probe): boolean => groupFor(s, o).domain !== NONE;

/** Is the attach to the group's current domain deferred, since it is the default domain? In 6.1, whatever it is. */
export const isDeferred = (s: State, o: Probe, p: PolicyValues): boolean =>
  s.devices[o.device]!.deferred && (groupFor(s, o).domain === DEFAULT || isOld(p));

/** Is this the probe that sets the default domain up? */
export const setsUp = (s: State, o: Probe): boolean =>
  !hasCurrent(s, o) && groupFor(s, o).type === 'none' && o.queued !== true;

export const typeFor = (s: State, o: Probe, p: PolicyValues) => automatic(joined(s, o, p), homeOf(s, o));

export const attachedToCurrent = (s: State, o: Probe, p: PolicyValues): State => {
  const now = joined(s, o, p);
  if (isDeferred(s, o, p)) return now;
  return patch(now, {
    devices: patchAt(now.devices, o.device, { rid: groupFor(s, o).domain, deferred: false }),
  });
};

/** Has the instance that the device is behind a static blocked domain? */
export const staticFor = (s: State, o: Probe): boolean =>
  hasStaticBlocked(s, homeOf(s, o)) || s.instances[s.devices[o.device]!.instance]!.blocked;

/** The device goes again; its firmware's translations are as they were before. */
export function withdrawn(before: State, after: State, o: Probe, p: PolicyValues): State {
  const left = leave(after, o.device, p);
  return patch(left, { devices: left.devices.map((d, at) => (at === o.device ? before.devices[at]! : d)) });
}
