// How is a range unmapped, down to the table pages that become empty?

import type { PageArena } from './arena.js';
import { PAGE_SIZE_BIT, READ_WRITE, TABLE_ENTRIES, TABLE_WORDS, TOP_ENTRY_PAGES } from './format.js';

/**
 * Pages removed from [start, start + pages). No leaf may reach over either end: see split.ts.
 * Holes are skipped, and a table page goes back to the arena in the moment its last entry goes.
 */
export function clearRange(arena: PageArena, root: number, start: number, pages: number): number {
  const { words } = arena;
  const end = start + pages;
  let removed = 0;
  for (let at = start; at < end; ) {
    const slot = Math.floor(at / TOP_ENTRY_PAGES);
    const base = slot * TOP_ENTRY_PAGES;
    const to = Math.min(end - base, TOP_ENTRY_PAGES);
    const entry = root + 2 * slot;
    const low = words[entry];
    if ((low & READ_WRITE) !== 0) {
      const table = arena.tableOf(low);
      removed += clearBelow(arena, table, 2, at - base, to);
      dropIfEmpty(arena, root, entry, table);
    }
    at = base + to;
  }
  return removed;
}

function clearBelow(arena: PageArena, table: number, level: number, start: number, end: number): number {
  if (level === 0) return clearPages(arena, table, start, end);
  const { words, live } = arena;
  const shift = 9 * level;
  const span = 1 << shift;
  let removed = 0;
  for (let at = start; at < end; ) {
    const base = at & -span;
    const to = Math.min(end - base, span);
    const entry = table + ((at >>> shift) << 1);
    const low = words[entry];
    if ((low & PAGE_SIZE_BIT) !== 0) {
      clearEntry(words, entry);
      live[table >>> 10]--;
      removed += span;
    } else if ((low & READ_WRITE) !== 0) {
      const next = arena.tableOf(low);
      removed += clearBelow(arena, next, level - 1, at - base, to);
      dropIfEmpty(arena, table, entry, next);
    }
    at = base + to;
  }
  return removed;
}

/** 4K leaves [start, end) of one table; the table stays, even if it is empty now. */
export function clearPages(arena: PageArena, table: number, start: number, end: number): number {
  const { words, live } = arena;
  const page = table >>> 10;
  const present = live[page];
  let removed: number;
  // A full table has no holes and a whole table needs no look at its entries: the count knows.
  if (present === TABLE_ENTRIES) removed = end - start;
  else if (end - start === TABLE_ENTRIES) removed = present;
  else removed = countPresent(words, table, start, end);
  words.fill(0, table + (start << 1), table + (end << 1));
  live[page] = present - removed;
  return removed;
}

function countPresent(words: Uint32Array, table: number, start: number, end: number): number {
  const stop = table + (end << 1);
  let count = 0;
  for (let i = table + (start << 1); i < stop; i += 2) {
    const low = words[i];
    count += (low | (low >>> 1)) & 1; // R or W, without a branch
  }
  return count;
}

/** Low word first: the entry must stop being present before its address changes. */
function clearEntry(words: Uint32Array, entry: number): void {
  words[entry] = 0;
  words[entry + 1] = 0;
}

/** Unlinks `table` from its parent's entry, and frees it after that, if nothing is left in it. */
function dropIfEmpty(arena: PageArena, parent: number, entry: number, table: number): void {
  if (arena.live[table >>> 10] !== 0) return;
  clearEntry(arena.words, entry);
  arena.live[parent >>> 10]--;
  arena.giveBack(table);
}

/** Frees the tables on the path to `iovaPfn` that have become empty, from the leaf upward. */
export function prune(arena: PageArena, root: number, iovaPfn: number): void {
  pruneBelow(arena, root, 3, iovaPfn);
}

function pruneBelow(arena: PageArena, table: number, level: number, iovaPfn: number): void {
  const entry = table + 2 * (Math.floor(iovaPfn / 2 ** (9 * level)) & 0x1ff);
  const low = arena.words[entry];
  if ((low & READ_WRITE) === 0 || (low & PAGE_SIZE_BIT) !== 0) return;
  const next = arena.tableOf(low);
  if (level > 1) pruneBelow(arena, next, level - 1, iovaPfn);
  dropIfEmpty(arena, table, entry, next);
}

/** Gives every page of a table back, the root too. */
export function clearTable(arena: PageArena, table: number, level: number): void {
  const { words } = arena;
  for (let entry = table; level > 0 && entry < table + TABLE_WORDS; entry += 2) {
    const low = words[entry];
    const isTable = (low & READ_WRITE) !== 0 && (low & PAGE_SIZE_BIT) === 0;
    if (isTable) clearTable(arena, arena.tableOf(low), level - 1);
  }
  words.fill(0, table, table + TABLE_WORDS);
  arena.giveBack(table);
}
