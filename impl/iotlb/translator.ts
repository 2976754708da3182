// What does a device access translate to, and when may the answer be an old one? (Never.)

import type { PageArena } from '../radix/arena.js';
import * as format from '../radix/format.js';
import { RadixTable } from '../radix/table.js';
import { Iotlb } from './iotlb.js';

export interface TranslatorParts {
  readonly arena: PageArena;
  /** Domain ids are 0 to domains - 1. */
  readonly domains: number;
  /** Sets of the IOTLB, a power of two. */
  readonly sets: number;
  /** Other classes for its parts than their own: how a defect is seeded. */
  readonly parts?: { readonly table?: typeof RadixTable; readonly tlb?: typeof Iotlb };
}

/** What `translate` answers for a blocked access. */
export const FAULT = -1;
/** No such domain id, or its state does not fit: already there on `create`, not there otherwise. */
export const NO_DOMAIN = -6;

// Names of this module itself: see table.ts.
const LEVEL_SLOT = 1;
const HIGH_SLOT = 2;
const ACCESS = 3;
const WORD = 2 ** 32;
const PER_WORD = 2 ** -32;
const HIGH_FRAMES = 2 ** 20; // frames under one high word of an entry
const BLOCKED = -1; // FAULT

/**
 * Page tables of many domains behind one IOTLB. The contract of unmap is strict: when it returns, no translation of the
 * range is left in the IOTLB. `table` gives the tables out for reading; whoever changes them past the translator has to
 * invalidate too.
 */
export class Translator {
  readonly arena: PageArena;
  readonly tlb: Iotlb;
  private readonly tables: (RadixTable | undefined)[];
  private readonly tableClass: typeof RadixTable;

  constructor({ arena, domains, sets, parts = {} }: TranslatorParts) {
    this.arena = arena;
    this.tlb = new (parts.tlb ?? Iotlb)({ sets, domains });
    this.tableClass = parts.table ?? RadixTable;
    this.tables = new Array<RadixTable | undefined>(domains).fill(undefined);
  }

  /** Gives a domain an empty page table: 0, NO_MEMORY or NO_DOMAIN. */
  create(domain: number): number {
    if (!(domain in this.tables) || this.tables[domain] !== undefined) return NO_DOMAIN;
    const table = this.tableClass.create(this.arena);
    if (typeof table === 'number') return table;
    this.tables[domain] = table;
    return format.DONE;
  }

  /** Takes the page table away, and with it all that is cached, so that the id may be used again: 0 or NO_DOMAIN. */
  destroy(domain: number): number {
    const table = this.tables[domain];
    if (table === undefined) return NO_DOMAIN;
    this.tables[domain] = undefined;
    this.tlb.invalidateDomain(domain);
    table.destroy();
    return format.DONE;
  }

  table(domain: number): RadixTable | undefined {
    return this.tables[domain];
  }

  /** As `RadixTable.map`. Nothing has to be invalidated: what is not mapped is never cached. */
  map(domain: number, iovaPfn: number, pfn: number, pages: number, prot: number): number {
    const table = this.tables[domain];
    return table === undefined ? NO_DOMAIN : table.map(iovaPfn, pfn, pages, prot);
  }

  /** As `RadixTable.unmap`; what was removed is gone from the IOTLB before this returns. */
  unmap(domain: number, iovaPfn: number, pages: number): number {
    const table = this.tables[domain];
    if (table === undefined) return NO_DOMAIN;
    const removed = table.unmap(iovaPfn, pages);
    if (removed > 0) this.tlb.invalidate(domain, iovaPfn, pages);
    return removed;
  }

  /**
   * Output frame for an access (1 read, 2 write, 3 both) to a page, or FAULT (-1): no domain, nothing mapped, or not all
   * of the access allowed. The access is checked on a hit as it is on a walk.
   */
  translate(domain: number, iovaPfn: number, access: number): number {
    const high = (iovaPfn * PER_WORD) | 0;
    const low = iovaPfn | 0;
    if ((high & 15) * WORD + (low >>> 0) !== iovaPfn) return BLOCKED;
    // A domain that is not there has nothing cached (see `destroy`), so only the miss has to look whether it is there.
    const tlb = this.tlb;
    const hit = tlb.find(domain, high, low);
    if (hit < 0) return this.translateLarge(domain, high, low, access);
    const entry = tlb.low(hit);
    if ((access & ~(entry & ACCESS)) !== 0 || access === 0) return BLOCKED;
    return tlb.high(hit) * HIGH_FRAMES + (entry >>> 12);
  }

  private translateLarge(domain: number, high: number, low: number, access: number): number {
    const tlb = this.tlb;
    const hit = tlb.findLarge(domain, high, low);
    if (hit >= 0) return outputFrame(tlb.high(hit), tlb.low(hit), tlb.level(hit), low, access);
    return this.translateByWalk(domain, high, low, access);
  }

  private translateByWalk(domain: number, high: number, low: number, access: number): number {
    const table = this.tables[domain];
    const entry = table === undefined ? 0 : table.walkEntry(high, low);
    if (entry === 0) return FAULT;
    const found = this.arena.found;
    const entryHigh = found[HIGH_SLOT];
    const level = found[LEVEL_SLOT];
    this.tlb.fill(domain, high, low, entryHigh, entry, level);
    return outputFrame(entryHigh, entry, level, low, access);
  }
}

/** Frame of one page under a leaf, if the leaf allows all of the access. */
function outputFrame(
  entryHigh: number,
  entryLow: number,
  level: number,
  pfnLow: number,
  access: number,
): number {
  if ((access & ~(entryLow & ACCESS)) !== 0 || access === 0) return FAULT;
  const offset = pfnLow & ~(-1 << (9 * level));
  return entryHigh * 2 ** 20 + (entryLow >>> 12) + offset;
}
