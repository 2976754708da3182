// What happens to tables and windows when entries are written, a window is set, or nobody points at a table?

import { span } from '../kit/pages.js';
import { patch, patchAt } from '../kit/record.js';
import { oneAt, without, withRun } from '../kit/runs.js';
import type { Table } from '../kit/table.js';
import { tces } from './entries.js';
import type { PolicyValues } from './policies.js';
import { groupsOn, inUse } from './reference.js';
import { holdersOf, mappedOf } from './region.js';
import {
  FREE_REGION,
  FREE_TABLE,
  type Group,
  NO_RUN,
  type Run,
  type Stale,
  type State,
  type TceTable,
} from './state.js';

/** The rows with one replaced, or put behind the last. */
export function putAt<R>(rows: readonly R[], at: number, row: R): readonly R[] {
  const copy = rows.slice();
  copy[at] = row;
  return copy;
}

/** The lowest row that is free, or the one behind the last. */
export function freeRow(rows: readonly { readonly kind: string }[]): number {
  const at = rows.findIndex(r => r.kind === 'free');
  return at < 0 ? rows.length : at;
}

/** Entries [from, from + count) of a table are gone; the PEs invalidate the whole range, whatever was there. */
export function cleared(s: State, t: number, from: number, count: number, p: PolicyValues): State {
  const runs = s.entries[t]!;
  const now = without(runs, span(from, count), tces(s.tables[t]!.shift));
  if (now === runs) return invalidated(s, s, t, from, count, p);
  return swept(invalidated(s, patch(s, { entries: putAt(s.entries, t, now) }), t, from, count, p), p);
}

/** Every entry of a table is gone. */
export const emptied = (s: State, t: number, p: PolicyValues): State => {
  const last = s.entries[t]!.floor(Number.MAX_SAFE_INTEGER);
  const end = last < 0 ? 0 : last + s.entries[t]!.get(last).count;
  return cleared(s, t, 0, Math.max(s.tables[t]!.size, end), p);
};

/** One run is written over whatever was there. */
export function written(s: State, t: number, from: number, run: Run, p: PolicyValues): State {
  if (run.count === 0) return s;
  const now = withRun(s.entries[t]!, from, run, tces(s.tables[t]!.shift));
  return swept(invalidated(s, patch(s, { entries: putAt(s.entries, t, now) }), t, from, run.count, p), p);
}

/**
 * The policies while a batch runs. Memory that nobody holds goes when the call returns and not before: a later entry of the
 * batch may need it again.
 */
export const within = (p: PolicyValues): PolicyValues => ({ ...p, 'region-of-closed-container': 'leaks' });

/** Registered memory that no container holds goes with its last live entry. */
export function swept(s: State, p: PolicyValues): State {
  if (p['region-of-closed-container'] === 'leaks') return s;
  return s.regions.reduce(
    (now, r, at) =>
      r.kind === 'registered' && holdersOf(now, at) === 0 && mappedOf(now, at) === 1
        ? patch(now, { regions: putAt(now.regions, at, FREE_REGION) })
        : now,
    s,
  );
}

/** The permission that a user's entry gets: on bare metal, whoever may write may read. */
export const effective = (s: State, prot: Run['prot']): Run['prot'] =>
  prot === 'w' && s.platform.name === 'powernv' ? 'rw' : prot;

const slotOn = (g: Group, t: number): 0 | 1 => (g.window0 === t ? 0 : 1);

/**
 * After entries changed, each PE on the table is invalidated, and uses nothing stale. One that is not may go on
 * using what was there.
 */
function invalidated(
  before: State,
  after: State,
  t: number,
  from: number,
  count: number,
  p: PolicyValues,
): State {
  if (p.invalidation === 'every-linked-group') return after;
  return groupsOn(after, t).reduce((s, g, place) => {
    const at = 2 * g + slotOn(s.groups[g]!, t);
    const old = s.stale[at]!;
    const stale =
      place === 0 ? refreshed(old, from, count) : outdated(old, before, after, t, { from, count });
    return stale === old ? s : patch(s, { stale: putAt(s.stale, at, stale) });
  }, after);
}

/** Nothing old is used in the range any more. */
const refreshed = (stale: Table<Stale>, from: number, count: number): Table<Stale> =>
  stale.reduce(
    (left, _, index) => (index >= from && index < from + count ? left.delete(index) : left),
    stale,
  );

/** What was there in the range and is not any more may still be used. */
function outdated(
  stale: Table<Stale>,
  before: State,
  after: State,
  t: number,
  range: { readonly from: number; readonly count: number },
): Table<Stale> {
  const { shift, offset } = after.tables[t]!;
  const grain = tces(shift);
  return before.entries[t]!.reduce((left, run, first) => {
    const end = Math.min(first + run.count, range.from + range.count);
    let now = left;
    for (let index = Math.max(first, range.from); index < end; index++) {
      const old = grain.part(run, index - first, 1);
      const entry = oneAt(after.entries[t]!, index, grain) ?? NO_RUN;
      if (old.frame !== entry.frame || old.prot !== entry.prot)
        now = now.set(index, { frame: old.frame, prot: old.prot, shift, offset });
    }
    return now;
  }, stale);
}

/** A window of a group points at a table; a window 1 with a table is no bypass. The whole PE is invalidated. */
export function setWindow(s: State, g: number, slot: 0 | 1, t: number): State {
  const fields = slot === 0 ? { window0: t } : { window1: t, bypass: false };
  return invalidatedWhole(patch(s, { groups: patchAt(s.groups, g, fields) }), g, slot);
}

/** A window of a group points at nothing any more. */
export function unsetWindow(s: State, g: number, slot: 0 | 1): State {
  const { window0, window1 } = s.groups[g]!;
  if ((slot === 0 ? window0 : window1) < 0) return s;
  const fields = slot === 0 ? { window0: -1 } : { window1: -1 };
  return invalidatedWhole(patch(s, { groups: patchAt(s.groups, g, fields) }), g, slot);
}

function invalidatedWhole(s: State, g: number, slot: 0 | 1): State {
  const at = 2 * g + slot;
  return s.stale[at]!.size === 0 ? s : patch(s, { stale: putAt(s.stale, at, s.stale[at]!.clear()) });
}

/** A new, empty table, in the lowest free row. */
export function withTable(s: State, table: TceTable): { readonly state: State; readonly row: number } {
  const row = freeRow(s.tables);
  const { entries } = s;
  const empty = row < entries.length ? entries : [...entries, entries[0]!.clear()];
  return { state: patch(s, { tables: putAt(s.tables, row, table), entries: empty }), row };
}

/** A table that nobody points at any more is gone with its entries, and so are the links to it. */
export function freed(s: State, t: number, p: PolicyValues): State {
  if (t < 0 || s.tables[t]!.kind === 'free' || inUse(s, t)) return s;
  const empty = emptied(s, t, p);
  return patch(empty, { tables: putAt(empty.tables, t, FREE_TABLE), links: unlinked(empty, t) });
}

const unlinked = (s: State, t: number): State['links'] => {
  const links = s.links.map(list =>
    list.reduce((left, link, g) => (link.table === t ? left.delete(g) : left), list),
  );
  return links.every((list, at) => list === s.links[at]) ? s.links : links;
};
