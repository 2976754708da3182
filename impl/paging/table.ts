// How does one domain map, unmap and look up pages, in whatever format its hardware reads?

import * as codes from './codes.js';
import { isPage, TableCore } from './core.js';
import { readDirty } from './dirty.js';
import { unlinkAll } from './leaves.js';
import { fillTable, mapRange } from './map-range.js';
import { clearPages, unmapRange } from './unmap-range.js';
import { type VisitLeaf, visitLeaves, walkFrom } from './walks.js';

const WORD = 2 ** 32;

/**
 * A page table. Pages are those of the format, and a page number is an address divided by their size. The operations
 * come twice: on numbers, which a double holds exactly, and, faster, on numbers in two words, bits 31:0 and those above.
 *
 * What lies in one table that is there already is done by code that was made for the format (generate.ts); everything
 * else takes the ways of this class, which does without that code, too. A map is all or nothing. An unmap ends at the first hole, as drivers do.
 */
export class PageTable extends TableCore {
  /**
   * Low word of the leaf entry over a page, 0 where nothing is mapped; its high word and its level are then in
   * `arena.found`, at FOUND_HIGH and FOUND_LEVEL.
   */
  walkWords(high: number, low: number): number {
    return this.wrongRange(high * WORD + (low >>> 0), 1) === codes.DONE ? this.walkAway(high, low) : 0;
  }

  /**
   * Size of the leaf over a page, as a logarithm, or -1. Its first output page is then in `arena.found` at OUT_HIGH and
   * OUT_LOW, and what it allows at FOUND_PROT.
   */
  resolveWords(high: number, low: number): number {
    const entry = this.walkWords(high, low);
    return entry === 0 ? -1 : this.resolveEntry(entry, high, low);
  }

  /** The same for an entry that a walk has found. */
  resolveEntry(entry: number, high: number, low: number): number {
    const { layout, arena } = this;
    const { found } = arena;
    const entryHigh = found[codes.FOUND_HIGH];
    const level = found[codes.FOUND_LEVEL];
    const size = layout.sizeOf(entry, entryHigh, level);
    const out = layout.firstOutput(entry, entryHigh, level, size, high * WORD + (low >>> 0));
    found[codes.FOUND_PROT] = layout.protOf(entry, entryHigh);
    found[codes.OUT_HIGH] = Math.floor(out / WORD);
    found[codes.OUT_LOW] = out | 0;
    return size;
  }

  /** As `map`. The words of the page numbers are int32, or unsigned: both read the same. */
  mapWords(
    iovaHigh: number,
    iovaLow: number,
    outHigh: number,
    outLow: number,
    pages: number,
    prot: number,
  ): number {
    return this.mapAway(iovaHigh, iovaLow, outHigh, outLow, pages, prot);
  }

  /** As `unmap`. */
  unmapWords(iovaHigh: number, iovaLow: number, pages: number): number {
    return this.unmapAway(iovaHigh, iovaLow, pages);
  }

  /**
   * Output page of an input page, or NOT_MAPPED. Access and size of the leaf are then in `arena.found` at FOUND_PROT and
   * FOUND_SIZE.
   */
  walk(iova: number): number {
    if (!isPage(iova)) return codes.NOT_MAPPED;
    const low = this.walkWords(Math.floor(iova / WORD), iova | 0);
    return low === 0 ? codes.NOT_MAPPED : this.walkOther(iova, low);
  }

  /** Output address of an input address, or -1. Both have to be below 2^53. */
  iovaToPhys(iova: number): number {
    const bytes = 2 ** this.layout.format.pageShift;
    const page = this.walk(Math.floor(iova / bytes));
    return page < 0 ? -1 : page * bytes + (iova % bytes);
  }

  /**
   * Maps `pages` pages from `iova` to those from `out`, with the largest leaf that fits at every position: 0, or MAPPED,
   * NO_MEMORY, RANGE, INVALID, DESTROYED. An empty table where a leaf fits is replaced by the leaf; it waits in the arena.
   */
  map(iova: number, out: number, pages: number, prot: number): number {
    if (!isPage(iova) || !isPage(out)) return codes.INVALID;
    return this.mapWords(Math.floor(iova / WORD), iova | 0, Math.floor(out / WORD), out | 0, pages, prot);
  }

  /**
   * Removes what is mapped from `iova` on, up to `pages` pages, and answers how many pages that were: fewer where a hole
   * or the middle of a leaf is met, more where the last leaf reaches over the end and goes as a whole (see `Inside`). Tables that
   * the range covers are unlinked, and wait in the arena until `release`. RANGE, INVALID, NO_MEMORY (for a split), DESTROYED:
   * no translation was changed.
   */
  unmap(iova: number, pages: number): number {
    if (!isPage(iova)) return codes.INVALID;
    return this.unmapWords(Math.floor(iova / WORD), iova | 0, pages);
  }

  /**
   * Sets a bit of `bitmap` for each page of the range that was written to, bit 0 of word 0 for the first page, and marks
   * what it read clean if `clear`. Answers how many pages that were, or UNSUPPORTED, RANGE, INVALID. The caller owes an
   * invalidation of what was cleaned.
   */
  readDirty(iova: number, pages: number, bitmap: Uint32Array, clear: boolean): number {
    const wrong = this.wrongRange(iova, pages);
    return wrong === codes.DONE ? readDirty(this, iova, pages, bitmap, clear) : wrong;
  }

  /** Calls `visit` for each leaf, in the order of the table's entries. The table must not change meanwhile. */
  forEachLeaf(visit: VisitLeaf): void {
    if (this.root !== 0) visitLeaves(this, visit);
  }

  /** Unlinks all tables, the root too: they wait in the arena until `release`. */
  destroy(): void {
    if (this.root === 0) return;
    unlinkAll(this, this.root, this.top);
    this.arena.unlink(this.root, this.layout.rootOrder);
    this.root = 0;
  }

  // Where the code of generate.ts does not go on by itself.

  /** The output page for a leaf that was found, whatever its size. */
  protected walkOther(iova: number, low: number): number {
    const { found } = this.arena;
    const high = found[codes.FOUND_HIGH];
    const level = found[codes.FOUND_LEVEL];
    const size = this.layout.sizeOf(low, high, level);
    found[codes.FOUND_PROT] = this.layout.protOf(low, high);
    found[codes.FOUND_SIZE] = size;
    return this.layout.firstOutput(low, high, level, size, iova) + (iova % 2 ** size);
  }

  protected walkAway(high: number, low: number): number {
    return walkFrom(this, high * WORD + (low >>> 0));
  }

  protected mapAway(
    iovaHigh: number,
    iovaLow: number,
    outHigh: number,
    outLow: number,
    pages: number,
    prot: number,
  ): number {
    const iova = iovaHigh * WORD + (iovaLow >>> 0);
    return mapRange(this, iova, outHigh * WORD + (outLow >>> 0), pages, prot);
  }

  /** A run of pages in the table of level 0 whose entry at `entry` is its first: DONE or MAPPED. */
  protected fillRun(
    entry: number,
    iovaHigh: number,
    iovaLow: number,
    outHigh: number,
    outLow: number,
    pages: number,
    prot: number,
  ): number {
    const iova = iovaHigh * WORD + (iovaLow >>> 0);
    return fillTable(this, entry, iova, outHigh * WORD + (outLow >>> 0), pages, prot);
  }

  /** The same for an unmap: the pages removed. */
  protected clearRun(entry: number, high: number, low: number, pages: number): number {
    const iova = high * WORD + (low >>> 0);
    return clearPages(this, entry, iova, iova + pages);
  }

  protected unmapAway(high: number, low: number, pages: number): number {
    return unmapRange(this, high * WORD + (low >>> 0), pages);
  }
}
