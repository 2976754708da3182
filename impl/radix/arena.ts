// Where do page tables live, and which of their pages are in use?

import { OUTPUT_FRAMES, READ_WRITE, TABLE_WORDS } from './format.js';

export interface ArenaSize {
  /** Table pages of 4 KiB, at most 2^20 (4 GiB). Untouched pages cost address space, not memory. */
  readonly pages: number;
  /** Physical frame number of the first page of the arena; entries hold physical addresses. */
  readonly baseFrame?: number;
}

/** Result slots of a walk, in `PageArena.found`. */
export const FOUND_PROT = 0;
export const FOUND_LEVEL = 1;
export const FOUND_HIGH = 2;

const MAX_PAGES = 2 ** 20;

/**
 * Table pages for any number of page tables. The memory is one typed array, made once at its full size: a growing arena
 * would have to be reloaded after each call, which costs every operation 20 to 45 percent.
 *
 * A table page is named by the offset of its first word. Pages come out zeroed at no cost, because a page is only ever
 * given back when all its entries are zero.
 */
export class PageArena {
  readonly pages: number;
  readonly baseFrame: number;
  /** The table pages, as hardware sees them. */
  readonly words: Uint32Array;
  /** Present entries of each page, 0 to 512. Hardware has no use for it, so it stays out of the pages. */
  readonly live: Uint16Array;
  /**
   * Low word of an entry that points to page 0. For the low word `e` of any entry pointing to a table,
   * `(e - baseLow) >>> 2` is that table's word offset: R and W shift out, and the difference is right modulo 2^32 even
   * where the arena crosses a 4 GiB line.
   */
  readonly baseLow: number;
  /** What the last walk found besides the frame: see FOUND_PROT, FOUND_LEVEL, FOUND_HIGH. */
  readonly found = new Int32Array(new ArrayBuffer(64));

  readonly #returned: Uint32Array;
  #returnedCount = 0;
  #untouched = 0;
  #inUse = 0;

  constructor(size: ArenaSize) {
    const { pages, baseFrame = 0x100000 } = size;
    if (!Number.isInteger(pages) || pages < 1 || pages > MAX_PAGES) {
      throw new RangeError(`an arena has 1 to ${MAX_PAGES} pages, not ${pages}`);
    }
    if (!Number.isInteger(baseFrame) || baseFrame < 0 || baseFrame + pages > OUTPUT_FRAMES) {
      throw new RangeError(`an arena of ${pages} pages cannot begin at frame ${baseFrame}`);
    }
    this.pages = pages;
    this.baseFrame = baseFrame;
    this.baseLow = (baseFrame << 12) | 0;
    this.words = new Uint32Array(new ArrayBuffer(pages * TABLE_WORDS * 4));
    this.live = new Uint16Array(pages);
    this.#returned = new Uint32Array(pages);
  }

  /** Table pages in use, roots included. */
  get tablePagesInUse(): number {
    return this.#inUse;
  }

  get freePages(): number {
    return this.pages - this.#inUse;
  }

  /** Word offset of a zeroed page, or -1 when the arena is full. */
  take(): number {
    let page: number;
    if (this.#returnedCount > 0) page = this.#returned[--this.#returnedCount];
    else if (this.#untouched < this.pages) page = this.#untouched++;
    else return -1;
    this.#inUse++;
    return page << 10;
  }

  /** Takes back a page whose entries are all zero. Nothing may point to it any more. */
  giveBack(table: number): void {
    this.live[table >>> 10] = 0;
    this.#returned[this.#returnedCount++] = table >>> 10;
    this.#inUse--;
  }

  /** Makes the entry at word offset `at` point to `table`. High word first: R and W are in the low one. */
  point(at: number, table: number): void {
    const frame = this.baseFrame + (table >>> 10);
    this.words[at + 1] = Math.floor(frame / 2 ** 20);
    this.words[at] = (frame << 12) | READ_WRITE;
  }

  /** Word offset of the table that an entry with low word `low` points to. */
  tableOf(low: number): number {
    return (low - this.baseLow) >>> 2;
  }
}
