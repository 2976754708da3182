// How does one domain map, unmap and look up pages?

import type { PageArena } from './arena.js';
import { clearPages, clearRange, clearTable, prune } from './clear.js';
import { largestLeaf, mapPages, planMap, writeMap } from './fill.js';
import * as format from './format.js';
import { type VisitLeaf, visitLeaves } from './leaves.js';
import { splitAtEnds } from './split.js';

// Names of this module itself, because the compiler folds them into the code; those of another module are loaded from
// memory at every use. See format.ts for the meaning of the bits.
const PRESENT = 3;
const KIND = 0x83; // R, W and PS: an entry with exactly R and W points to a table
const TABLE = 3;
const LEAF = 0x80;
const TOP = 2 ** 27; // pages under one root entry
const PER_TOP = 2 ** -27;
const HIGH = 2 ** 20; // frames under one high word
const PER_HIGH = 2 ** -20;
const ALREADY = -1; // MAPPED
const PROT_SLOT = 0;
const LEVEL_SLOT = 1;
const HIGH_SLOT = 2;

/**
 * A four-level page table in the VT-d second-stage format. Addresses are page frame numbers (address / 4096), which a
 * double holds exactly. Every operation is all or nothing.
 *
 * What lies in one table that exists (a page, a run of pages, a 2M leaf) is done here, after one short walk; everything
 * else takes the general way in fill.ts and clear.ts. A number is split into table indices through
 * int32 arithmetic: 27 low bits, and the root index by one multiplication. Put together again, masked to their widths,
 * the parts equal the number only if it was whole, not negative and not too large: one comparison checks it all.
 */
export class RadixTable {
  readonly arena: PageArena;
  private readonly words: Uint32Array;
  private readonly live: Uint16Array;
  private readonly baseLow: number;
  private readonly found: Int32Array;
  private root: number;

  protected constructor(arena: PageArena, root: number) {
    this.arena = arena;
    this.words = arena.words;
    this.live = arena.live;
    this.baseLow = arena.baseLow;
    this.found = arena.found;
    this.root = root;
  }

  /** An empty table, or NO_MEMORY when the arena has no page for its root. */
  static create(arena: PageArena): RadixTable | typeof format.NO_MEMORY {
    const root = arena.take();
    // `this` and not RadixTable: a table with a seeded defect is a subclass.
    return root < 0 ? format.NO_MEMORY : new this(arena, root);
  }

  /** Physical frame of the root, as a context entry would hold it; -1 after `destroy`. */
  get rootFrame(): number {
    return this.root < 0 ? -1 : this.arena.baseFrame + (this.root >>> 10);
  }

  /**
   * Output frame of one page, or -1 (NOT_MAPPED); anything that is no 48-bit page is not mapped either.
   * Access and leaf level are then in `arena.found`, at FOUND_PROT and FOUND_LEVEL.
   */
  walk(iovaPfn: number): number {
    const top = (iovaPfn * PER_TOP) | 0;
    const at = iovaPfn | 0;
    if ((top & 0x1ff) * TOP + (at & 0x7ffffff) !== iovaPfn) return -1;
    const words = this.words;
    const baseLow = this.baseLow;
    let low = words[this.root + (top << 1)];
    if ((low & PRESENT) === 0) return -1;
    let entry = ((low - baseLow) >>> 2) + ((at >>> 17) & 0x3fe);
    low = words[entry];
    if ((low & KIND) !== TABLE) return this.superpage(entry, 2, at & 0x3ffff);
    entry = ((low - baseLow) >>> 2) + ((at >>> 8) & 0x3fe);
    low = words[entry];
    if ((low & KIND) !== TABLE) return this.superpage(entry, 1, at & 0x1ff);
    entry = ((low - baseLow) >>> 2) + ((at << 1) & 0x3fe);
    low = words[entry];
    if ((low & PRESENT) === 0) return -1;
    const found = this.found;
    found[PROT_SLOT] = low & PRESENT;
    found[LEVEL_SLOT] = 0;
    return words[entry + 1] * HIGH + (low >>> 12);
  }

  private superpage(entry: number, level: number, offset: number): number {
    const low = this.words[entry];
    if ((low & PRESENT) === 0) return -1;
    this.found[PROT_SLOT] = low & PRESENT;
    this.found[LEVEL_SLOT] = level;
    return this.words[entry + 1] * HIGH + (low >>> 12) + offset;
  }

  /**
   * The same walk in 32-bit words, which is faster: bits 35:32 and 31:0 of the page number in; the low word of the leaf
   * entry out, 0 where nothing is mapped, its high word in `arena.found` at FOUND_HIGH and its level at FOUND_LEVEL.
   */
  walkEntry(pfnHigh: number, pfnLow: number): number {
    if (pfnHigh >>> 4 !== 0) return 0;
    const words = this.words;
    const baseLow = this.baseLow;
    let level = 0;
    let entry = this.root + ((pfnHigh << 6) | ((pfnLow >>> 26) & 0x3e));
    let low = words[entry];
    if ((low & PRESENT) === 0) return 0;
    entry = ((low - baseLow) >>> 2) + ((pfnLow >>> 17) & 0x3fe);
    low = words[entry];
    if ((low & KIND) === TABLE) {
      entry = ((low - baseLow) >>> 2) + ((pfnLow >>> 8) & 0x3fe);
      low = words[entry];
      if ((low & KIND) === TABLE) {
        entry = ((low - baseLow) >>> 2) + ((pfnLow << 1) & 0x3fe);
        low = words[entry];
      } else level = 1;
    } else level = 2;
    if ((low & PRESENT) === 0) return 0;
    this.found[LEVEL_SLOT] = level;
    this.found[HIGH_SLOT] = words[entry + 1];
    return low | 0;
  }

  /**
   * Word offset of the entry for one page in its table of 4K leaves; -1 where there is no such table, because nothing
   * or a larger leaf is there or because this is no page.
   */
  private leafSlot(iovaPfn: number): number {
    const top = (iovaPfn * PER_TOP) | 0;
    const at = iovaPfn | 0;
    if ((top & 0x1ff) * TOP + (at & 0x7ffffff) !== iovaPfn) return -1;
    const words = this.words;
    const baseLow = this.baseLow;
    let low = words[this.root + (top << 1)];
    if ((low & PRESENT) === 0) return -1;
    low = words[((low - baseLow) >>> 2) + ((at >>> 17) & 0x3fe)];
    if ((low & KIND) !== TABLE) return -1;
    low = words[((low - baseLow) >>> 2) + ((at >>> 8) & 0x3fe)];
    if ((low & KIND) !== TABLE) return -1;
    return ((low - baseLow) >>> 2) + ((at << 1) & 0x3fe);
  }

  /** The same for the entry of level 1 that stands for the 2M from this page on; -1 also for a page inside of 2M. */
  private largeSlot(iovaPfn: number): number {
    const top = (iovaPfn * PER_TOP) | 0;
    const at = iovaPfn | 0;
    if ((top & 0x1ff) * TOP + (at & 0x7fffe00) !== iovaPfn) return -1;
    const words = this.words;
    const baseLow = this.baseLow;
    let low = words[this.root + (top << 1)];
    if ((low & PRESENT) === 0) return -1;
    low = words[((low - baseLow) >>> 2) + ((at >>> 17) & 0x3fe)];
    if ((low & KIND) !== TABLE) return -1;
    return ((low - baseLow) >>> 2) + ((at >>> 8) & 0x3fe);
  }

  /**
   * Maps `pages` pages from `iovaPfn` to those from `pfn`, with the largest leaf that fits at every position.
   * 0, or MAPPED, NO_MEMORY, RANGE, INVALID, DESTROYED: then nothing was written.
   */
  map(iovaPfn: number, pfn: number, pages: number, prot: number): number {
    const high = (pfn * PER_HIGH) | 0;
    const out = pfn | 0;
    const legal =
      high >>> 20 === 0 && high * HIGH + (out & 0xfffff) === pfn && (prot & 3) === prot && prot !== 0;
    let entry = -1;
    let low = (out << 12) | prot;
    if (pages === 1 && legal) entry = this.leafSlot(iovaPfn);
    else if (pages === 512 && legal && (out & 0x1ff) === 0) {
      entry = this.largeSlot(iovaPfn);
      low |= LEAF;
    }
    if (entry < 0) return this.mapRange(iovaPfn, pfn, pages, prot);
    const words = this.words;
    if ((words[entry] & PRESENT) !== 0) return ALREADY;
    // High word first: with R and W in the low one, no walk can see a leaf with half an address.
    words[entry + 1] = high;
    words[entry] = low;
    this.live[entry >>> 10]++;
    return 0;
  }

  private mapRange(iovaPfn: number, pfn: number, pages: number, prot: number): number {
    if (!Number.isInteger(iovaPfn) || !Number.isInteger(pfn) || !Number.isInteger(pages))
      return format.INVALID;
    if (pages < 1 || (prot & 3) !== prot || prot === 0) return format.INVALID;
    if (iovaPfn < 0 || iovaPfn + pages > format.IOVA_FRAMES) return format.RANGE;
    if (pfn < 0 || pfn + pages > format.OUTPUT_FRAMES) return format.RANGE;
    if (this.root < 0) return format.DESTROYED;
    const leaf = largestLeaf(iovaPfn, pfn);
    if ((iovaPfn & 0x1ff) + pages <= 512) {
      const entry = this.leafSlot(iovaPfn);
      if (entry >= 0) return mapPages(this.arena, entry, pfn, pages, prot);
    }
    const needed = planMap(this.arena, this.root, iovaPfn, pages, leaf);
    if (needed < 0) return needed;
    writeMap(this.arena, this.root, iovaPfn, pfn, pages, prot, leaf);
    return 0;
  }

  /**
   * Removes what is mapped in the range and answers how many pages that were. Holes are skipped, larger leaves that
   * reach over an end are split, and pages of tables are freed as soon as they are empty.
   * NO_MEMORY (a split has no page), RANGE, INVALID, DESTROYED: then nothing was changed.
   */
  unmap(iovaPfn: number, pages: number): number {
    let entry = -1;
    if (pages === 1) entry = this.leafSlot(iovaPfn);
    else if (pages === 512) entry = this.largeSlot(iovaPfn);
    if (entry < 0) return this.unmapRange(iovaPfn, pages);
    const words = this.words;
    const low = words[entry];
    if ((low & PRESENT) === 0) return 0;
    if (pages === 512 && (low & LEAF) === 0) return this.unmapRange(iovaPfn, pages);
    // Low word first: the entry must stop being present before its address changes.
    words[entry] = 0;
    words[entry + 1] = 0;
    if (--this.live[entry >>> 10] === 0) prune(this.arena, this.root, iovaPfn);
    return pages;
  }

  private unmapRange(iovaPfn: number, pages: number): number {
    if (!Number.isInteger(iovaPfn) || !Number.isInteger(pages) || pages < 1) return format.INVALID;
    if (iovaPfn < 0 || iovaPfn + pages > format.IOVA_FRAMES) return format.RANGE;
    if (this.root < 0) return format.DESTROYED;
    const first = iovaPfn & 0x1ff;
    if (first + pages <= 512) {
      const entry = this.leafSlot(iovaPfn);
      if (entry >= 0) {
        const removed = clearPages(this.arena, entry - 2 * first, first, first + pages);
        if (this.live[entry >>> 10] === 0) prune(this.arena, this.root, iovaPfn);
        return removed;
      }
    }
    const split = splitAtEnds(this.arena, this.root, iovaPfn, iovaPfn + pages);
    return split < 0 ? split : clearRange(this.arena, this.root, iovaPfn, pages);
  }

  /** Calls `visit` for each leaf, in ascending order of IOVA. The table must not change meanwhile. */
  forEachLeaf(visit: VisitLeaf): void {
    if (this.root >= 0) visitLeaves(this.arena, this.root, format.TOP_LEVEL, 0, visit);
  }

  /** Gives all pages back. Every later map or unmap answers DESTROYED and every walk that nothing is mapped. */
  destroy(): void {
    if (this.root < 0) return;
    clearTable(this.arena, this.root, format.TOP_LEVEL);
    // Every index that is computed from this root lies outside of the arena, where a typed array reads as not present,
    // so the fast paths need no test of their own.
    this.root = -(2 ** 30);
  }
}
