// Who is in a group, and on which domain is it?
import { selector } from '../../kit/selector.js';
import { BLOCKED, DEFAULT, type Group, type Instance, NONE, type Ref, type State } from '../state.js';

/** Is there such a device, and is it in its group? */
export const isMember = (s: State, device: number): boolean => s.devices[device]?.member === true;

/** The same, and is the group object still there? Where members hold no reference it may be gone. */
export const hasItsGroup = (s: State, device: number): boolean =>
  isMember(s, device) && groupLives(s, s.devices[device]!.home);

/** Positions of the members of a group, in the order of the machine's list. */
export const membersOf = selector('membersOf', (s: State, g: number): readonly number[] =>
  s.devices.flatMap((d, at) => (d.member && d.home === g ? [at] : [])),
);

/** Is there a group object? */
export const groupLives = (s: State, g: number): boolean => (s.groups[g]?.refs ?? 0) > 0;

/** Has the group a member behind an IOMMU? */
export const hasIommu = selector('hasIommu', (s: State, g: number): boolean =>
  s.devices.some(d => d.member && d.home === g && d.instance >= 0),
);

/** The isolation group of a device. */
export const homeOf = (s: State, o: { readonly device: number }): number => s.devices[o.device]!.home;

/** The group of a device that is a member. */
export const groupOf = (s: State, device: number): Group => s.groups[s.devices[device]!.home]!;

/** The IOMMU instance of a group's members; they all have the same. */
export const instanceOf = selector('instanceOf', (s: State, g: number): Instance | undefined => {
  const first = s.devices.find(d => d.member && d.home === g);
  return first === undefined ? undefined : s.instances[first.instance];
});

/** Does the instance have a static blocked domain, which can always be attached? */
export const hasStaticBlocked = (s: State, g: number): boolean => instanceOf(s, g)?.blocked === true;

/** Is the group where the core attached it: to its default domain, its blocking domain, or no domain yet? */
export const onCoreDomain = selector('onCoreDomain', (s: State, g: number): boolean => {
  const { domain, blocking } = s.groups[g]!;
  return domain === NONE || domain === DEFAULT || (domain === BLOCKED && blocking);
});

/** The domain that a group goes back to; NONE if there is no such domain. */
export const coreDomain = (group: Group): Ref =>
  group.owner >= 0 ? (group.blocking ? BLOCKED : NONE) : group.type === 'none' ? NONE : DEFAULT;

/** Has the group's PASID table any entry, the handle of the requester id among them? */
export const hasEntries = selector('hasEntries', (s: State, g: number): boolean => hasEntryFrom(s, g, 0));

/** Is a PASID of the group attached? */
export const hasPasids = selector('hasPasids', (s: State, g: number): boolean => hasEntryFrom(s, g, 1));

function hasEntryFrom(s: State, g: number, pasid: number): boolean {
  const { pasidSpan } = s.machine;
  const next = s.pasidTable.ceiling(g * pasidSpan + pasid);
  return next >= 0 && next < (g + 1) * pasidSpan;
}
