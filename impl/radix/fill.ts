// How is a range mapped so that a refusal has written nothing?

import type { PageArena } from './arena.js';
import { MAPPED, NO_MEMORY, PAGE_SIZE_BIT, READ_WRITE, TOP_ENTRY_PAGES } from './format.js';

// A map is two passes. The first only reads: it finds what is in the way and counts the table pages that are missing.
// The second writes and cannot fail. So there is no undo, and no device ever sees half of a refused map.
// Below the root, positions are page numbers relative to the table at hand, and so are always small integers.

/** Largest leaf level that the alignment of both sides allows anywhere in the range: 2 (1G), 1 (2M) or 0 (4K). */
export function largestLeaf(iovaPfn: number, pfn: number): number {
  // `|0` keeps the low 32 bits, and only the low 18 bits of the difference decide.
  const difference = (iovaPfn | 0) ^ (pfn | 0);
  if ((difference & 0x3ffff) === 0) return 2;
  return (difference & 0x1ff) === 0 ? 1 : 0;
}

/** Table pages that a map of [start, start + pages) needs and does not have, or MAPPED or NO_MEMORY. */
export function planMap(arena: PageArena, root: number, start: number, pages: number, leaf: number): number {
  const { words, freePages } = arena;
  const end = start + pages;
  let needed = 0;
  for (let at = start; at < end; ) {
    const slot = Math.floor(at / TOP_ENTRY_PAGES);
    const base = slot * TOP_ENTRY_PAGES;
    const to = Math.min(end - base, TOP_ENTRY_PAGES);
    const low = words[root + 2 * slot];
    const missing = (low & READ_WRITE) === 0;
    const table = missing ? -1 : arena.tableOf(low);
    const below = planBelow(arena, table, 2, at - base, to, leaf, freePages - needed);
    if (below < 0) return below;
    needed += missing ? below + 1 : below;
    if (needed > freePages) return NO_MEMORY;
    at = base + to;
  }
  return needed;
}

/** The same below one table; `table` -1 is a table that does not exist yet. */
function planBelow(
  arena: PageArena,
  table: number,
  level: number,
  start: number,
  end: number,
  leaf: number,
  budget: number,
): number {
  if (level === 0) return table < 0 || allEmpty(arena.words, table, start, end) ? 0 : MAPPED;
  const shift = 9 * level;
  const span = 1 << shift;
  let needed = 0;
  for (let at = start; at < end; ) {
    const base = at & -span;
    const to = Math.min(end - base, span);
    const low = table < 0 ? 0 : arena.words[table + ((at >>> shift) << 1)];
    const missing = (low & READ_WRITE) === 0;
    if (level <= leaf && at === base && to === span) {
      // A table in this place is never empty (empty tables are freed at once), so anything present is in the way.
      if (!missing) return MAPPED;
    } else {
      if (!missing && (low & PAGE_SIZE_BIT) !== 0) return MAPPED;
      const next = missing ? -1 : arena.tableOf(low);
      const below = planBelow(arena, next, level - 1, at - base, to, leaf, budget - needed);
      if (below < 0) return below;
      needed += missing ? below + 1 : below;
      // Giving up early keeps a hopeless map of 2^36 scattered pages from being counted to its end.
      if (needed > budget) return NO_MEMORY;
    }
    at = base + to;
  }
  return needed;
}

function allEmpty(words: Uint32Array, table: number, start: number, end: number): boolean {
  const stop = table + (end << 1);
  for (let i = table + (start << 1); i < stop; i += 2) {
    if ((words[i] & READ_WRITE) !== 0) return false;
  }
  return true;
}

/** Writes the range that `planMap` found free. */
export function writeMap(
  arena: PageArena,
  root: number,
  start: number,
  pfn: number,
  pages: number,
  prot: number,
  leaf: number,
): void {
  const end = start + pages;
  for (let at = start; at < end; ) {
    const slot = Math.floor(at / TOP_ENTRY_PAGES);
    const base = slot * TOP_ENTRY_PAGES;
    const to = Math.min(end - base, TOP_ENTRY_PAGES);
    const table = tableUnder(arena, root, root + 2 * slot);
    writeBelow(arena, table, 2, at - base, to, pfn + (at - start), prot, leaf);
    at = base + to;
  }
}

function writeBelow(
  arena: PageArena,
  table: number,
  level: number,
  start: number,
  end: number,
  pfn: number,
  prot: number,
  leaf: number,
): void {
  if (level === 0) {
    writePages(arena.words, table + (start << 1), end - start, pfn, prot);
    arena.live[table >>> 10] += end - start;
    return;
  }
  const shift = 9 * level;
  const span = 1 << shift;
  for (let at = start; at < end; ) {
    const base = at & -span;
    const to = Math.min(end - base, span);
    const entry = table + ((at >>> shift) << 1);
    if (level <= leaf && at === base && to === span) {
      writeLeaf(arena.words, entry, pfn + (at - start), prot | PAGE_SIZE_BIT);
      arena.live[table >>> 10]++;
    } else {
      const next = tableUnder(arena, table, entry);
      writeBelow(arena, next, level - 1, at - base, to, pfn + (at - start), prot, leaf);
    }
    at = base + to;
  }
}

/** The table that the entry at `entry` of `table` points to; made now if there is none. */
function tableUnder(arena: PageArena, table: number, entry: number): number {
  const low = arena.words[entry];
  if ((low & READ_WRITE) !== 0) return arena.tableOf(low);
  const made = arena.take();
  arena.point(entry, made);
  arena.live[table >>> 10]++;
  return made;
}

/** One leaf. High word first: with R and W in the low word, no walk can see a leaf with half an address. */
export function writeLeaf(words: Uint32Array, entry: number, pfn: number, flags: number): void {
  words[entry + 1] = Math.floor(pfn / 2 ** 20);
  words[entry] = (pfn << 12) | flags;
}

/** Maps pages that all lie in one table of 4K leaves, from its entry at `entry` on: 0 or MAPPED. */
export function mapPages(arena: PageArena, entry: number, pfn: number, pages: number, prot: number): number {
  if (!allEmpty(arena.words, entry, 0, pages)) return MAPPED;
  writePages(arena.words, entry, pages, pfn, prot);
  arena.live[entry >>> 10] += pages;
  return 0;
}

/** `count` consecutive 4K leaves of one table. */
function writePages(words: Uint32Array, entry: number, count: number, pfn: number, prot: number): void {
  let at = entry;
  let frame = pfn;
  let left = count;
  while (left > 0) {
    // The high word is constant until the low word wraps, every 2^20 frames.
    const run = Math.min(left, 0x100000 - (frame & 0xfffff));
    const high = Math.floor(frame / 2 ** 20);
    const stop = at + (run << 1);
    for (let low = (frame << 12) | prot; at < stop; at += 2) {
      words[at + 1] = high;
      words[at] = low;
      low = (low + 0x1000) | 0;
    }
    frame += run;
    left -= run;
  }
}
