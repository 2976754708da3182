// How does a walk go that believes the upper table entries it has seen before?

import { DESTROYED, DONE, FOUND_HIGH, FOUND_LEVEL } from '../paging/codes.js';
import type { PageTable } from '../paging/table.js';
import type { TaggedCache } from './tagged.js';

const WORD = 2 ** 32;

/** As `resolveWords`, by the walk below. */
export function resolveCached(
  table: PageTable,
  structures: TaggedCache,
  space: number,
  high: number,
  low: number,
): number {
  const entry = walkCached(table, structures, space, high, low);
  return entry === 0 ? -1 : table.resolveEntry(entry, high, low);
}

/**
 * As `walkWords`, from the lowest table that is cached over the page. An entry of the cache has the size of what lies below a table,
 * and the word offset of that table as its output.
 */
function walkCached(
  table: PageTable,
  structures: TaggedCache,
  space: number,
  high: number,
  low: number,
): number {
  const { layout, arena } = table;
  const page = high * WORD + (low >>> 0);
  // What is cached outlives the table itself.
  const wrong = table.wrongRange(page, 1);
  if ((wrong !== DONE && wrong !== DESTROYED) || page >= table.capacity) return 0;
  let level = 0;
  let at = table.root;
  for (; level < table.top; level++) {
    const way = structures.find(space, high, low, layout.shift[level] + layout.bits);
    if (way < 0) continue;
    at = structures.outLow(way);
    break;
  }
  for (; level >= 0; level--) {
    const entry = table.entryOf(at, level, page);
    const word = arena.words[entry];
    if ((word & layout.presentLow) === 0) return 0;
    if (layout.isLeaf(word, level)) {
      arena.found[FOUND_HIGH] = arena.words[entry + 1];
      arena.found[FOUND_LEVEL] = level;
      return word | 0;
    }
    at = table.tableOf(word);
    structures.fill(space, high, low, layout.shift[level], 0, at, 3);
  }
  return 0;
}
