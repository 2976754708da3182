// What does a device's access translate to, when tables change and caches are told of it only later?

import { FOUND_PROT, OUT_HIGH, OUT_LOW } from '../paging/codes.js';
import type { PageTable } from '../paging/table.js';
import { resolveCached } from './structure-walk.js';
import { TaggedCache, type TaggedCacheSize } from './tagged.js';
import { translateText } from './unit-code.js';

export interface UnitSize extends TaggedCacheSize {
  /** Sets of the cache of tables above the leaves; none if left out. */
  readonly structureSets?: number;
}

/** What `translate` answers where it translates nothing: the access is not allowed, nothing is mapped, no such domain. */
export const NOT_ALLOWED = -1;
export const NOT_THERE = -2;
export const NO_SPACE = -3;

const WORD = 2 ** 32;

/**
 * The hardware side: page tables behind an IOTLB, and a cache of upper table entries. It believes what it has cached until
 * it is told otherwise. What is not mapped is never cached.
 */
export class TranslationUnit {
  readonly tlb: TaggedCache;
  /** Which table is below a prefix of a page number; `null`: every walk begins at the root. */
  readonly structures: TaggedCache | null;
  protected readonly tables: (PageTable | null)[];

  constructor(size: UnitSize) {
    this.tlb = new TaggedCache(size);
    this.structures =
      size.structureSets === undefined ? null : new TaggedCache({ ...size, sets: size.structureSets });
    this.tables = new Array<PageTable | null>(size.domains + (size.pasids ?? 0)).fill(null);
  }

  /** The table that translates for a space from now on. What was cached for the space stays cached. */
  attach(space: number, table: PageTable | null): void {
    this.tables[space] = table;
  }

  /** The space of a PASID in a domain, the same for both caches; -1: there are too many. */
  spaceOf(domain: number, pasid: number): number {
    this.structures?.spaceOf(domain, pasid);
    return this.tlb.spaceOf(domain, pasid);
  }

  /** A PASID's space may be given out again; what was cached under it is old from now on. */
  forget(domain: number, pasid: number): void {
    this.structures?.spaces.forget(domain, pasid);
    this.tlb.spaces.forget(domain, pasid);
  }

  /**
   * Index of the entry of `tlb` that translates an access (1 read, 2 write, 3 both) to a page, given in two words; or
   * NOT_ALLOWED, NOT_THERE, NO_SPACE. The access is checked on a hit as it is on a walk.
   */
  translate(space: number, high: number, low: number, access: number): number {
    return this.translateAway(space, high, low, access);
  }

  /** The output page of an access, as a number, or what `translate` answers instead. */
  output(space: number, page: number, access: number): number {
    const way = this.translate(space, Math.floor(page / WORD), page | 0, access);
    if (way < 0) return way;
    const { tlb } = this;
    return tlb.outHigh(way) * WORD + (tlb.outLow(way) >>> 0) + (page % 2 ** tlb.size(way));
  }

  /** Forgets the leaves of a space that touch the range; and, unless only leaves changed, its upper entries. */
  invalidate(space: number, first: number, pages: number, leavesOnly: boolean): void {
    this.tlb.invalidate(space, first, pages);
    if (!leavesOnly) this.structures?.invalidateSpace(space);
  }

  invalidateSpace(space: number): void {
    this.tlb.invalidateSpace(space);
    this.structures?.invalidateSpace(space);
  }

  invalidateDomain(domain: number): void {
    this.tlb.invalidateDomain(domain);
    this.structures?.invalidateDomain(domain);
  }

  flush(): void {
    this.tlb.flush();
    this.structures?.flush();
  }

  /** Not a leaf of one page that is cached: a larger one, or a walk. */
  protected translateAway(space: number, high: number, low: number, access: number): number {
    const { tlb } = this;
    const cached = tlb.lookup(space, high, low);
    const way = cached >= 0 ? cached : this.fillFrom(space, high, low);
    if (way < 0) return way;
    return (access & ~tlb.access(way)) !== 0 || access === 0 ? NOT_ALLOWED : way;
  }

  private fillFrom(space: number, high: number, low: number): number {
    const table = this.tables[space];
    if (table === null || table === undefined) return NO_SPACE;
    const size =
      this.structures === null
        ? table.resolveWords(high, low)
        : resolveCached(table, this.structures, space, high, low);
    if (size < 0) return NOT_THERE;
    const { found } = table.arena;
    return this.tlb.fill(space, high, low, size, found[OUT_HIGH], found[OUT_LOW], found[FOUND_PROT]);
  }
}

/** A unit whose accesses to single pages are translated by code with its sizes and arrays as constants. */
export function newUnit(size: UnitSize, Base: typeof TranslationUnit = TranslationUnit): TranslationUnit {
  const unit = new Base(size);
  const factory = new Function('Base', 'tlb', translateText(unit.tlb, unit.structures === null));
  const Fast = factory(Base, unit.tlb) as typeof TranslationUnit;
  Object.setPrototypeOf(unit, Fast.prototype);
  return unit;
}
