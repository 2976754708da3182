// Which default domain does a group get, and under which name is its static identity domain known?
import { patch, patchAt } from '../../kit/record.js';
import type { PolicyValues } from '../policies.js';
import {
  type Change,
  forcedFailures,
  mustSetDomain,
  resetHoldsGroup,
  resetHoldsMember,
  setDomain,
} from '../set-domain.js';
import {
  BLOCKED,
  DEFAULT,
  FREED,
  type Group,
  IDENTITY,
  NONE,
  ORPHAN,
  type Ref,
  type State,
} from '../state.js';
import { defaultIsStatic } from './domain.js';
import { instanceOf, membersOf } from './group.js';

export type DefaultType = Exclude<Group['type'], 'none'>;

/** What the members' drivers ask for together: where they disagree, identity takes precedence. */
function wanted(s: State, g: number): 'any' | 'dma' | 'identity' {
  const wants = membersOf(s, g).map(at => s.devices[at]!.wants);
  return wants.includes('identity') ? 'identity' : wants.includes('dma') ? 'dma' : 'any';
}

/** What the driver of one device asks for, undefined: nothing. */
export const wishOf = (s: State, device: number): 'dma' | 'identity' | undefined => {
  const { wants } = s.devices[device]!;
  return wants === 'any' ? undefined : wants;
};

/** The type that is asked for, or else the machine's. */
export const automaticOf = (s: State, wish: 'dma' | 'identity' | undefined): DefaultType =>
  wish ?? s.machine.defaultType;

/**
 * What becomes of a default domain that nobody asked for by name and that cannot be allocated: one of type DMA is tried
 * instead, or, where it was to be of that type, none. Undefined: somebody named the type.
 */
export function instead(s: State, g: number): 'dma' | 'none' | undefined {
  if (wanted(s, g) !== 'any') return undefined;
  const { defaultType } = s.machine;
  if (!allocates(s, g, defaultType)) return undefined;
  return defaultType === 'dma' ? 'none' : 'dma';
}

/** The type of the first default domain, or of one that nobody asks for by name. */
export function automatic(s: State, g: number): DefaultType {
  const want = wanted(s, g);
  return want === 'any' ? s.machine.defaultType : want;
}

/** The type that a default domain gets if `asked` for, or null: a driver does not allow it. */
export function negotiated(s: State, g: number, asked: DefaultType | 'auto'): DefaultType | null {
  if (asked === 'auto') return automatic(s, g);
  const want = wanted(s, g);
  return want === 'any' || asked === want ? asked : null;
}

/** Is a default domain of this type the static identity domain, which is not allocated? */
const isStatic = (s: State, g: number, type: Group['type']): boolean =>
  type === 'identity' && instanceOf(s, g)?.identity === true;

/** Is the default domain of this type allocated? */
export const allocates = (s: State, g: number, type: DefaultType): boolean => !isStatic(s, g, type);

/** The group and its members that are on it by one name are on it by the other. PASID table entries have their own. */
function renamed(s: State, g: number, from: Ref, to: Ref): State {
  const now = (ref: Ref): Ref => (ref === from ? to : ref);
  return patch(s, {
    devices: s.devices.map(d =>
      d.member && d.home === g ? patch(d, { rid: now(d.rid), stale: now(d.stale) }) : d,
    ),
    groups: patchAt(s.groups, g, { domain: now(s.groups[g]!.domain) }),
  });
}

/** Whoever sets a default domain up sees which members need a direct map. */
const directSeen = (s: State, g: number): State['devices'] =>
  s.devices.map(d =>
    d.direct && !d.directKnown && d.member && d.home === g ? patch(d, { directKnown: true }) : d,
  );

/** The group has a default domain of another type, or none. What is attached where stays the same. */
export function retyped(s: State, g: number, type: Group['type']): State {
  const was = defaultIsStatic(s, g);
  const is = isStatic(s, g, type);
  const named = was === is ? s : is ? renamed(s, g, IDENTITY, DEFAULT) : renamed(s, g, DEFAULT, IDENTITY);
  const groups = patchAt(named.groups, g, { type });
  return patch(named, type === 'none' ? { groups } : { groups, devices: directSeen(named, g) });
}

/** Has the group no domain, so that its first default domain is attached? */
const isFirst = (s: State, g: number): boolean => s.groups[g]!.domain === NONE && s.groups[g]!.owner < 0;

/** Was the group claimed before it had a default domain, and released to its blocking domain? */
export const leftBlocked = (s: State, g: number): boolean => {
  const { owner, domain, blocking } = s.groups[g]!;
  return owner < 0 && domain === BLOCKED && blocking;
};

const toDefault = (g: number): Change => ({ group: g, to: DEFAULT });

/** Does a reset keep the members from being attached to the first default domain? */
export const firstDefaultHeld = (s: State, g: number, p: PolicyValues): boolean =>
  leftBlocked(s, g) ? resetHoldsMember(s, g) : isFirst(s, g) && resetHoldsGroup(s, g, p);

/** The first default domain is there, and attached if nobody owns the group. */
export function firstDefault(s: State, g: number, type: DefaultType, p: PolicyValues): State {
  const typed = retyped(s, g, type);
  if (leftBlocked(s, g)) return setDomain(typed, toDefault(g), p);
  return isFirst(s, g) ? mustSetDomain(typed, toDefault(g), p) : typed;
}

/** The same with one member that could not be attached, once for each that may be the one. */
export const firstDefaultFailures = (
  s: State,
  g: number,
  type: DefaultType,
  p: PolicyValues,
): readonly State[] =>
  isFirst(s, g) && !resetHoldsGroup(s, g, p) ? forcedFailures(retyped(s, g, type), toDefault(g), p) : [];

/** The exchange of one default domain for another. What stays attached to the new one when it is given up is freed, or not. */
export const exchangeFor = (s: State, g: number, type: DefaultType, p: PolicyValues): Change => ({
  group: g,
  to: DEFAULT,
  renews: true,
  given: !allocates(s, g, type) ? IDENTITY : p['free-trusts-detach'] === 'yes' ? FREED : ORPHAN,
});
