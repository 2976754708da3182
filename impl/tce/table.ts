// What is a TCE table, beyond a put and a get of one entry: its levels, its blocks, and its batches?
import type { TceArena } from './arena.js';
import {
  DONE,
  ENTRY_SHIFT,
  FOUND_HI,
  FOUND_LO,
  NO_MEMORY,
  RANGE,
  READ_WRITE,
  SHORT_INDEX,
  WIDE,
} from './format.js';
import type { Geometry } from './geometry.js';

/** A block of entries below the top one. */
interface Block {
  readonly offset: number;
  /** Offset of the entry that points to it. */
  readonly parent: number;
  /** Index of the first TCE under it. */
  readonly first: number;
  /** 0 for a block of leaves. */
  readonly height: number;
}

/** Part of a block of leaves: from its entry at byte `offset`, `count` entries, the first of which is TCE `first`. */
export interface Stretch {
  readonly offset: number;
  readonly first: number;
  readonly count: number;
}

/** One entry that is not 0: its index in the table and its words. */
export type VisitEntry = (index: number, hi: number, lo: number) => void;

/**
 * A table of TCEs in `arena`, all entries in the bytes that the hardware reads. Indices are whole numbers from 0,
 * relative to the window's start. Blocks below the top are made when an entry under them is first put; a put of
 * nothing makes none. Every operation is all or nothing. After `destroy` the table has no entries.
 *
 * The short ways of one entry are in kinds.ts, by the number of levels.
 */
export abstract class TceTable {
  /** Entries; 0 after `destroy`. */
  size = 0;
  // Fields that begin as a small integer stay one for the machine code; one that begins undefined never is.
  readonly levels: number = 0;
  readonly levelShift: number = 0;
  /** Offset of the top block. */
  protected root = 0;
  /** Entries that the short ways may reach. */
  protected short = 0;
  /** From the first index that the short ways may not reach to 2^31. */
  protected room = 0;
  /** Entries per block less one. */
  protected readonly mask: number = 0;
  #blocks: Block[] = [];

  constructor(
    readonly arena: TceArena,
    geometry: Geometry,
    root: number,
  ) {
    this.size = 2 ** geometry.entriesShift;
    this.levels = geometry.levels;
    this.levelShift = geometry.levelShift;
    // As integers: a power that the runtime computed is a double, and would make all of the short ways slow.
    this.mask = ((2 ** geometry.levelShift) | 0) - 1;
    this.root = root;
    this.#limit();
  }

  /** Stores any 64 bits, with or without permissions: DONE, RANGE, NO_MEMORY. */
  abstract put(index: number, hi: number, lo: number): number;

  /** The entry as a number; RANGE, or WIDE where it has more than 53 bits. A missing level reads as 0. */
  abstract get(index: number): number;

  /** The low word of the entry, with the high one in `arena.found[FOUND_HI]`; 0 and 0 outside of the table. */
  abstract read(index: number): number;

  /** Puts, and leaves what was there in `arena.found`: FOUND_HI and FOUND_LO. DONE, RANGE, NO_MEMORY. */
  exchange(index: number, hi: number, lo: number): number {
    const low = this.read(index);
    const high = this.arena.found[FOUND_HI];
    const done = this.put(index, hi, lo);
    if (done !== DONE) return done;
    this.arena.found[FOUND_HI] = high;
    this.arena.found[FOUND_LO] = low;
    return DONE;
  }

  /** Blocks of all levels. */
  get blocks(): number {
    return this.size === 0 ? 0 : this.#blocks.length + 1;
  }

  /** Physical address of the top block, as the hardware is told it. */
  get address(): number {
    return this.arena.base + this.root;
  }

  /** Offset of the leaf entry; -1 under a missing level. The index is in the table. */
  protected slot(index: number): number {
    const { view, bytes } = this.arena;
    let block = this.root;
    for (let height = this.levels - 1; height > 0; height--) {
      const low = view.getInt32(block + this.#step(index, height) + 4);
      if ((low & READ_WRITE) === 0) return -1;
      block = low & (bytes - 8);
    }
    return block + this.#step(index, 0);
  }

  /** Offset within its block of the entry on the way to an index. */
  #step(index: number, height: number): number {
    const at = height === 0 ? index : Math.floor(index / 2 ** (this.levelShift * height));
    return (at % (this.mask + 1)) * 2 ** ENTRY_SHIFT;
  }

  /** The general way of `put`. */
  protected putFar(index: number, hi: number, lo: number): number {
    if (!this.has(index, 1)) return RANGE;
    let at = this.slot(index);
    if (at < 0) {
      if ((hi | lo) === 0) return DONE;
      if (this.prepare(index, 1) !== DONE) return NO_MEMORY;
      at = this.slot(index);
    }
    this.arena.view.setInt32(at, hi);
    this.arena.view.setInt32(at + 4, lo);
    return DONE;
  }

  /** The general way of `get`. */
  protected getFar(index: number): number {
    if (!this.has(index, 1)) return RANGE;
    const low = this.readFar(index) >>> 0;
    const high = this.arena.found[FOUND_HI] >>> 0;
    return high >>> 21 === 0 ? high * 2 ** 32 + low : WIDE;
  }

  /** The general way of `read`. */
  protected readFar(index: number): number {
    const { view, found } = this.arena;
    const at = this.has(index, 1) ? this.slot(index) : -1;
    found[FOUND_HI] = at < 0 ? 0 : view.getInt32(at);
    return at < 0 ? 0 : view.getInt32(at + 4);
  }

  /** Are these `count` entries in the table? */
  has(index: number, count: number): boolean {
    return (
      Number.isInteger(index) && index >= 0 && count >= 0 && count <= this.size && index <= this.size - count
    );
  }

  /** Makes the levels that `count` entries from `index` on need, so that putting them cannot fail: or NO_MEMORY. */
  prepare(index: number, count: number): number {
    if (!this.has(index, count)) return RANGE;
    const known = this.#blocks.length;
    const span = this.mask + 1;
    for (let at = index; at < index + count; at = Math.floor(at / span) * span + span) {
      if (this.#makeLevels(at)) continue;
      while (this.#blocks.length > known) this.#drop(this.#blocks.pop() as Block);
      return NO_MEMORY;
    }
    return DONE;
  }

  #makeLevels(index: number): boolean {
    const { arena } = this;
    let block = this.root;
    for (let height = this.levels - 1; height > 0; height--) {
      const parent = block + this.#step(index, height);
      const low = arena.view.getInt32(parent + 4);
      if ((low & READ_WRITE) !== 0) {
        block = low & (arena.bytes - 8);
        continue;
      }
      const made = arena.take(this.levelShift + ENTRY_SHIFT);
      if (made < 0) return false;
      arena.view.setInt32(parent, arena.baseHigh);
      arena.view.setInt32(parent + 4, arena.baseLow | made | READ_WRITE);
      const under = 2 ** (this.levelShift * height);
      this.#blocks.push({
        offset: made,
        parent,
        first: Math.floor(index / under) * under,
        height: height - 1,
      });
      block = made;
    }
    return true;
  }

  /** Unlinks a block first, and gives its memory back then. */
  #drop(block: Block): void {
    this.arena.zero(block.parent, 2 ** ENTRY_SHIFT);
    this.arena.giveBack(block.offset);
  }

  /** The leaves that exist among `count` entries from `index` on, in ascending order. */
  stretches(index: number, count: number): Stretch[] {
    if (!this.has(index, count) || count === 0) return [];
    if (this.levels === 1) return [{ offset: this.root + index * 8, first: index, count }];
    const end = index + count;
    const span = this.mask + 1;
    const spans = Math.ceil(end / span) - Math.floor(index / span);
    const blocks =
      spans > this.#blocks.length ? this.#leavesByList(index, end) : this.#leavesByWalk(index, end);
    return blocks.map(block => {
      const first = Math.max(block.first, index);
      const last = Math.min(block.first + span, end);
      return { offset: block.offset + (first - block.first) * 8, first, count: last - first };
    });
  }

  /** In time that grows with the blocks that exist. */
  #leavesByList(index: number, end: number): Pick<Block, 'offset' | 'first'>[] {
    const span = this.mask + 1;
    return this.#blocks
      .filter(b => b.height === 0 && b.first < end && b.first + span > index)
      .sort((a, b) => a.first - b.first);
  }

  /** In time that grows with the range. */
  #leavesByWalk(index: number, end: number): Pick<Block, 'offset' | 'first'>[] {
    const span = this.mask + 1;
    const leaves: Pick<Block, 'offset' | 'first'>[] = [];
    for (let first = Math.floor(index / span) * span; first < end; first += span) {
      const offset = this.slot(first);
      if (offset >= 0) leaves.push({ offset, first });
    }
    return leaves;
  }

  /** Visits the entries that are not 0 among `count` from `index` on, in ascending order. */
  eachEntry(index: number, count: number, visit: VisitEntry): void {
    const { view, words } = this.arena;
    for (const stretch of this.stretches(index, count)) {
      const from = stretch.offset / 4;
      for (let i = 0; i < 2 * stretch.count; i += 2) {
        if ((words[from + i] | words[from + i + 1]) === 0) continue;
        const at = stretch.offset + i * 4;
        visit(stretch.first + i / 2, view.getInt32(at), view.getInt32(at + 4));
      }
    }
  }

  /** Makes `count` entries 0. All of a table with levels loses its blocks: in time that grows with those alone. */
  clear(index: number, count: number): number {
    if (!this.has(index, count)) return RANGE;
    if (count === this.size && this.levels > 1) this.#dropAll();
    else for (const { offset, count: n } of this.stretches(index, count)) this.arena.zero(offset, n * 8);
    return DONE;
  }

  #dropAll(): void {
    // Those made last go first: no block points to memory that is gone.
    for (let i = this.#blocks.length - 1; i >= 0; i--) this.#drop(this.#blocks[i]);
    this.#blocks = [];
  }

  /** Puts one value into `count` entries: DONE, RANGE, NO_MEMORY. */
  fill(index: number, count: number, hi: number, lo: number): number {
    if ((hi | lo) === 0) return this.clear(index, count);
    const ready = this.prepare(index, count);
    if (ready !== DONE) return ready;
    for (const stretch of this.stretches(index, count))
      this.arena.fill(stretch.offset, stretch.count, hi, lo);
    return DONE;
  }

  /** Puts `count` entries, given as pairs of words, high then low: DONE, RANGE, NO_MEMORY. */
  putWords(index: number, count: number, words: Int32Array): number {
    const ready = this.prepare(index, count);
    if (ready !== DONE) return ready;
    let next = 0;
    for (const stretch of this.stretches(index, count)) {
      this.arena.writeWords(stretch.offset, words, next, stretch.count);
      next += 2 * stretch.count;
    }
    return DONE;
  }

  /** Gives all memory back. */
  destroy(): void {
    if (this.size === 0) return;
    this.#dropAll();
    this.arena.giveBack(this.root);
    this.size = 0;
    this.#limit();
  }

  #limit(): void {
    this.short = Math.min(this.size, SHORT_INDEX - 1) | 0;
    // The other way to ask the same: an index below `short` and this are at most 2^31 - 1, and no other is.
    this.room = (SHORT_INDEX - 1 - this.short) | 0;
  }
}
