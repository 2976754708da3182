// How is a range mapped so that a refusal has written nothing?

import * as codes from './codes.js';
import type { TableCore } from './core.js';
import { writeLeaves } from './leaves.js';

// Two passes. The first only reads: it finds what is in the way and counts the tables that are missing. The second
// writes and cannot fail. Both go down to a table once, and stay in it while the range does.

/** A table that is not there yet; and a root that is not there yet, whose first table is the present root. */
const MISSING = -1;
const GROWN = -2;

export function mapRange(t: TableCore, iova: number, out: number, pages: number, prot: number): number {
  const { layout, arena } = t;
  if (prot >>> 2 !== 0 || prot === 0) return codes.INVALID;
  const wrong = t.wrongRange(iova, pages);
  if (wrong !== codes.DONE) return wrong;
  if (out + pages > layout.outputPages) return codes.RANGE;
  let top = t.top;
  while (
    layout.format.growsTo !== undefined &&
    iova + pages > layout.span[top] * 2 ** layout.bits &&
    top < layout.most
  )
    top++;
  const growth = top - t.top;
  const needed = plan(t, growth > 0 ? GROWN : t.root, top, iova, iova + pages, out, arena.free - growth);
  if (needed < 0) return needed;
  if (needed + growth > arena.free) return codes.NO_MEMORY;
  while (t.top < top) t.grow();
  write(t, t.root, t.top, iova, iova + pages, out, prot);
  return codes.DONE;
}

/** What the entry for a page says, in a table that may be missing: its low word, or 0; for GROWN also the next table. */
function lowAt(t: TableCore, table: number, level: number, iova: number): number {
  return table < 0 ? 0 : t.arena.words[t.entryOf(table, level, iova)];
}

/** The table below an entry: a word offset, MISSING, GROWN, or MAPPED for a leaf, as -3. */
const LEAF = -3;
function tableBelow(t: TableCore, table: number, level: number, iova: number): number {
  if (table === GROWN) {
    if (iova >= t.layout.span[level]) return MISSING;
    return level - 1 === t.top ? t.root : GROWN;
  }
  const low = lowAt(t, table, level, iova);
  if ((low & t.layout.presentLow) === 0) return MISSING;
  return t.layout.isLeaf(low, level) ? LEAF : t.tableOf(low);
}

/** Tables that a map of [iova, end) needs and that are not there, or MAPPED, or NO_MEMORY once there are too many. */
function plan(
  t: TableCore,
  table: number,
  level: number,
  iova: number,
  end: number,
  out: number,
  budget: number,
): number {
  const { layout } = t;
  const span = layout.span[level];
  let needed = 0;
  for (let at = iova; at < end; ) {
    const size = layout.best(at, out + (at - iova), end - at);
    if (size >= layout.shift[level]) {
      const leaves = layout.runOf(size, at, out + (at - iova), end);
      if (!freeFor(t, table, level, at, leaves * 2 ** (size - layout.shift[level]))) return codes.MAPPED;
      at += leaves * 2 ** size;
      continue;
    }
    const to = Math.min(end, (Math.floor(at / span) + 1) * span);
    const next = tableBelow(t, table, level, at);
    if (next === LEAF) return codes.MAPPED;
    const below = plan(t, next, level - 1, at, to, out + (at - iova), budget - needed);
    if (below < 0) return below;
    needed += next === MISSING ? below + 1 : below;
    // Giving up early keeps a hopeless map of 2^36 scattered pages from being counted to its end.
    if (needed > budget) return codes.NO_MEMORY;
    at = to;
  }
  return needed;
}

/** Is there nothing in these entries but, perhaps, tables with nothing in them? */
function freeFor(t: TableCore, table: number, level: number, iova: number, entries: number): boolean {
  if (table === GROWN) {
    // The only table below a new root, if the leaves take its place.
    if (iova >= t.layout.span[level]) return true;
    const next = tableBelow(t, GROWN, level, 0);
    return isEmpty(t, next === GROWN ? t.root : next, t.top);
  }
  if (table < 0) return true;
  const first = t.entryOf(table, level, iova);
  if (t.arena.kernels.empty(first * 4, entries) === 1) return true;
  if (level === 0) return false;
  for (let at = first; at < first + 2 * entries; at += 2) {
    const low = t.arena.words[at];
    if (low === 0) continue;
    if (t.layout.isLeaf(low, level) || !isEmpty(t, t.tableOf(low), level - 1)) return false;
  }
  return true;
}

/** Is no leaf anywhere below a table? */
function isEmpty(t: TableCore, table: number, level: number): boolean {
  return freeFor(t, table, level, 0, t.layout.tableWords / 2);
}

/** Writes what `plan` found free. */
function write(
  t: TableCore,
  table: number,
  level: number,
  iova: number,
  end: number,
  out: number,
  prot: number,
): void {
  const { layout } = t;
  const span = layout.span[level];
  for (let at = iova; at < end; ) {
    const page = out + (at - iova);
    const size = layout.best(at, page, end - at);
    const entry = t.entryOf(table, level, at);
    if (size >= layout.shift[level]) {
      const leaves = layout.runOf(size, at, page, end);
      writeLeaves(t, entry, level, size, leaves, page, prot);
      at += leaves * 2 ** size;
      continue;
    }
    const to = Math.min(end, (Math.floor(at / span) + 1) * span);
    let next = t.tableOf(t.arena.words[entry]);
    if (next === 0) {
      next = t.arena.take();
      t.point(entry, next, level);
    }
    write(t, next, level - 1, at, to, page, prot);
    at = to;
  }
}

/** Maps pages that all lie in one table of level 0, from its entry at `entry` on. */
export function fillTable(
  t: TableCore,
  entry: number,
  iova: number,
  out: number,
  pages: number,
  prot: number,
): number {
  const { layout, arena } = t;
  if (arena.kernels.empty(entry * 4, pages) !== 1) return codes.MAPPED;
  for (let done = 0; done < pages; ) {
    const size = layout.best(iova + done, out + done, pages - done);
    const leaves = layout.runOf(size, iova + done, out + done, iova + pages);
    writeLeaves(t, entry + 2 * done, 0, size, leaves, out + done, prot);
    done += leaves * 2 ** size;
  }
  return codes.DONE;
}
