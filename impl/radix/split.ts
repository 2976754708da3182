// What happens when a range to be unmapped begins or ends inside a larger leaf?

import type { PageArena } from './arena.js';
import { writeLeaf } from './fill.js';
import { NO_MEMORY, PAGE_SIZE_BIT, READ_WRITE, TABLE_ENTRIES, TOP_LEVEL } from './format.js';

/** Pages under an entry of each level. */
const SPANS = [1, 2 ** 9, 2 ** 18, 2 ** 27];

/** A leaf that reaches over a boundary: where its entry is, and at which level. `null`: none does. */
interface Straddler {
  readonly entry: number;
  readonly level: number;
}

/**
 * Splits the leaves that reach over `start` or over `end`, so that every leaf lies inside or outside of the range.
 * The pages for all of the splits are counted first: NO_MEMORY has changed nothing.
 */
export function splitAtEnds(arena: PageArena, root: number, start: number, end: number): number {
  const first = straddling(arena, root, start);
  const last = straddling(arena, root, end);
  if (first === null && last === null) return 0;
  if (splitPages(first, start, last, end) > arena.freePages) return NO_MEMORY;
  splitAt(arena, root, start);
  splitAt(arena, root, end);
  return 0;
}

/** Table pages that both splits take together; what they share is made once. */
function splitPages(first: Straddler | null, start: number, last: Straddler | null, end: number): number {
  const both = depth(first, start) + depth(last, end);
  if (first === null || last === null || first.entry !== last.entry) return both;
  // Both ends are in one leaf. A 1G leaf is split into 2M leaves once, and that one 2M leaf once, if it is the same.
  const sameTwoMegabytes = Math.floor(start / 512) === Math.floor(end / 512);
  const sharesSecond = first.level === 2 && sameTwoMegabytes && start % 512 !== 0 && end % 512 !== 0;
  return both - (sharesSecond ? 2 : 1);
}

/** Table pages that one split takes: a 1G leaf cut off a 2M boundary needs a table of 2M and one of 4K leaves. */
function depth(leaf: Straddler | null, at: number): number {
  if (leaf === null) return 0;
  return leaf.level === 2 && at % 512 !== 0 ? 2 : 1;
}

/** The leaf that covers both `at - 1` and `at`. */
function straddling(arena: PageArena, root: number, at: number): Straddler | null {
  if (at % 2 ** 18 === 0) return null;
  let table = root;
  for (let level = TOP_LEVEL; level > 0; level--) {
    const span = SPANS[level];
    const entry = table + 2 * (Math.floor(at / span) & 0x1ff);
    const low = arena.words[entry];
    if ((low & READ_WRITE) === 0) return null;
    if ((low & PAGE_SIZE_BIT) !== 0) return at % span === 0 ? null : { entry, level };
    table = arena.tableOf(low);
  }
  return null;
}

function splitAt(arena: PageArena, root: number, at: number): void {
  for (let leaf = straddling(arena, root, at); leaf !== null; leaf = straddling(arena, root, at)) {
    splitLeaf(arena, leaf);
  }
}

/**
 * Replaces a leaf by a table of 512 smaller ones with the same addresses and the same access. The table is complete
 * before it is linked, and translates as the leaf did, so a walk that runs meanwhile sees no difference.
 */
function splitLeaf(arena: PageArena, { entry, level }: Straddler): void {
  const { words, live } = arena;
  const low = words[entry];
  const pfn = words[entry + 1] * 2 ** 20 + (low >>> 12);
  const flags = (low & READ_WRITE) | (level === 2 ? PAGE_SIZE_BIT : 0);
  const step = level === 2 ? TABLE_ENTRIES : 1;
  const table = arena.take();
  for (let slot = 0; slot < TABLE_ENTRIES; slot++) {
    writeLeaf(words, table + (slot << 1), pfn + slot * step, flags);
  }
  live[table >>> 10] = TABLE_ENTRIES;
  arena.point(entry, table);
}
