// Which translations are cached, for whom, and how do they disappear?

import { IOVA_FRAMES } from '../radix/format.js';
import { Generations } from './generations.js';

export interface IotlbSize {
  /** Sets of four entries; a power of two. */
  readonly sets: number;
  /** Domain ids are 0 to domains - 1. */
  readonly domains: number;
  /** Generations before they wrap; only a test has a reason to make it small. */
  readonly generations?: number;
}

// One set is 16 words, the size of a cache line: four tags, then the four leaf entries that belong to them.
//   words 0-3    low 32 bits of the first page of the leaf       words 8-11   low words of the leaf entries
//   words 4-7    generation << 6 | level << 4 | high 4 bits      words 12-15  their high words
const WAYS = 4;
const SET_WORDS = 16;
const HIT_LOW = 0;
const HIT_CARRY = 1;
const MISS_LOW = 2;
const MISS_CARRY = 3;
const WRAP = 2 ** 32;
/** Second tag word of an empty way: level 3 has no leaves, so no lookup ever asks for it. */
const EMPTY = 3 << 4;

/**
 * A set-associative IOTLB with round-robin replacement. A 2M or 1G leaf is one entry, found through a tag of its own
 * size. Tags hold a generation, which belongs to one domain at one time (see generations.ts): forgetting a domain means
 * to give it another one. Only leaves are cached, never "nothing is mapped": a map needs no invalidation.
 *
 * It exists because of stale translations, not for speed: while the tables fit in the processor's cache, a hit
 * costs about what a walk costs.
 */
export class Iotlb {
  readonly sets: number;
  readonly domains: number;
  private readonly words: Int32Array;
  private readonly nextWay: Uint8Array;
  private readonly generations: Generations;
  private readonly current: Uint32Array;
  private readonly mask: number;
  /** Counters of 64 bits in two words each: a counter beside the code, in a variable or a field, costs a hit 2x. */
  private readonly counts = new Uint32Array(new ArrayBuffer(64));
  /** Bit L: a leaf of level L was filled since the last full flush. Lookups of a size that is not there are skipped. */
  private sizes = 0;

  constructor(size: IotlbSize) {
    const { sets, domains } = size;
    if (!Number.isInteger(Math.log2(sets)) || sets < 1 || sets > 2 ** 24) {
      throw new RangeError(`the number of sets is a power of two, at most 2^24, not ${sets}`);
    }
    this.sets = sets;
    this.domains = domains;
    this.mask = sets - 1;
    this.words = new Int32Array(sets * SET_WORDS);
    this.nextWay = new Uint8Array(sets);
    this.generations = new Generations(domains, size.generations);
    this.current = this.generations.current;
    this.flush();
  }

  get hits(): number {
    return this.counts[HIT_CARRY] * 2 ** 32 + this.counts[HIT_LOW];
  }

  get misses(): number {
    return this.counts[MISS_CARRY] * 2 ** 32 + this.counts[MISS_LOW];
  }

  resetCounts(): void {
    this.counts.fill(0);
  }

  /**
   * Word index of the 4K leaf cached for a page, for `low` and `high`; -1 if there is none. Only a hit is counted: ask
   * `findLarge` next. The page comes as bits 35:32 and 31:0 of its number. An id that is no domain finds nothing: its
   * generation reads as 0, which marks only empty ways, and those with a level that is never asked for.
   */
  find(domain: number, pfnHigh: number, pfnLow: number): number {
    const words = this.words;
    const tag = (this.current[domain] << 6) | pfnHigh;
    const page = pfnLow | 0;
    const at = ((page + domain * 97) & this.mask) << 4;
    let way = at;
    if (words[at] !== page || words[at + 4] !== tag) {
      if (words[at + 1] === page && words[at + 5] === tag) way = at + 1;
      else if (words[at + 2] === page && words[at + 6] === tag) way = at + 2;
      else if (words[at + 3] === page && words[at + 7] === tag) way = at + 3;
      else return -1;
    }
    if (++this.counts[HIT_LOW] === WRAP) this.counts[HIT_CARRY]++;
    return way + 8;
  }

  /** The same for 2M and 1G leaves, after `find` has missed; -1 is the miss, and is counted. */
  findLarge(domain: number, pfnHigh: number, pfnLow: number): number {
    for (let level = 1; this.sizes >>> level !== 0; level++) {
      if ((this.sizes & (1 << level)) === 0) continue;
      const way = this.wayOf(domain, pfnHigh, pfnLow, level);
      if (way < 0) continue;
      if (++this.counts[HIT_LOW] === WRAP) this.counts[HIT_CARRY]++;
      return way + 8;
    }
    if (++this.counts[MISS_LOW] === WRAP) this.counts[MISS_CARRY]++;
    return -1;
  }

  /** Low word of the entry at an index that was found: address bits 31:12, W and R. */
  low(found: number): number {
    return this.words[found];
  }

  /** High word of that entry: address bits 51:32. */
  high(found: number): number {
    return this.words[found + 4];
  }

  /** Level of that leaf. */
  level(found: number): number {
    return (this.words[found - 4] >>> 4) & 3;
  }

  /** Remembers the leaf over a page, as a walk found it, in place of the entry whose turn it is. */
  fill(
    domain: number,
    pfnHigh: number,
    pfnLow: number,
    entryHigh: number,
    entryLow: number,
    level: number,
  ): void {
    const set = this.setOf(domain, pfnHigh, pfnLow, level);
    const turn = this.nextWay[set];
    this.nextWay[set] = (turn + 1) & (WAYS - 1);
    this.sizes |= 1 << level;
    const words = this.words;
    const at = set * SET_WORDS + turn;
    words[at] = firstPage(pfnLow, level);
    words[at + 4] = (this.current[domain] << 6) | (level << 4) | pfnHigh;
    words[at + 8] = entryLow;
    words[at + 12] = entryHigh;
  }

  /** Forgets every leaf of the domain that has a page in the range; also the large ones that only touch it. */
  invalidate(domain: number, iovaPfn: number, pages: number): void {
    if (pages <= 0) return;
    const end = Math.min(iovaPfn + pages, IOVA_FRAMES);
    for (let level = 0; this.sizes >>> level !== 0; level++) {
      if ((this.sizes & (1 << level)) === 0) continue;
      const span = 2 ** (9 * level);
      const first = Math.floor(iovaPfn / span);
      const last = Math.floor((end - 1) / span);
      if (last - first >= this.sets * WAYS) {
        // More candidates than entries: look at the entries instead, once for all sizes.
        this.invalidateByScan(domain, iovaPfn, end);
        return;
      }
      for (let unit = first; unit <= last; unit++) this.drop(domain, unit * span, level);
    }
  }

  /** Forgets everything of the domain, at a cost that does not depend on the number of entries. */
  invalidateDomain(domain: number): void {
    if (!this.generations.renew(domain)) this.renumber(domain);
  }

  /** Forgets everything. */
  flush(): void {
    for (let at = 0; at < this.words.length; at += SET_WORDS) this.words.fill(EMPTY, at + 4, at + 8);
    this.nextWay.fill(0);
    this.sizes = 0;
  }

  private setOf(domain: number, pfnHigh: number, pfnLow: number, level: number): number {
    // The unit number modulo 2^32, whatever the level: the set takes low bits only.
    const unit = level === 0 ? pfnLow : (pfnLow >>> (9 * level)) | (pfnHigh << (32 - 9 * level));
    return (unit + domain * 97) & this.mask;
  }

  private wayOf(domain: number, pfnHigh: number, pfnLow: number, level: number): number {
    const words = this.words;
    const at = this.setOf(domain, pfnHigh, pfnLow, level) * SET_WORDS;
    const page = firstPage(pfnLow, level);
    const tag = (this.current[domain] << 6) | (level << 4) | pfnHigh;
    for (let way = at; way < at + WAYS; way++) {
      if (words[way] === page && words[way + 4] === tag) return way;
    }
    return -1;
  }

  /** Drops one leaf; in every way that has it, so that nothing depends on entries being unique. */
  private drop(domain: number, pfn: number, level: number): void {
    const pfnHigh = Math.floor(pfn / 2 ** 32);
    for (;;) {
      const way = this.wayOf(domain, pfnHigh, pfn | 0, level);
      if (way < 0) return;
      this.words[way + 4] = EMPTY;
    }
  }

  private invalidateByScan(domain: number, start: number, end: number): void {
    const words = this.words;
    const generation = this.current[domain];
    this.forEachWay(way => {
      const tag = words[way + 4];
      if (tag >>> 6 !== generation) return;
      const first = (tag & 15) * 2 ** 32 + (words[way] >>> 0);
      const span = 2 ** (9 * ((tag >>> 4) & 3));
      if (first < end && first + span > start) words[way + 4] = EMPTY;
    });
  }

  /**
   * The generations have run out. Numbers them anew from 1 and rewrites the tags: what was forgotten stays forgotten
   * although its old number will be used again, and the other domains keep their entries.
   */
  private renumber(forgotten: number): void {
    const owners = this.generations.restart();
    this.forEachWay(way => {
      const tag = this.words[way + 4];
      const domain = owners.get(tag >>> 6);
      const keep = domain !== undefined && domain !== forgotten;
      this.words[way + 4] = keep ? (this.current[domain] << 6) | (tag & 63) : EMPTY;
    });
  }

  private forEachWay(visit: (way: number) => void): void {
    for (let at = 0; at < this.words.length; at += SET_WORDS) {
      for (let way = at; way < at + WAYS; way++) visit(way);
    }
  }
}

/** Low word of the first page of the leaf of this level that covers the page. */
function firstPage(pfnLow: number, level: number): number {
  return pfnLow & (-1 << (9 * level));
}
