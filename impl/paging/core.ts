// What is a page table, whatever its format: where is its root, and where do its entries lie and point to?

import type { TableArena } from './arena.js';
import * as codes from './codes.js';
import type { Layout } from './layout.js';

/** What the operations on ranges work on. The page table itself is in table.ts. */
export class TableCore {
  readonly arena: TableArena;
  readonly layout: Layout;
  /** Word offset of the root; 0 after `destroy`: the page that is always empty. */
  root = 0;
  /** Level of the root. */
  top = 0;
  /** Input pages below the present root; grows with it. */
  capacity = 0;

  /** Did an unmap meet a hole or the middle of a leaf? Set by it, and reset by whoever starts one. */
  ended = false;

  constructor(arena: TableArena, layout: Layout, root: number) {
    this.arena = arena;
    this.layout = layout;
    this.root = root;
    this.top = layout.format.top;
    this.capacity = capacityOf(layout, this.top);
  }

  /** Physical address of the root, as the entry of a context or of a device holds it; -1 after `destroy`. */
  get rootAddress(): number {
    return this.root === 0 ? -1 : this.arena.addressOf(this.root);
  }

  /**
   * Makes the root one level higher; the old root is its first table. What is cached stays right. DONE, NO_MEMORY, DESTROYED, or UNSUPPORTED
   * where the root is as high as it may be.
   */
  grow(): number {
    if (this.root === 0) return codes.DESTROYED;
    if (this.top === this.layout.most) return codes.UNSUPPORTED;
    const root = this.arena.take();
    if (root < 0) return codes.NO_MEMORY;
    this.point(root, this.root, this.top + 1);
    this.root = root;
    this.top++;
    this.capacity = capacityOf(this.layout, this.top);
    return codes.DONE;
  }

  /** Makes the entry at word offset `at`, of `level`, point to a table. High word first: presence is in the low one. */
  point(at: number, table: number, level: number): void {
    const { layout, arena } = this;
    const page = arena.addressOf(table) / 2 ** layout.format.pageShift;
    const nextLevel = layout.format.leafMark.by === 'next level' ? level << 9 : 0;
    arena.words[at + 1] = layout.addressHigh(page) | layout.tableHigh;
    arena.words[at] = layout.addressLow(page) | layout.tableLow | nextLevel;
  }

  /** The table that an entry points to; 0 for an empty entry. */
  tableOf(low: number): number {
    return (this.layout.format.addressShift === 0 ? low >>> 2 : low) & this.arena.mask;
  }

  /** Word offset of the entry for a page within a table. */
  entryOf(table: number, level: number, iova: number): number {
    const { layout } = this;
    const bits = level === layout.most ? layout.rootBits : layout.bits;
    // `|0` keeps the low 32 bits of what may have 52; a remainder of doubles is slow.
    return table + 2 * ((Math.floor(iova / layout.span[level]) | 0) & ((1 << bits) - 1));
  }

  /** DONE if all pages of the range are input pages; else why not. */
  wrongRange(iova: number, pages: number): number {
    if (!isPage(iova) || !Number.isInteger(pages) || pages < 1) return codes.INVALID;
    const { inputPages, format } = this.layout;
    const end = iova + pages;
    if (format.signExtended === true) {
      const half = inputPages / 2;
      const all = 2 ** (64 - format.pageShift);
      const legal = end <= half || (iova >= all - half && end <= all);
      if (!legal) return codes.RANGE;
    } else if (end > inputPages) return codes.RANGE;
    return this.root === 0 ? codes.DESTROYED : codes.DONE;
  }
}

/** A whole number that may be a page number of some format. */
export function isPage(page: number): boolean {
  return Number.isInteger(page) && page >= 0 && page < 2 ** 52;
}

function capacityOf(layout: Layout, top: number): number {
  return layout.format.growsTo === undefined ? Number.POSITIVE_INFINITY : layout.span[top] * 2 ** layout.bits;
}
