// Where do the blocks of TCE tables live, and which memory is free?

export interface TceArenaSize {
  /** Bytes, a power of two from 64 KiB to 1 GiB. Untouched memory costs address space alone. */
  readonly bytes: number;
  /** Physical address of the first byte, a multiple of `bytes`: the low bits of an entry are then an offset here. */
  readonly base?: number;
}

/** Blocks are taken in multiples of 4 KiB, the smallest page that any host of this hardware has. */
const UNIT_SHIFT = 12;
const LEAST_SHIFT = 16;
const MOST_SHIFT = 30;
/** In `order`: this unit begins no block. */
const INSIDE = 255;

type WriteWords = (offset: number, words: Int32Array, from: number, count: number) => void;

/** The memory is a constant of the function, as in kinds.ts. */
function writerOf(memory: DataView): WriteWords {
  const view = memory;
  return (offset, words, from, count) => {
    const end = from + 2 * count;
    for (let i = from, at = offset; i < end; i += 2, at += 8) {
      view.setInt32(at, words[i]);
      view.setInt32(at + 4, words[i + 1]);
    }
  };
}

/**
 * Memory for the blocks of any number of TCE tables: one buffer, made once at its full size, shared out by halving
 * (a buddy allocator), as a block of a level is a power of two of bytes and has to be aligned to it. A block is named by
 * the offset of its first byte. Blocks come out zeroed, because a block is zeroed when it is given back.
 */
export class TceArena {
  readonly bytes: number;
  readonly base: number;
  /** The memory, as hardware sees it. */
  readonly view: DataView;
  /** The same as 32-bit words in this processor's order, which is enough to see what is 0. */
  readonly words: Int32Array;
  /** High word of the physical address of any block; the low word is the offset, or-ed to `baseLow`. */
  readonly baseHigh: number;
  readonly baseLow: number;
  /** What the last `read` or `exchange` of any table found. */
  readonly found = new Int32Array(new ArrayBuffer(8));

  /** Stores `count` entries from a byte offset on: pairs of words, high then low, from `words[from]` on. */
  readonly writeWords: WriteWords;

  readonly #memory: Uint8Array;
  readonly #entries: BigInt64Array;
  readonly #shift: number;
  /** By unit: shift of the block that begins here, INSIDE elsewhere; and is that block free? */
  readonly #order: Uint8Array;
  readonly #free: Uint8Array;
  /** Free blocks of one size are a list; by unit. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #first: Int32Array;
  #inUse = 0;

  constructor({ bytes, base = 2 ** 32 }: TceArenaSize) {
    const shift = Math.log2(bytes);
    if (!Number.isInteger(shift) || shift < LEAST_SHIFT || shift > MOST_SHIFT)
      throw new RangeError(`an arena has 2^${LEAST_SHIFT} to 2^${MOST_SHIFT} bytes, not ${bytes}`);
    if (!Number.isInteger(base) || base < 0 || base % bytes !== 0 || base + bytes > 2 ** 52)
      throw new RangeError(`an arena of ${bytes} bytes cannot begin at ${base}`);
    const units = bytes >> UNIT_SHIFT;
    const buffer = new ArrayBuffer(bytes);
    this.bytes = bytes;
    this.base = base;
    this.baseHigh = Math.floor(base / 2 ** 32);
    this.baseLow = base | 0;
    this.view = new DataView(buffer);
    this.words = new Int32Array(buffer);
    this.writeWords = writerOf(this.view);
    this.#memory = new Uint8Array(buffer);
    this.#entries = new BigInt64Array(buffer);
    this.#shift = shift;
    this.#order = new Uint8Array(units).fill(INSIDE);
    this.#free = new Uint8Array(units);
    this.#next = new Int32Array(units);
    this.#previous = new Int32Array(units);
    this.#first = new Int32Array(shift + 1).fill(-1);
    this.#release(0, shift);
  }

  /** Bytes in blocks that are taken. */
  get bytesInUse(): number {
    return this.#inUse;
  }

  /** Offset of a zeroed block of 2^shift bytes, aligned to its size; -1 when there is none. */
  take(wanted: number): number {
    const shift = Math.max(wanted, UNIT_SHIFT);
    let from = shift;
    while (from <= this.#shift && this.#first[from] < 0) from++;
    if (from > this.#shift) return -1;
    const unit = this.#first[from];
    this.#claim(unit, from);
    // The upper halves of what is too large go back, the largest first.
    for (let half = from - 1; half >= shift; half--) this.#release(unit + (1 << (half - UNIT_SHIFT)), half);
    this.#order[unit] = shift;
    this.#inUse += 2 ** shift;
    return unit << UNIT_SHIFT;
  }

  /** Takes back a block that `take` gave. Nothing may point to it any more. */
  giveBack(offset: number): void {
    let unit = offset >>> UNIT_SHIFT;
    let shift = this.#order[unit];
    this.#memory.fill(0, offset, offset + 2 ** shift);
    this.#inUse -= 2 ** shift;
    this.#order[unit] = INSIDE;
    for (; shift < this.#shift; shift++) {
      const buddy = unit ^ (1 << (shift - UNIT_SHIFT));
      if (this.#free[buddy] === 0 || this.#order[buddy] !== shift) break;
      this.#claim(buddy, shift);
      unit = Math.min(unit, buddy);
    }
    this.#release(unit, shift);
  }

  /** Zeroes `bytes` from `offset` on. */
  zero(offset: number, bytes: number): void {
    this.#memory.fill(0, offset, offset + bytes);
  }

  /** Stores one value into `count` entries from `offset` on. */
  fill(offset: number, count: number, hi: number, lo: number): void {
    const first = offset / 8;
    this.view.setInt32(offset, hi);
    this.view.setInt32(offset + 4, lo);
    // Its bytes once more, in whatever order this processor reads them.
    this.#entries.fill(this.#entries[first], first, first + count);
  }

  #release(unit: number, shift: number): void {
    const next = this.#first[shift];
    this.#order[unit] = shift;
    this.#free[unit] = 1;
    this.#next[unit] = next;
    this.#previous[unit] = -1;
    if (next >= 0) this.#previous[next] = unit;
    this.#first[shift] = unit;
  }

  #claim(unit: number, shift: number): void {
    const next = this.#next[unit];
    const previous = this.#previous[unit];
    this.#order[unit] = INSIDE;
    this.#free[unit] = 0;
    if (next >= 0) this.#previous[next] = previous;
    if (previous >= 0) this.#next[previous] = next;
    else this.#first[shift] = next;
  }
}
