// Who is in a group, on which domain is it, and which domains fit where?
import { selector } from '../kit/selector.js';
import {
  BLOCKED,
  DEFAULT,
  type Device,
  type Group,
  IDENTITY,
  type Instance,
  NONE,
  type Ref,
  type State,
} from './state.js';

/** A domain as an operation names it. */
export type Named = number | 'identity' | 'blocked';

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

/** Has the group an object, and a member behind an IOMMU that could be asked? */
export const groupWorks = selector('groupWorks', (s: State, g: number): boolean =>
  s.devices.some(d => d.member && d.home === g && d.instance >= 0),
);

/** The group of a device that is a member. */
export const groupOf = (s: State, device: number): Group => s.groups[s.devices[device]!.home]!;

/** The IOMMU instance of a group's members; they all have the same. */
export const instanceOf = selector('instanceOf', (s: State, g: number): Instance | undefined => {
  const first = s.devices.find(d => d.member && d.home === g);
  return first === undefined ? undefined : s.instances[first.instance];
});

/** Does the instance have a blocked domain that can always be attached? */
export const blocksAlways = (s: State, g: number): boolean => instanceOf(s, g)?.blocked === true;

/** The domain that an operation names, as a pointer of a group. */
export const refOf = (s: State, g: number, named: Named): Ref => {
  if (named === 'blocked') return BLOCKED;
  if (named === 'identity') return defaultIsStatic(s, g) ? DEFAULT : IDENTITY;
  return named;
};

/**
 * The same as a PASID's entry has it: the static identity domain under its own name, since the entry stays where
 * it is when the group gets another default domain.
 */
export const writtenRef = (s: State, g: number, named: Named): Ref =>
  named === 'identity' ? IDENTITY : refOf(s, g, named);

/** Is the default domain the one static identity domain? */
export const defaultIsStatic = (s: State, g: number): boolean =>
  s.groups[g]!.type === 'identity' && instanceOf(s, g)?.identity === true;

/** Is there such a domain, as far as this group can tell? */
export const domainLives = (s: State, instance: Instance | undefined, named: Named): boolean => {
  if (named === 'blocked') return instance === undefined || instance.blocked;
  if (named === 'identity') return instance === undefined || instance.identity;
  return s.domains.get(named).kind !== 'free';
};

/** Is the domain one that this instance's driver made, or has? */
export const ofDriver = (s: State, instance: Instance, ref: Ref): boolean => {
  const made = ref < 0 ? -1 : s.domains.get(ref).instance;
  return made < 0 || s.instances[made]!.driver === instance.driver;
};

/** Can the instance translate by this domain: same driver, no wider, no page sizes that it does not know? */
export const fits = (s: State, instance: Instance, ref: Ref): boolean => {
  const made = ref < 0 ? -1 : s.domains.get(ref).instance;
  if (made < 0) return true;
  const from = s.instances[made]!;
  if (from === instance || (s.domains.get(ref).kind === 'unset' && from.driver === instance.driver))
    return true;
  return (
    from.driver === instance.driver && from.limit <= instance.limit && subset(from.sizes, instance.sizes)
  );
};

/** Are all bits of `a` in `b`? Both have up to 52 bits, more than the operators of the language work on. */
function subset(a: number, b: number): boolean {
  for (let x = a, y = b; x > 0; x = Math.floor(x / 2), y = Math.floor(y / 2))
    if (x % 2 === 1 && y % 2 === 0) return false;
  return true;
}

/** Is the group where the core put it: on its default domain, its blocking domain, or nowhere yet? */
export const onCoreDomain = selector('onCoreDomain', (s: State, g: number): boolean => {
  const { domain, blocking } = s.groups[g]!;
  return domain === NONE || domain === DEFAULT || (domain === BLOCKED && blocking);
});

/** The domain that a group goes back to; NONE if there is no such domain. */
export const coreDomain = (group: Group): Ref =>
  group.owner >= 0 ? (group.blocking ? BLOCKED : NONE) : group.type === 'none' ? NONE : DEFAULT;

/** Is anything written down in the group's table of PASIDs, the handle of the requester id among them? */
export const hasEntries = selector('hasEntries', (s: State, g: number): boolean => {
  const first = g * s.machine.pasidSpan;
  const next = s.entries.ceiling(first);
  return next >= 0 && next < first + s.machine.pasidSpan;
});

/** Is a PASID of the group attached? */
export const hasPasids = selector('hasPasids', (s: State, g: number): boolean => {
  const first = g * s.machine.pasidSpan;
  const next = s.entries.ceiling(first + 1);
  return next >= 0 && next < first + s.machine.pasidSpan;
});

/** Can the device tag its DMA with PASIDs? */
export const capableOfPasids = (s: State, d: Device): boolean =>
  d.instance >= 0 && d.pasids > 1 && s.instances[d.instance]!.pasids > 1;

/** Does any pointer lead to this domain: of a group, a PASID entry, a device's hardware, an aux attachment? */
export const referred = selector(
  'referred',
  (s: State, domain: number): boolean =>
    known(s, domain) ||
    s.devices.some(d => d.rid === domain || d.leftover === domain) ||
    s.programmed.reduce((found: boolean, p) => found || p.domain === domain, false),
);

/** The same, as far as whoever freed the domain could know: what was attached and not yet detached. */
export const known = selector(
  'known',
  (s: State, domain: number): boolean =>
    s.groups.some(g => g.domain === domain) ||
    s.entries.reduce((found: boolean, e) => found || e.domain === domain, false) ||
    s.domains.get(domain).pasid > 0,
);
