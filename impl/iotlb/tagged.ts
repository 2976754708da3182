// Which translations of which domain and PASID are cached, and how do many of them disappear at once?

import { SpaceStamps } from './stamps.js';

export interface TaggedCacheSize {
  /** Sets of four entries; a power of two. */
  readonly sets: number;
  /** Domain ids are 0 to domains - 1. */
  readonly domains: number;
  /** How many pairs of a domain and a PASID there may be at a time. */
  readonly pasids?: number;
  /** Stamps before they begin anew; only a test has a reason to make it small. */
  readonly stamps?: number;
}

// One set is 16 words, the size of a cache line, four words for each of four things:
//   0-3    low word of the first page of the leaf
//   4-7    access << 26 | size << 20 | its high word
//   8-11   stamp << 12 | high word of the output page
//   12-15  low word of the output page
export const WAYS = 4;
export const SET_WORDS = 16;
export const KEY = 4;
export const STAMP = 8;
export const OUT = 12;
/** Bits of a key that a lookup compares. */
export const KEY_MASK = 0x3ffffff;
export const ACCESS_SHIFT = 26;
export const SIZE_SHIFT = 20;
/** The key of an empty entry: a size that no lookup asks for. */
const EMPTY = -1;
const OUT_HIGH = 0xfff;

/** Slots of `state`. Counters have 64 bits in two words: a counter in a field costs a hit as much as the lookup. */
export const FLOOR = 0;
export const HITS = 1;
export const MISSES = 3;
export const SIZES = 5;
const WORD = 2 ** 32;

/**
 * A set-associative cache with round-robin replacement, tagged by a space: a domain, or a domain and a PASID. The number of
 * a domain's own space is its id; `spaceOf` gives out the others. An entry is a leaf of any size, found through the number of
 * its own size; only what is mapped is cached.
 *
 * An entry has the stamp of its space. Forgetting a space means to give it a stamp that no entry has; forgetting a domain
 * with all its PASIDs, or everything, means to raise the stamp below which they are old. Neither looks at an entry.
 */
export class TaggedCache {
  readonly sets: number;
  readonly mask: number;
  readonly words: Int32Array;
  /** In a buffer of its own, as the other arrays: see `found` of TableArena. */
  readonly state = new Int32Array(new ArrayBuffer(64));
  readonly spaces: SpaceStamps;
  /** The stamp of each space. */
  readonly current: Int32Array;
  readonly nextWay: Uint8Array;

  constructor({ sets, domains, pasids = 0, stamps }: TaggedCacheSize) {
    if (!Number.isInteger(Math.log2(sets)) || sets < 1 || sets > 2 ** 24)
      throw new RangeError(`the number of sets is a power of two, at most 2^24, not ${sets}`);
    this.sets = sets;
    this.mask = sets - 1;
    this.words = new Int32Array(new ArrayBuffer(4 * sets * SET_WORDS)).fill(EMPTY);
    this.nextWay = new Uint8Array(new ArrayBuffer(sets));
    this.spaces = new SpaceStamps(domains, pasids, stamps);
    this.current = this.spaces.current;
  }

  get hits(): number {
    return (this.state[HITS + 1] >>> 0) * WORD + (this.state[HITS] >>> 0);
  }

  get misses(): number {
    return (this.state[MISSES + 1] >>> 0) * WORD + (this.state[MISSES] >>> 0);
  }

  resetCounts(): void {
    this.state.fill(0, HITS, SIZES);
  }

  /** The space of a PASID in a domain, given out now if there is none; -1: there are too many. */
  spaceOf(domain: number, pasid: number): number {
    return this.spaces.spaceOf(domain, pasid);
  }

  /** Is the space's stamp one that counts? It is renewed if its domain, or everything, was forgotten meanwhile. */
  fresh(space: number): number {
    const { spaces, state } = this;
    if (spaces.isOld(space, state[FLOOR]) && !spaces.renew(space)) {
      this.renumber();
      if (spaces.isOld(space, 0)) spaces.renew(space);
    }
    return this.current[space];
  }

  /**
   * Index of the entry of a leaf of `size` (a logarithm, in pages) over a page, for `outLow` and the others; -1 if there
   * is none. Pages come as two words.
   */
  find(space: number, high: number, low: number, size: number): number {
    if (this.spaces.isOld(space, this.state[FLOOR])) return -1;
    const { words } = this;
    const first = firstLow(low, size);
    const key = firstHigh(high, size) | (size << SIZE_SHIFT);
    const stamp = this.current[space];
    const at = this.setOf(space, high, low, size) * SET_WORDS;
    for (let way = at; way < at + WAYS; way++) {
      const hit = words[way] === first && (words[way + KEY] & KEY_MASK) === key;
      if (hit && words[way + STAMP] >>> 12 === stamp) return way;
    }
    return -1;
  }

  /** The same for leaves of all sizes that were ever filled, and counted. */
  lookup(space: number, high: number, low: number): number {
    for (let size = this.nextSize(0); size < 64; size = this.nextSize(size + 1)) {
      const way = this.find(space, high, low, size);
      if (way < 0) continue;
      this.count(HITS);
      return way;
    }
    this.count(MISSES);
    return -1;
  }

  /** Remembers a leaf, by its first page and its first output page, in place of the entry whose turn it is. */
  fill(
    space: number,
    high: number,
    low: number,
    size: number,
    outHigh: number,
    outLow: number,
    access: number,
  ): number {
    const stamp = this.fresh(space);
    const set = this.setOf(space, high, low, size);
    const turn = this.nextWay[set];
    this.nextWay[set] = (turn + 1) & (WAYS - 1);
    this.state[SIZES + (size >>> 5)] |= 1 << (size & 31);
    const { words } = this;
    const way = set * SET_WORDS + turn;
    words[way] = firstLow(low, size);
    words[way + KEY] = (access << ACCESS_SHIFT) | (size << SIZE_SHIFT) | firstHigh(high, size);
    words[way + STAMP] = (stamp << 12) | outHigh;
    words[way + OUT] = outLow;
    return way;
  }

  /** Of an entry: low and high word of its first output page, its size, and the access that it allows. */
  outLow(way: number): number {
    return this.words[way + OUT];
  }

  outHigh(way: number): number {
    return this.words[way + STAMP] & OUT_HIGH;
  }

  size(way: number): number {
    return (this.words[way + KEY] >>> SIZE_SHIFT) & 63;
  }

  access(way: number): number {
    return this.words[way + KEY] >>> ACCESS_SHIFT;
  }

  /** Forgets every leaf of a space that has a page in [first, first + pages), also one that only touches it. */
  invalidate(space: number, first: number, pages: number): void {
    if (pages <= 0 || this.spaces.isOld(space, this.state[FLOOR])) return;
    const last = first + pages - 1;
    for (let size = this.nextSize(0); size < 64; size = this.nextSize(size + 1)) {
      const span = 2 ** size;
      const from = Math.floor(first / span);
      const to = Math.floor(last / span);
      if (to - from >= this.sets * WAYS) {
        // More candidates than entries: look at the entries instead, once for all sizes.
        this.invalidateByScan(space, first, last);
        return;
      }
      for (let unit = from; unit <= to; unit++) this.drop(space, unit * span, size);
    }
  }

  /** Forgets everything of one space, at a cost that depends on nothing. */
  invalidateSpace(space: number): void {
    if (!this.spaces.renew(space)) this.renumber();
  }

  /** Forgets everything of a domain, with all its PASIDs, at a cost that depends on nothing. */
  invalidateDomain(domain: number): void {
    if (!this.spaces.renewDomain(domain)) {
      this.renumber();
      this.spaces.renewDomain(domain);
    }
  }

  /** Forgets everything, at a cost that depends on nothing. */
  flush(): void {
    const floor = this.spaces.floor();
    if (floor > 0) this.state[FLOOR] = floor;
    else this.renumber();
  }

  private count(which: number): void {
    this.state[which] += 1;
    if (this.state[which] === 0) this.state[which + 1] += 1;
  }

  /** The next size, from this one on, of which an entry was ever filled; 64: none. */
  private nextSize(size: number): number {
    const low = size < 32 ? this.state[SIZES] & (-1 << size) : 0;
    if (low !== 0) return 31 - Math.clz32(low & -low);
    const high = this.state[SIZES + 1] & (size <= 32 ? -1 : size < 64 ? -1 << (size - 32) : 0);
    return high === 0 ? 64 : 63 - Math.clz32(high & -high);
  }

  private setOf(space: number, high: number, low: number, size: number): number {
    // The number of the unit modulo 2^32: the set takes low bits only.
    let unit = low;
    if (size >= 32) unit = high >>> (size - 32);
    else if (size > 0) unit = (low >>> size) | (high << (32 - size));
    return (unit + space * 97) & this.mask;
  }

  /** In every way that has it, so that nothing depends on entries being unique. */
  private drop(space: number, page: number, size: number): void {
    for (;;) {
      const way = this.find(space, Math.floor(page / WORD), page | 0, size);
      if (way < 0) return;
      this.words[way + KEY] = EMPTY;
    }
  }

  private invalidateByScan(space: number, first: number, last: number): void {
    const { words } = this;
    for (let at = 0; at < words.length; at += SET_WORDS) {
      for (let way = at; way < at + WAYS; way++) {
        if (words[way + KEY] === EMPTY || words[way + STAMP] >>> 12 !== this.current[space]) continue;
        const page = (words[way + KEY] & 0xfffff) * WORD + (words[way] >>> 0);
        if (page <= last && page + 2 ** this.size(way) > first) words[way + KEY] = EMPTY;
      }
    }
  }

  /** No stamps are left: everything is forgotten, by looking at every entry, and they begin anew. */
  private renumber(): void {
    this.words.fill(EMPTY);
    this.state[FLOOR] = 0;
    this.spaces.restart();
  }
}

/** First page of the leaf of this size over a page, in two words. */
const firstLow = (low: number, size: number): number => (size >= 32 ? 0 : low & (-1 << size));
const firstHigh = (high: number, size: number): number => (size <= 32 ? high : high & (-1 << (size - 32)));
