// Who points at a table?
import { selector } from '../kit/selector.js';
import type { State } from './state.js';

/** Groups whose windows point at a table. */
export const groupsOn = selector('groupsOn', (s: State, t: number): readonly number[] =>
  s.groups.flatMap((g, at) => (g.window0 === t || g.window1 === t ? [at] : [])),
);

/** Does a group or a container still point at the table? */
export const inUse = selector(
  'inUse',
  (s: State, t: number): boolean =>
    s.groups.some(g => g.window0 === t || g.window1 === t) ||
    s.containers.some(c => c.window0 === t || c.window1 === t),
);

/** Rows of the hardware tables that a guest's window writes through to, each once. */
export const tablesBehind = selector('tablesBehind', (s: State, w: number): readonly number[] => [
  ...new Set(s.links[w]!.reduce((list: readonly number[], link) => [...list, link.table], [])),
]);

/** How many point at a table: windows of groups, containers, guests' windows. */
export const referencesTo = selector(
  'referencesTo',
  (s: State, t: number): number =>
    s.groups.reduce((n, g) => n + (g.window0 === t ? 1 : 0) + (g.window1 === t ? 1 : 0), 0) +
    s.containers.filter(c => c.window0 === t || c.window1 === t).length +
    s.windows.filter((_, w) => tablesBehind(s, w).includes(t)).length,
);
