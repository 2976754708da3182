// Which groups does a container have, and who refers to a group?
import { selector } from '../kit/selector.js';
import type { State } from './state.js';

/** Row of the open container of that name, -1: none. */
export const containerNamed = selector('containerNamed', (s: State, name: number): number =>
  s.containers.findIndex(c => c.kind === 'open' && c.name === name),
);

/** Has the container any group? */
export const hasGroups = selector('hasGroups', (s: State, c: number): boolean =>
  s.groups.some(g => g.container === c),
);

/** The group that joined the container last; what the driver asks first. -1: none. */
export const latestGroup = selector('latestGroup', (s: State, c: number): number =>
  s.groups.findIndex(g => g.container === c && g.order === 0),
);

/** References to an iommu group: its PE's, one for each device, less those that were never taken. */
export const groupReferences = selector('groupReferences', (s: State, g: number): number => {
  const devices = s.devices.filter(d => d.group === g && d.state !== 'absent').length;
  return 1 + devices - s.groups[g]!.lost;
});
