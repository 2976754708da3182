// Who has what open, and who is in which container?
import { some, sum } from '../kit/selector.js';
import type { Container, Group, State } from './state.js';

const handles = (s: State): State['handles'] => s.handles;

/** How many descriptors are open at all. */
export const handlesOpen = sum('handlesOpen', handles, () => 1);

/** Is the device open? */
export const deviceOpen = some(
  'deviceOpen',
  handles,
  (h, device: number) => h.kind === 'device' && h.target === device,
);

/** Is there a descriptor of the group's own file? */
export const groupHandle = some(
  'groupHandle',
  handles,
  (h, g: number) => h.kind === 'group' && h.target === g,
);

const containerHandle = some(
  'containerHandle',
  handles,
  (h, c: number) => h.kind === 'container' && h.target === c,
);

/** Is a device of the group open? */
export const groupInUse = (s: State, g: number): boolean =>
  s.devices.some((d, at) => d.group === g && deviceOpen(s, at));

/** The group's file is open while a descriptor of it or of one of its devices is: an open device holds it. */
export const groupOpen = (s: State, g: number): boolean => groupHandle(s, g) || groupInUse(s, g);

/** Has VFIO an object of the group: is one of its devices registered? */
export const registered = (s: State, g: number): boolean =>
  s.devices.some(d => d.group === g && d.driver === 'vfio');

/** The groups of a container, the one that was attached last first. */
export const groupsIn = (s: State, c: number): readonly number[] =>
  s.groups
    .map((_, at) => at)
    .filter(at => s.groups[at]!.container === c)
    .sort((a, b) => s.groups[a]!.order - s.groups[b]!.order);

const everyGroup = (s: State): State['groups'] => s.groups;
export const hasGroups = some('hasGroups', everyGroup, (g, c: number) => g.container === c);

/** Is some group of the container behind an IOMMU, and attached to a domain? */
export const hasDomain = some('hasDomain', everyGroup, (g, c: number) => g.container === c && g.domain >= 0);
export const hasEmulated = some(
  'hasEmulated',
  everyGroup,
  (g, c: number) => g.container === c && g.kind === 'emulated',
);
export const hasNoIommu = some(
  'hasNoIommu',
  everyGroup,
  (g, c: number) => g.container === c && g.kind === 'no-iommu',
);

/** The IOMMUs that the container's domains were made for, each once. */
export const domainsOf = (s: State, c: number): readonly number[] => [
  ...new Set(s.groups.filter(g => g.container === c && g.domain >= 0).map(g => g.domain)),
];

/** The lowest row of a container that nobody uses; one behind the last if all are in use. */
export function freeContainer(s: State): number {
  const at = s.containers.findIndex((_, c) => !containerHandle(s, c) && !hasGroups(s, c));
  return at < 0 ? s.containers.length : at;
}

/** Does the backend keep mappings apart as the user made them? */
export const second = (c: Container): boolean => c.backend === 'type1v2' || c.backend === 'nesting';

export const isType1 = (c: Container): boolean => c.backend === 'type1' || second(c);

/** The first group of a container by position: by it an observer names the container. */
export const leaderOf = (s: State, c: number): number => s.groups.findIndex((g: Group) => g.container === c);
