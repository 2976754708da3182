// Where do the tables of any number of page tables live, and when may one of them be used again?

import { type Kernels, newMemory } from './kernels.js';

export interface TableArenaSize {
  /** Pages of `2^pageShift` bytes, less than 4 GiB in all; RESERVED of them hold no tables. What is not touched costs address space, not memory. */
  readonly pages: number;
  readonly pageShift?: number;
  /**
   * Physical address of the arena, as entries hold it: a multiple of its size rounded up to a power of two, so that an
   * address becomes an offset by masking.
   */
  readonly base?: number;
}

const WORD = 2 ** 32;
/** The highest order of a root, and one more: sixteen concatenated tables. */
const ORDERS = 5;
/** Pages that are never given out, as many as the widest root has. */
export const RESERVED = 16;

/**
 * Pages of tables in one memory of a fixed size. A table is named by the offset of its first 32-bit word. The first
 * pages are never given out and always zero: there an empty entry and a destroyed table point to, so a walk has to look only
 * at its last entry.
 *
 * A table that was unlinked waits until `release`, which is for the one who knows that hardware has forgotten it: it may be in a
 * paging-structure cache before that.
 */
export class TableArena {
  readonly pages: number;
  readonly pageShift: number;
  readonly base: number;
  /** The tables, as hardware sees them. */
  readonly words: Uint32Array<ArrayBuffer>;
  readonly kernels: Kernels;
  /** Words of one page; and which bits of a word offset name a page. */
  readonly pageWords: number;
  readonly mask: number;
  /**
   * In a buffer of its own: an array of so few bytes would else lie among V8's objects, which move, and its place would be no
   * constant. What the last walk found: see FOUND_HIGH, FOUND_LEVEL, FOUND_PROT, FOUND_SIZE.
   */
  readonly found = new Int32Array(new ArrayBuffer(64));
  /** Classes of tables that were specialised for this arena, by layout. */
  readonly specialised = new Map<object, unknown>();

  private readonly returned: number[][] = Array.from({ length: ORDERS }, () => []);
  private waiting: { readonly table: number; readonly order: number }[] = [];
  private untouched = RESERVED;
  private taken = 0;
  private held = 0;

  constructor({ pages, pageShift = 12, base = WORD }: TableArenaSize) {
    const bytes = pages * 2 ** pageShift;
    if (!Number.isInteger(pages) || pages <= RESERVED || bytes >= WORD)
      throw new RangeError(
        `an arena has more than ${RESERVED} pages and less than 4 GiB, not ${pages} pages`,
      );
    const rounded = 2 ** Math.ceil(Math.log2(bytes));
    if (!Number.isInteger(base) || base < 0 || base % rounded !== 0)
      throw new RangeError(`an arena of ${bytes} bytes cannot lie at ${base}`);
    this.pages = pages;
    this.pageShift = pageShift;
    this.base = base;
    this.pageWords = 2 ** (pageShift - 2);
    this.mask = (rounded / 4 - 1) & -this.pageWords;
    const { buffer, kernels } = newMemory(Math.ceil(bytes / 2 ** 16));
    this.words = new Uint32Array(buffer, 0, bytes / 4);
    this.kernels = kernels;
  }

  /** Pages that tables use, roots included, and those that wait to be released. */
  get inUse(): number {
    return this.taken;
  }

  get waitingPages(): number {
    return this.held;
  }

  /** Pages that can be had one by one. */
  get free(): number {
    return this.pages - RESERVED - this.taken - this.held;
  }

  /** Word offset of a zeroed table of `2^order` pages, aligned to its size; -1 when there is none. */
  take(order = 0): number {
    const again = this.returned[order].pop();
    if (again !== undefined) {
      this.kernels.zero(again * 4, (this.pageWords * 4) << order);
      this.taken += 1 << order;
      return again;
    }
    const size = 1 << order;
    const first = Math.ceil(this.untouched / size) * size;
    if (first + size > this.pages) return order === 0 ? this.split() : -1;
    // What lies before an aligned root is free for tables.
    for (; this.untouched < first; this.untouched++) this.returned[0].push(this.untouched * this.pageWords);
    this.untouched += size;
    this.taken += size;
    return first * this.pageWords;
  }

  /** A page that was part of a wide root. */
  private split(): number {
    for (let order = 1; order < ORDERS; order++) {
      const table = this.returned[order].pop();
      if (table === undefined) continue;
      for (let page = 0; page < 1 << order; page++) this.returned[0].push(table + page * this.pageWords);
      return this.take();
    }
    return -1;
  }

  /** A table that nothing points to any more. It is not used again before `release`. */
  unlink(table: number, order = 0): void {
    this.waiting.push({ table, order });
    this.taken -= 1 << order;
    this.held += 1 << order;
  }

  /** Takes the tables that wait out of the arena's hands: they are to be handed to `release` later. */
  collect(): readonly Unlinked[] {
    const all = this.waiting;
    if (all.length > 0) this.waiting = [];
    return all;
  }

  /** Hardware has forgotten these tables, or all that wait here: they may be used again. */
  release(tables: readonly Unlinked[] = this.collect()): void {
    for (const { table, order } of tables) {
      this.returned[order].push(table);
      this.held -= 1 << order;
    }
  }

  /** Physical address of a table. */
  addressOf(table: number): number {
    return this.base + table * 4;
  }
}

/** A table that was taken out of a page table, and how many pages it has, as a logarithm. */
export interface Unlinked {
  readonly table: number;
  readonly order: number;
}
