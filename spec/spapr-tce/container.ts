// What does a container do to its groups, its windows and its registered memory?

import { addressOf } from '../kit/pages.js';
import { patch, patchAt } from '../kit/record.js';
import { hasGroups, latestGroup } from './group.js';
import { entryOf, HIGH_START, indexFits, logOf, tablePages } from './pages.js';
import type { PolicyValues } from './policies.js';
import { holdersOf, mappedOf } from './region.js';
import { FREE_CONTAINER, FREE_REGION, type State } from './state.js';
import { emptied, freed, putAt, setWindow, swept, unsetWindow, withTable } from './table.js';
import { tableHolding } from './window.js';

/** A window that is asked for: page shift, bytes, levels. */
export interface Wanted {
  readonly shift: number;
  readonly size: bigint;
  readonly levels: number;
}

const DEFAULT_SHIFT = 12;

/** The default window: the 32-bit window of the group that joined last, in pages of 4 KiB, of one level. */
export const defaultWindow = (s: State, c: number): Wanted => ({
  shift: DEFAULT_SHIFT,
  size: addressOf(s.groups[latestGroup(s, c)]!.size),
  levels: 1,
});

/** Has the group that joined last pages of that size? */
export const pageSizeFits = (s: State, c: number, shift: number): boolean =>
  ((s.groups[latestGroup(s, c)]!.pageSizes >> BigInt(shift)) & 1n) === 1n;

export const onPseries = (s: State): boolean => s.platform.name === 'pseries';

/** POWERNV_IOMMU_MAX_LEVELS; what the group says of its levels is for the user, and the driver does not look at it. */
const MOST_LEVELS = 5;

/**
 * On powernv: can a table of that shape be priced? A part of a page is rounded up with the levels, in unsigned numbers: of
 * one level an eighth of a page is enough, of more a 2^(levels - 1)th. Below an eighth it is undefined in C.
 */
export const shapeFits = (w: Wanted): boolean =>
  logOf(w.size) >= 0 &&
  logOf(w.size) - w.shift >= (w.levels === 1 ? -3 : Math.max(-3, 1 - w.levels)) &&
  w.levels >= 1 &&
  w.levels <= MOST_LEVELS;

/** On pseries a table of several levels has a price, though none is made; else 8 bytes for each page, if that is any. */
const MANY_LEVELS_COST = 0xffff_ffff;
const bytesOnPseries = (w: Wanted): bigint =>
  w.levels > 1 ? BigInt(MANY_LEVELS_COST) : w.size >> BigInt(w.shift - 3);
export const hasPrice = (w: Wanted): boolean => bytesOnPseries(w) > 0n;

/** On powernv: can one that has a price be made? */
export const depthFits = (s: State, w: Wanted): boolean =>
  indexFits(logOf(w.size) - w.shift, w.shift, w.levels, s.platform.pageShift);

/** What such a table costs, in pages of the host. */
export const costOf = (s: State, w: Wanted): number =>
  onPseries(s)
    ? Number(bytesOnPseries(w) >> BigInt(s.platform.pageShift))
    : tablePages(s.platform.name, logOf(w.size) - w.shift, w.levels, s.platform.pageShift);

/** On pseries window 0 in pages of 4 KiB, no longer than the 32-bit window, is the firmware's default one, cut short. */
export const isDefaultWindow = (s: State, c: number, shift: number, size: bigint): boolean =>
  shift === DEFAULT_SHIFT && size <= addressOf(s.groups[latestGroup(s, c)]!.size);

/** How many groups the container has; on pseries a table is set for one. */
export const isShared = (s: State, c: number): boolean => groupsOf(s, c).length > 1;

/** The group whose firmware is asked has failed, and is not asked again. */
export function firmwareFailed(s: State, c: number): State {
  return patch(s, { groups: patchAt(s.groups, latestGroup(s, c), { failed: true }) });
}

/** On powernv a table has at least a page of the host full of entries, whatever was asked for. */
const entriesOf = (s: State, w: Wanted): number =>
  Math.max(Number(w.size >> BigInt(w.shift)), onPseries(s) ? 1 : 2 ** (s.platform.pageShift - 3));

/** The lowest number of a window that is free, -1: none. */
export const freeNumber = (s: State, c: number): 0 | 1 | -1 => {
  const { window0, window1 } = s.containers[c]!;
  if (window0 < 0) return 0;
  return window1 < 0 ? 1 : -1;
};

const groupsOf = (s: State, c: number): readonly number[] =>
  s.groups.flatMap((g, at) => (g.container === c ? [at] : []));

/** A new window of the container in the lowest free number of every group; its first bus address. */
export function withWindow(
  s: State,
  c: number,
  w: Wanted,
): { readonly state: State; readonly start: bigint } {
  const number = freeNumber(s, c) as 0 | 1;
  const { version, mm } = s.containers[c]!;
  const first = number === 0 ? addressOf(s.groups[latestGroup(s, c)]!.start) : HIGH_START;
  const offset = entryOf(first, w.shift);
  const made = withTable(s, {
    kind: 'container',
    shift: w.shift,
    offset,
    size: entriesOf(s, w),
    levels: w.levels,
    mm: version === 2 ? mm : -1,
  });
  const fields = number === 0 ? { window0: made.row } : { window1: made.row };
  const owned = patch(made.state, { containers: patchAt(made.state.containers, c, fields) });
  const state = groupsOf(owned, c).reduce((now, g) => setWindow(now, g, number, made.row), owned);
  return { state, start: BigInt(offset) << BigInt(w.shift) };
}

/** The container with its default window made, if that was pending. */
export function prepared(s: State, c: number): State {
  if (!s.containers[c]!.pending || !hasGroups(s, c)) return s;
  const made = withWindow(s, c, defaultWindow(s, c)).state;
  return patch(made, { containers: patchAt(made.containers, c, { pending: false }) });
}

/** A window is emptied first, then unset on every group, then let go. */
export function withoutWindow(s: State, c: number, number: 0 | 1, p: PolicyValues): State {
  const row = number === 0 ? s.containers[c]!.window0 : s.containers[c]!.window1;
  if (row < 0) return s;
  const unset = groupsOf(s, c).reduce((now, g) => unsetWindow(now, g, number), emptied(s, row, p));
  const fields = number === 0 ? { window0: -1 } : { window1: -1 };
  return freed(patch(unset, { containers: patchAt(unset.containers, c, fields) }), row, p);
}

/** The number of the window that holds a bus address. */
export const numberHolding = (s: State, c: number, start: bigint): 0 | 1 =>
  s.containers[c]!.window0 === tableHolding(s, c, start) ? 0 : 1;

/** A group joins: it is the first of the list, and gets the windows that there are. */
export function joined(s: State, c: number, g: number): State {
  const { window0, window1 } = s.containers[c]!;
  const first = !hasGroups(s, c);
  const groups = s.groups.map((other, at) => {
    if (at === g) return patch(other, { container: c, order: 0 });
    return other.container === c ? patch(other, { order: other.order + 1 }) : other;
  });
  const pending = s.containers[c]!.pending || (first && window0 < 0);
  const inside = patch(s, { groups, containers: patchAt(s.containers, c, { pending }) });
  const low = window0 < 0 ? inside : setWindow(inside, g, 0, window0);
  return window1 < 0 ? low : setWindow(low, g, 1, window1);
}

/** A group leaves: the tables are emptied, also for those that stay (unless the policy says otherwise). */
export function left(s: State, g: number, p: PolicyValues): State {
  const { container: c, order } = s.groups[g]!;
  const { window0, window1 } = s.containers[c]!;
  const clears = p['detach-clears'] === 'always' || groupsOf(s, c).length === 1;
  const bare = [window0, window1].reduce((now, t) => (clears && t >= 0 ? emptied(now, t, p) : now), s);
  const unset = unsetWindow(unsetWindow(bare, g, 0), g, 1);
  const groups = unset.groups.map((other, at) => {
    if (at === g) return patch(other, { container: -1, order: -1 });
    return other.container === c && other.order > order ? patch(other, { order: other.order - 1 }) : other;
  });
  return patch(unset, { groups });
}

/** A container lets go of a region; with the last holder it is gone, unless entries are live. */
export function released(s: State, c: number, region: number, p: PolicyValues): State {
  const holds = putAt(s.holds, c, s.holds[c]!.delete(region));
  const now = patch(s, { holds });
  if (holdersOf(now, region) > 0 || now.regions[region]!.kept > 0) return now;
  if (mappedOf(now, region) === 1) return patch(now, { regions: putAt(now.regions, region, FREE_REGION) });
  if (p['region-of-closed-container'] === 'goes-when-idle') return now;
  return patch(now, { regions: patchAt(now.regions, region, { kept: 1 }) });
}

/** The container is closed: groups, tables, registered memory, account, in this order. */
export function shut(s: State, c: number, p: PolicyValues): State {
  const order = [...groupsOf(s, c)].sort((a, b) => s.groups[a]!.order - s.groups[b]!.order);
  const alone = order.reduce((now, g) => left(now, g, p), s);
  const bare = withoutWindow(withoutWindow(alone, c, 0, p), c, 1, p);
  const regions = bare.holds[c]!.reduce((list: readonly number[], _, at) => [...list, at], []);
  const free = regions.reduce((now, at) => released(now, c, at, p), bare);
  return swept(patch(free, { containers: putAt(free.containers, c, FREE_CONTAINER) }), p);
}
