// What does a whole table say, in the order of its addresses?

import type { PageArena } from './arena.js';
import { PAGE_SIZE_BIT, READ_WRITE } from './format.js';

/** One leaf: first IOVA frame, first output frame, level (0: 4K, 1: 2M, 2: 1G) and access. */
export type VisitLeaf = (iovaPfn: number, pfn: number, level: number, prot: number) => void;

export function visitLeaves(
  arena: PageArena,
  table: number,
  level: number,
  base: number,
  visit: VisitLeaf,
): void {
  const { words } = arena;
  const span = 2 ** (9 * level);
  for (let slot = 0; slot < 512; slot++) {
    const low = words[table + 2 * slot];
    if ((low & READ_WRITE) === 0) continue;
    const iovaPfn = base + slot * span;
    if (level > 0 && (low & PAGE_SIZE_BIT) === 0) {
      visitLeaves(arena, arena.tableOf(low), level - 1, iovaPfn, visit);
    } else {
      visit(iovaPfn, words[table + 2 * slot + 1] * 2 ** 20 + (low >>> 12), level, low & READ_WRITE);
    }
  }
}
