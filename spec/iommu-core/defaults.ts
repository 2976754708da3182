// Which type has the default domain of a group, and what does it take to set it up?
import { patch, patchAt } from '../kit/record.js';
import { instanceOf, membersOf } from './groups.js';
import type { PolicyValues } from './policies.js';
import { DEFAULT, FREED, type Group, IDENTITY, NONE, ORPHAN, type State } from './state.js';
import { type Change, forced, forcedFailures } from './transition.js';

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

const withType = (s: State, g: number, type: Type): State =>
  patch(s, { groups: patchAt(s.groups, g, { type }) });

/** Is the group still nowhere, so that its first default domain is attached? */
const nowhere = (s: State, g: number): boolean => s.groups[g]!.domain === NONE && s.groups[g]!.owner < 0;

/** The first default domain is there, and attached if nobody has taken the group meanwhile. */
export function firstDefault(s: State, g: number, type: Type, p: PolicyValues): State {
  const typed = withType(s, g, type);
  return nowhere(s, g) ? forced(typed, { group: g, to: DEFAULT }, -1, p) : typed;
}

/** The same with one member that could not be attached, once for each that may be the one. */
export const firstDefaultFailures = (s: State, g: number, type: Type, p: PolicyValues): readonly State[] =>
  nowhere(s, g) ? forcedFailures(withType(s, g, type), { group: g, to: DEFAULT }, p) : [];

/** The exchange of one default domain for another. What is left on the new one when it is given up is freed, or not. */
export const exchangeFor = (s: State, g: number, type: Type, p: PolicyValues): Change => ({
  group: g,
  to: DEFAULT,
  renews: true,
  given: !allocates(s, g, type) ? IDENTITY : p['free-trusts-detach'] === 'yes' ? FREED : ORPHAN,
});
