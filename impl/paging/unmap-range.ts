// How is a range unmapped, down to the tables that it covers?

import * as codes from './codes.js';
import type { TableCore } from './core.js';
import { splitAt } from './split.js';

/**
 * Removes what is mapped from `iova` on, up to the first hole or the middle of a leaf, and unlinks the tables that lie
 * wholly in the range: as __unmap_range of generic_pt does. Answers the pages removed.
 */
export function unmapRange(t: TableCore, iova: number, pages: number): number {
  const wrong = t.wrongRange(iova, pages);
  if (wrong !== codes.DONE) return wrong;
  const end = Math.min(iova + pages, t.capacity);
  if (iova >= end) return 0;
  if (t.layout.inside === 'split' && (!splitAt(t, iova) || !splitAt(t, iova + pages))) return codes.NO_MEMORY;
  t.ended = false;
  return clearBelow(t, t.root, t.top, iova, end);
}

/** Pages removed from [iova, end) in one table. */
function clearBelow(t: TableCore, table: number, level: number, iova: number, end: number): number {
  if (level === 0) return clearPages(t, t.entryOf(table, 0, iova), iova, end);
  const { layout, arena } = t;
  const { words } = arena;
  const span = layout.span[level];
  let removed = 0;
  for (let at = iova; at < end; ) {
    const entry = t.entryOf(table, level, at);
    const low = words[entry];
    if ((low & layout.presentLow) === 0) return endWith(t, removed);
    if (layout.isLeaf(low, level)) {
      const size = layout.sizeOf(low, words[entry + 1], level);
      const behind = at + 2 ** size;
      if (at % 2 ** size !== 0 || (behind > end && layout.inside === 'refuse')) return endWith(t, removed);
      clearEntries(words, entry, 2 ** (size - layout.shift[level]));
      removed += 2 ** size;
      at = behind;
      continue;
    }
    const first = Math.floor(at / span) * span;
    const next = t.tableOf(low);
    removed += clearBelow(t, next, level - 1, at, Math.min(end, first + span));
    if (t.ended) return removed;
    if (at === first && end >= first + span) {
      clearEntries(words, entry, 1);
      arena.unlink(next);
    }
    at = first + span;
  }
  return removed;
}

/** The same in a table of level 0, from the entry of its first page on, all at once. */
export function clearPages(t: TableCore, entry: number, iova: number, end: number): number {
  const { layout, arena } = t;
  const { words, kernels } = arena;
  let stop = end;
  if (layout.format.contiguous.by !== 'none') {
    if (words[entry] !== 0 && iova % 2 ** layout.sizeOf(words[entry], words[entry + 1], 0) !== 0)
      return endWith(t, 0);
    const last = entry + 2 * (end - 1 - iova);
    const span = 2 ** (words[last] === 0 ? 0 : layout.sizeOf(words[last], words[last + 1], 0));
    // The last leaf reaches over the end: it goes whole, or not at all.
    if (end % span !== 0) {
      t.ended = layout.inside === 'refuse';
      stop = Math.floor(end / span) * span + (t.ended ? 0 : span);
    }
  }
  const removed = stop <= iova ? 0 : kernels.clear(entry * 4, stop - iova);
  if (removed < stop - iova) t.ended = true;
  return removed;
}

function endWith(t: TableCore, removed: number): number {
  t.ended = true;
  return removed;
}

/** Low word first: an entry must stop being present before its address changes. */
function clearEntries(words: Uint32Array, entry: number, entries: number): void {
  for (let at = entry; at < entry + 2 * entries; at += 2) {
    words[at] = 0;
    words[at + 1] = 0;
  }
}
