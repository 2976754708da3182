// Who points at what, which window holds an address, and what is charged, used and mapped?
import { selector } from '../kit/selector.js';
import { entryOf, tablePages, unitsOf } from './pages.js';
import type { Region, State, TceTable } from './state.js';

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

/** Index of a bus address in a table, -1: the table does not hold it. */
export function indexIn(t: TceTable, address: bigint): number {
  const index = entryOf(address, t.shift) - t.offset;
  return t.kind !== 'free' && index >= 0 && index < t.size ? index : -1;
}

/** Row of the container's table that holds a bus address, -1: none. Window 0 is asked first. */
export const tableHolding = selector('tableHolding', (s: State, c: number, address: bigint): number => {
  const { window0, window1 } = s.containers[c]!;
  if (window0 >= 0 && indexIn(s.tables[window0]!, address) >= 0) return window0;
  return window1 >= 0 && indexIn(s.tables[window1]!, address) >= 0 ? window1 : -1;
});

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

/** Row of the region of an address space that holds all of [ua, ua + pages), -1: none. */
export const regionHolding = selector(
  'regionHolding',
  (s: State, mm: number, ua: number, pages: number): number =>
    s.regions.findIndex(
      r => r.kind === 'registered' && r.mm === mm && r.ua <= ua && ua + pages <= r.ua + r.pages,
    ),
);

/** Row of the region that is exactly this range, -1: none. */
export const regionOf = selector('regionOf', (s: State, mm: number, ua: number, pages: number): number =>
  s.regions.findIndex(r => r.kind === 'registered' && r.mm === mm && r.ua === ua && r.pages === pages),
);

/** How many containers hold a region. */
export const holdersOf = selector('holdersOf', (s: State, region: number): number =>
  s.holds.reduce((n, held) => (held.has(region) ? n + 1 : n), 0),
);

/** Live entries of all tables whose user address lies in a region. */
export const liveIn = selector('liveIn', (s: State, region: number): number => {
  const r = s.regions[region]!;
  return s.tables.reduce(
    (n, t, at) =>
      t.kind === 'container' && t.mm === r.mm
        ? s.entries[at]!.reduce((sum, run) => sum + overlap(r, run.ua, run.count, unitsOf(t.shift)), n)
        : n,
    0,
  );
});

/** How many of `count` pages of `step` units from `ua` on lie in the region. */
function overlap(r: Region, ua: number, count: number, step: number): number {
  if (ua < 0) return 0;
  const from = Math.max(ua, r.ua);
  const to = Math.min(ua + count * step, r.ua + r.pages);
  return to > from ? Math.floor((to - from) / step) : 0;
}

/** A region's `mapped` counter: one, and one for each live entry (and for each use that nobody takes back). */
export const mappedOf = selector(
  'mappedOf',
  (s: State, region: number): number => 1 + liveIn(s, region) + s.regions[region]!.leaked,
);

/** Pages of the host in a number of 4 KiB pages. */
export const hostPages = (s: State, pages: number): number =>
  Math.floor(pages / unitsOf(s.platform.pageShift));

/** What a table costs its container, in pages of the host. */
export const chargeOf = selector('chargeOf', (s: State, t: number): number => {
  if (t < 0) return 0;
  const { size, levels } = s.tables[t]!;
  return tablePages(s.platform.name, Math.log2(size), levels, s.platform.pageShift);
});

/** Pages of the host that are charged to an address space. */
export const lockedBy = selector(
  'lockedBy',
  (s: State, mm: number): number =>
    s.containers.reduce(
      (n, c) =>
        c.kind === 'open' && c.mm === mm ? n + c.locked + chargeOf(s, c.window0) + chargeOf(s, c.window1) : n,
      0,
    ) +
    s.regions.reduce((n, r) => (r.kind === 'registered' && r.mm === mm ? n + hostPages(s, r.pages) : n), 0),
);

/** Would so many pages more pass the limit of the address space? */
export const overLimit = (s: State, mm: number, more: number): boolean => {
  const limit = s.mms[mm]!.lockLimit;
  return more > 0 && limit >= 0 && lockedBy(s, mm) + more > limit;
};

/** The run of memory that holds a page of an address space, -1: none. */
export const memoryHolding = selector('memoryHolding', (s: State, mm: number, ua: number): number =>
  s.memory.findIndex(m => m.mm === mm && m.ua <= ua && ua < m.ua + m.pages),
);

/** The user's page behind a guest page, -1: not in a memory slot. */
export const userPage = selector('userPage', (s: State, gpa: number): number => {
  const slot = s.slots.find(x => x.gpa <= gpa && gpa < x.gpa + x.pages);
  return slot === undefined ? -1 : slot.ua + (gpa - slot.gpa);
});

/** Row of the guest's window of that number, -1: none. */
export const windowNumbered = selector('windowNumbered', (s: State, liobn: bigint): number =>
  s.windows.findIndex(w => w.kind !== 'free' && w.liobn === liobn),
);

/** Position of the guest bridge with that BUID, -1: none. */
export const bridgeWith = selector('bridgeWith', (s: State, buid: bigint): number =>
  s.guestBridges.findIndex(b => b.buid === buid),
);

/** Rows of the windows of a guest bridge. */
export const windowsOn = selector('windowsOn', (s: State, bridge: number): readonly number[] =>
  s.windows.flatMap((w, at) => (w.kind === 'rtas' && w.bridge === bridge ? [at] : [])),
);

/** References to an iommu group: its endpoint's, one for each device, less those that were never taken. */
export const groupReferences = selector('groupReferences', (s: State, g: number): number => {
  const devices = s.devices.filter(d => d.group === g && d.state !== 'absent').length;
  return 1 + devices - s.groups[g]!.lost;
});
