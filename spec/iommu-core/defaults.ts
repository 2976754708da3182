// Which type has the default domain of a group, and what does it take to set it up?
import { instanceOf, membersOf } from './groups.js';
import { retyped } from './naming.js';
import type { PolicyValues } from './policies.js';
import { BLOCKED, DEFAULT, FREED, type Group, IDENTITY, NONE, ORPHAN, type State } from './state.js';
import { type Change, changed, forced, forcedFailures, resetInTheWay, resetOfMember } from './transition.js';

type Type = Exclude<Group['type'], 'none'>;

/** What the members' drivers ask for together: where they disagree, identity takes precedence. */
export function wanted(s: State, g: number): 'any' | 'dma' | 'identity' {
  const wants = membersOf(s, g).map(at => s.devices[at]!.wants);
  return wants.includes('identity') ? 'identity' : wants.includes('dma') ? 'dma' : 'any';
}

/** The type of the first default domain, or of one that nobody asks for by name. */
export function automatic(s: State, g: number): Type {
  const want = wanted(s, g);
  return want === 'any' ? s.machine.defaultType : want;
}

/** The type that a default domain gets if `asked` for, or null: a driver does not allow it. */
export function negotiated(s: State, g: number, asked: Type | 'auto'): Type | null {
  if (asked === 'auto') return automatic(s, g);
  const want = wanted(s, g);
  return want === 'any' || asked === want ? asked : null;
}

/** Is the default domain of this type allocated? The static identity domain is not. */
export const allocates = (s: State, g: number, type: Type): boolean =>
  !(type === 'identity' && instanceOf(s, g)?.identity === true);

/** Is the group still nowhere, so that its first default domain is attached? */
const nowhere = (s: State, g: number): boolean => s.groups[g]!.domain === NONE && s.groups[g]!.owner < 0;

/** Is the group where its last owner has left it, who had taken it before it was set up? */
export const leftBlocked = (s: State, g: number): boolean => {
  const { owner, domain, blocking } = s.groups[g]!;
  return owner < 0 && domain === BLOCKED && blocking;
};

/** Does a reset keep the members from being attached to the first default domain? */
export const firstDefaultHeld = (s: State, g: number, p: PolicyValues): boolean =>
  leftBlocked(s, g) ? resetOfMember(s, g) : nowhere(s, g) && resetInTheWay(s, g, p);

/** The first default domain is there, and attached if nobody has the group. */
export function firstDefault(s: State, g: number, type: Type, p: PolicyValues): State {
  const typed = retyped(s, g, type);
  if (leftBlocked(s, g)) return changed(typed, { group: g, to: DEFAULT }, p);
  return nowhere(s, g) ? forced(typed, { group: g, to: DEFAULT }, -1, p) : typed;
}

/** The same with one member that could not be attached, once for each that may be the one. */
export const firstDefaultFailures = (s: State, g: number, type: Type, p: PolicyValues): readonly State[] =>
  nowhere(s, g) && !resetInTheWay(s, g, p)
    ? forcedFailures(retyped(s, g, type), { group: g, to: DEFAULT }, p)
    : [];

/** The exchange of one default domain for another. What is left on the new one when it is given up is freed, or not. */
export const exchangeFor = (s: State, g: number, type: Type, p: PolicyValues): Change => ({
  group: g,
  to: DEFAULT,
  renews: true,
  given: !allocates(s, g, type) ? IDENTITY : p['free-trusts-detach'] === 'yes' ? FREED : ORPHAN,
});
