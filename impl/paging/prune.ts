// Which tables over a page are left with nothing in them, and can go before their domain does?

import type { TableCore } from './core.js';

/** Unlinks the tables over a page in which there is no entry any more; the root stays. They wait in the arena until `release`. */
export function pruneAt(t: TableCore, page: number): void {
  if (t.root !== 0) isEmptied(t, t.root, t.top, page);
}

function isEmptied(t: TableCore, table: number, level: number, page: number): boolean {
  const { arena, layout } = t;
  const { words, kernels } = arena;
  if (level > 0) {
    const at = t.entryOf(table, level, page);
    const low = words[at];
    if ((low & layout.presentLow) !== 0 && !layout.isLeaf(low, level)) {
      const next = t.tableOf(low);
      if (isEmptied(t, next, level - 1, page)) {
        words[at] = 0;
        words[at + 1] = 0;
        arena.unlink(next);
      }
    }
  }
  return kernels.empty(table * 4, 2 ** (level === layout.most ? layout.rootBits : layout.bits)) === 1;
}
