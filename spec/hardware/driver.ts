// How does a driver change its tables and flush what it owes, under each answer to each question?
import { patch, patchAt } from '../kit/record.js';
import { notPresentIsCached } from './architecture.js';
import { observed } from './caches.js';
import { completed, rangeIsOfLeaves, submitted, waited } from './commands.js';
import { entriesOf } from './memory.js';
import type { PolicyValues } from './policies.js';
import {
  type Command,
  type Entry,
  NO_ENTRY,
  NO_WAY,
  NOTHING_OWED,
  type Space,
  type State,
  type Way,
} from './state.js';

/** Batches of commands, each waited for to its completion. What was queued before is complete then, too. */
export const flushed = (s: State, batches: readonly (readonly Command[])[]): State =>
  batches.reduce((now, batch) => {
    if (batch.length === 0) return now;
    let left = waited(batch.reduce(submitted, now));
    while (left.caches.after.length > 0) left = completed(left);
    return left;
  }, s);

/** The devices that are in an address space. */
const devicesIn = (s: State, { tag, table }: Space): readonly number[] =>
  s.contexts.flatMap((c, device) => (c.present && c.tag === tag && c.table === table ? [device] : []));

const blockOf = (first: number, last: number, policies: PolicyValues): { iova: bigint; order: number } => {
  let order = 0;
  if (policies['flush-range'] === 'page-count') while (2 ** order < last - first + 1) order++;
  else while (Math.floor(first / 2 ** order) !== Math.floor(last / 2 ** order)) order++;
  return { iova: BigInt(first) << 12n, order };
};

/** The flush of a range of an address space: the IOTLB, and the TLBs in its devices. */
export function rangeFlush(
  s: State,
  space: Space,
  { first, last, tables }: Pick<Space, 'first' | 'last' | 'tables'>,
  policies: PolicyValues,
): readonly (readonly Command[])[] {
  const range = blockOf(first, last, policies);
  const leaf = !tables || policies['leaf-hint'] === 'always';
  const selective: Command = { is: 'iotlb', tag: space.tag, range, leaf };
  const iotlb: Command = rangeIsOfLeaves(s.iommu, selective)
    ? { is: 'iotlb', tag: space.tag, leaf: false }
    : selective;
  const devices = devicesIn(s, space)
    .filter(device => s.devices[device]!.ats)
    .map((device): Command => ({ is: 'device_tlb', device, range }));
  return ordered([iotlb], devices, policies);
}

/** The flush of a whole address space, for a flush queue. */
export function spaceFlush(s: State, space: Space, policies: PolicyValues): readonly (readonly Command[])[] {
  const devices = devicesIn(s, space)
    .filter(device => s.devices[device]!.ats)
    .map((device): Command => ({ is: 'device_tlb', device }));
  return ordered([{ is: 'iotlb', tag: space.tag, leaf: false }], devices, policies);
}

function ordered(iotlb: readonly Command[], devices: readonly Command[], policies: PolicyValues) {
  if (policies['device-tlb'] === 'forgotten') return [iotlb];
  return policies['device-tlb'] === 'before-iotlb' ? [devices, iotlb] : [iotlb, devices];
}

/** A device goes into an address space, or out of it (null). */
export function attached(s: State, device: number, space: Space | null, policies: PolicyValues): State {
  const before = s.contexts[device]!;
  const { ats } = s.devices[device]!;
  const way: Way =
    space === null ? NO_WAY : { present: true, tag: space.tag, table: space.table, ats, pasids: false };
  const written = observed(patch(s, { contexts: patchAt(s.contexts, device, way) }));
  if (!before.present && !notPresentIsCached(s.iommu, 'context')) return written;
  const context: readonly Command[] = [{ is: 'context', device }];
  const iotlb: readonly Command[] = before.present ? [{ is: 'iotlb', tag: before.tag, leaf: false }] : [];
  const inside: readonly Command[] =
    before.present && ats && policies['device-tlb'] !== 'forgotten' ? [{ is: 'device_tlb', device }] : [];
  return flushed(
    written,
    policies['attach-flush'] === 'iotlb-first' ? [iotlb, context, inside] : [context, iotlb, inside],
  );
}

/** The position in memory of the entry of a table that decodes a page. */
export function slotOf(s: State, table: number, level: number, page: number): number {
  const count = 2 ** s.iommu.bits;
  return table * count + (Math.floor(page / 2 ** (s.iommu.bits * (level - 1))) % count);
}

/** Is there no leaf in a table and below? */
export const isEmpty = (s: State, table: number): boolean =>
  entriesOf(s, table, false).every(([, e]) => e.is === 'none' || (e.is === 'table' && isEmpty(s, e.to)));

/** A table and all below it, taken out of use; the flush that makes them free is owed. */
function takenOut(s: State, table: number, by: number, policies: PolicyValues): State {
  const below = entriesOf(s, table, false).flatMap(([, e]) => (e.is === 'table' ? [e.to] : []));
  const use = policies['table-free'] === 'at-once' ? ('free' as const) : ('gone' as const);
  const tables = patchAt(s.tables, table, use === 'free' ? { use, by: -1 } : { use, by });
  return below.reduce((now, t) => takenOut(now, t, by, policies), patch(s, { tables }));
}

const write = (s: State, slot: number, entry: Entry): State =>
  patch(s, { memory: entry.is === 'none' ? s.memory.delete(slot) : s.memory.set(slot, entry) });

/** How many tables a map needs that are not there yet. */
export function tablesNeeded(s: State, table: number, level: number, target: number, page: number): number {
  if (level === target) return 0;
  const entry = s.memory.get(slotOf(s, table, level, page));
  return entry.is === 'table' ? tablesNeeded(s, entry.to, level - 1, target, page) : level - target;
}

/** Where a leaf of a level goes: the slot, with the tables on the way made. */
function madeWay(
  s: State,
  table: number,
  level: number,
  target: number,
  page: number,
): readonly [State, number] {
  const slot = slotOf(s, table, level, page);
  if (level === target) return [s, slot];
  const entry = s.memory.get(slot);
  if (entry.is === 'table') return madeWay(s, entry.to, level - 1, target, page);
  const made = s.tables.findIndex(t => t.use === 'free');
  const count = 2 ** s.iommu.bits;
  const clean = Array.from({ length: count }, (_, i) => made * count + i).reduce(
    (m, at) => m.delete(at),
    s.memory,
  );
  const memory = clean.set(slot, { is: 'table', to: made, prot: '' });
  const next = observed(patch(s, { memory, tables: patchAt(s.tables, made, { use: 'used' }) }));
  return madeWay(next, made, level - 1, target, page);
}

const NO_SPACE = -1;

/** A leaf of a level is mapped; an empty table in its place goes, and is flushed before the map returns. */
export function mapped(
  s: State,
  at: number,
  page: number,
  level: number,
  leaf: Entry,
  policies: PolicyValues,
): State {
  const space = s.spaces[at]!;
  const [ready, slot] = madeWay(s, space.table, s.iommu.levels, level, page);
  const before = ready.memory.get(slot);
  const written = observed(write(ready, slot, leaf));
  const range = { first: page, last: page + 2 ** (s.iommu.bits * (level - 1)) - 1, tables: true };
  if (before.is === 'table') {
    // What earlier unmaps have taken out still waits for the flush that is owed for it.
    const out = takenOut(written, before.to, NO_SPACE, policies);
    return freed(flushed(out, rangeFlush(out, space, range, policies)), NO_SPACE);
  }
  if (policies['map-flush'] === 'never' || !notPresentIsCached(s.iommu, 'translation')) return written;
  return flushed(written, rangeFlush(written, space, range, policies));
}

/** The tables that were taken out of a space are free for another use. */
const freed = (s: State, by: number): State =>
  patch(s, {
    tables: s.tables.map(t => (t.use === 'gone' && t.by === by ? patch(t, { use: 'free', by: -1 }) : t)),
  });

/** What a table and those below it have lost: up to which page, and were tables taken out on the way? */
interface Cleared {
  readonly state: State;
  readonly page: number;
  /** A hole, or the middle of a leaf, was met. */
  readonly ended: boolean;
  readonly tables: boolean;
}

/** A table loses its entries from `start` on. Those below lose theirs first; then the pointer at one that is wholly in the range. */
function clearedIn(
  s: State,
  { at, policies }: { readonly at: number; readonly policies: PolicyValues },
  table: number,
  level: number,
  start: number,
  end: number,
): Cleared {
  const size = 2 ** (s.iommu.bits * (level - 1));
  let now = s;
  let tables = false;
  let page = start;
  while (page < end) {
    const slot = slotOf(now, table, level, page);
    const entry = now.memory.get(slot);
    if (entry.is === 'table' && level > 1) {
      const first = page - (page % size);
      const whole = page === first && first + size <= end;
      const below = clearedIn(now, { at, policies }, entry.to, level - 1, page, Math.min(end, first + size));
      tables ||= below.tables || (whole && !below.ended);
      page = below.page;
      now = below.state;
      if (below.ended) return { state: now, page, ended: true, tables };
      if (whole) now = takenOut(observed(write(now, slot, NO_ENTRY)), entry.to, at, policies);
      continue;
    }
    if (entry.is === 'none' || page % size !== 0) return { state: observed(now), page, ended: true, tables };
    now = write(now, slot, NO_ENTRY);
    page += size;
  }
  return { state: observed(now), page, ended: false, tables };
}

/** What is mapped from `start` on goes, up to the first hole or the middle of a leaf; how many pages that were. */
export function unmapped(
  s: State,
  at: number,
  start: number,
  end: number,
  policies: PolicyValues,
): readonly [State, number] {
  const { table } = s.spaces[at]!;
  const last = Math.min(end, 2 ** (s.iommu.bits * s.iommu.levels));
  const { state, page, tables } = clearedIn(s, { at, policies }, table, s.iommu.levels, start, last);
  return page === start ? [s, 0] : [owing(state, at, start, page - 1, tables), page - start];
}

function owing(s: State, at: number, first: number, last: number, tables: boolean): State {
  const owed = s.spaces[at]!;
  const none = owed.last < owed.first;
  return patch(s, {
    spaces: patchAt(s.spaces, at, {
      first: none ? first : Math.min(owed.first, first),
      last: none ? last : Math.max(owed.last, last),
      tables: tables || owed.tables,
    }),
  });
}

/** What is owed is flushed, and what waited for it is free. */
export function synced(s: State, at: number, policies: PolicyValues): State {
  const space = s.spaces[at]!;
  if (space.last < space.first) return s;
  const flush = s.iommu.lazy ? spaceFlush(s, space, policies) : rangeFlush(s, space, space, policies);
  const done = freed(flushed(s, flush), at);
  return patch(done, { spaces: patchAt(done.spaces, at, NOTHING_OWED) });
}
