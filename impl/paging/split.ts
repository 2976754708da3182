// What happens to a leaf when a range that is to be unmapped begins or ends inside of it, and the driver splits?

import type { TableCore } from './core.js';
import { writeLeaves } from './leaves.js';

/**
 * Splits the leaves that reach over a page boundary until none does: a leaf of several entries into single ones, a single
 * one into a table of the next level. What is translated does not change. False: there was no page for a table.
 */
export function splitAt(t: TableCore, boundary: number): boolean {
  const { layout, arena } = t;
  for (;;) {
    const found = leafOver(t, boundary);
    if (found === null) return true;
    const { entry, level, size, iova } = found;
    const low = arena.words[entry];
    const high = arena.words[entry + 1] | 0;
    const prot = layout.protOf(low, high);
    const out = layout.firstOutput(low, high, level, size, iova);
    const single = layout.shift[level];
    if (size > single) {
      // The first entry of the leaf.
      const first = entry - 2 * ((iova % 2 ** size) / layout.span[level]);
      const entries = 2 ** (size - single);
      for (let at = first; at < first + 2 * entries; at += 2) arena.words[at] = 0;
      writeLeaves(t, first, level, single, entries, out, prot);
    } else {
      const table = arena.take();
      if (table < 0) return false;
      // Complete before it is linked: a walk that runs meanwhile sees no difference.
      writeLeaves(t, table, level - 1, layout.shift[level - 1], 2 ** layout.bits, out, prot);
      t.point(entry, table, level);
    }
  }
}

interface Over {
  readonly entry: number;
  readonly level: number;
  readonly size: number;
  /** First input page of the entry that was found. */
  readonly iova: number;
}

/** The leaf that has both the page before a boundary and the one behind it. */
function leafOver(t: TableCore, boundary: number): Over | null {
  const { layout, arena } = t;
  let table = t.root;
  for (let level = t.top; level >= 0; level--) {
    const entry = t.entryOf(table, level, boundary);
    const low = arena.words[entry];
    if ((low & layout.presentLow) === 0) return null;
    if (layout.isLeaf(low, level)) {
      const size = layout.sizeOf(low, arena.words[entry + 1] | 0, level);
      if (boundary % 2 ** size === 0) return null;
      return { entry, level, size, iova: boundary - (boundary % layout.span[level]) };
    }
    table = t.tableOf(low);
  }
  return null;
}
