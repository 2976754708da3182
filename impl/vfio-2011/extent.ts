// What does a page table say about a whole range, without a list beside it?
import type { PageArena } from '../radix/arena.js';
import { IOVA_FRAMES, PAGE_SIZE_BIT, READ_WRITE, TABLE_ENTRIES, TOP_LEVEL } from '../radix/format.js';
import type { VisitLeaf } from '../radix/leaves.js';
import type { RadixTable } from '../radix/table.js';

const PROT = 0;
const LEVEL = 1;

const rootOf = (table: RadixTable): number => (table.rootFrame - table.arena.baseFrame) * 1024;

/** Is any page of [start, start + pages) mapped? The numbers may lie beyond the width of the table. */
export function anyMapped(table: RadixTable, start: number, pages: number): boolean {
  const end = Math.min(start + pages, IOVA_FRAMES);
  return start < end && present(table.arena, rootOf(table), TOP_LEVEL, start, end);
}

/**
 * The same below one table, with page numbers relative to it. A table is never empty, so an entry inside
 * of the range decides at once: at most two paths are followed down, one at either end.
 */
function present(arena: PageArena, table: number, level: number, start: number, end: number): boolean {
  const span = 2 ** (9 * level);
  for (let slot = Math.floor(start / span); slot * span < end; slot++) {
    const low = arena.words[table + 2 * slot];
    if ((low & READ_WRITE) === 0) continue;
    const base = slot * span;
    if (level === 0 || (low & PAGE_SIZE_BIT) !== 0) return true;
    const from = Math.max(start - base, 0);
    const to = Math.min(end - base, span);
    if (to - from === span || present(arena, arena.tableOf(low), level - 1, from, to)) return true;
  }
  return false;
}

/**
 * Does one mapping reach over both ends of [start, start + pages), with the range as its middle? A mapping
 * is a run of pages that continue each other, whatever leaves it is made of.
 */
export function isMiddle(table: RadixTable, start: number, pages: number): boolean {
  const { found } = table.arena;
  const end = start + pages;
  if (pages <= 0 || start === 0 || end >= IOVA_FRAMES) return false;
  const before = table.walk(start - 1);
  const prot = found[PROT];
  if (before < 0 || table.walk(end) !== before + pages + 1 || found[PROT] !== prot) return false;
  for (let at = start; at < end; ) {
    if (table.walk(at) !== before + 1 + (at - start) || found[PROT] !== prot) return false;
    const span = 2 ** (9 * found[LEVEL]);
    at = (Math.floor(at / span) + 1) * span;
  }
  return true;
}

/**
 * Calls `visit` for each leaf in ascending order. The count of a table's entries says when the rest of it is
 * empty: whoever looks at a machine after every step would spend all time on empty entries.
 */
export function eachLeaf(table: RadixTable, visit: VisitLeaf): void {
  if (table.rootFrame >= 0) leavesBelow(table.arena, rootOf(table), TOP_LEVEL, 0, visit);
}

function leavesBelow(arena: PageArena, table: number, level: number, base: number, visit: VisitLeaf): void {
  const { words } = arena;
  const span = 2 ** (9 * level);
  let left = arena.live[table / 1024];
  for (let slot = 0; left > 0 && slot < TABLE_ENTRIES; slot++) {
    const low = words[table + 2 * slot];
    if ((low & READ_WRITE) === 0) continue;
    left--;
    const at = base + slot * span;
    if (level > 0 && (low & PAGE_SIZE_BIT) === 0) {
      leavesBelow(arena, arena.tableOf(low), level - 1, at, visit);
    } else {
      visit(at, words[table + 2 * slot + 1] * 2 ** 20 + (low >>> 12), level, low & READ_WRITE);
    }
  }
}
