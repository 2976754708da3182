// What does a device access translate to, and when may the answer be an old one? (Never.)

import type { TableArena } from '../paging/arena.js';
import { DONE, type NO_MEMORY } from '../paging/codes.js';
import { vtdSecondStage } from '../paging/formats.js';
import { Layout } from '../paging/layout.js';
import { pruneAt } from '../paging/prune.js';
import { newPageTable } from '../paging/specialise.js';
import type { PageTable } from '../paging/table.js';
import { firstMapped } from '../paging/walks.js';
import type { TaggedCache } from './tagged.js';
import { newUnit, type TranslationUnit } from './unit.js';

export interface TranslatorParts {
  readonly arena: TableArena;
  /** Domain ids are 0 to domains - 1. */
  readonly domains: number;
  /** Sets of the IOTLB, a power of two. */
  readonly sets: number;
}

/** What `translate` answers for a blocked access. */
export const FAULT = -1;
/** No such domain id, or its state does not fit: already there on `create`, not there otherwise. */
export const NO_DOMAIN = -6;

/** Pages of 48 bits of input address, and of 52 bits of output. */
export const IOVA_PAGES = 2 ** 36;
export const OUTPUT_PAGES = 2 ** 40;

/** Second-stage tables of VT-d, in which an unmap takes exactly what it is asked for. */
const LAYOUT = new Layout(vtdSecondStage(3), { inside: 'split' });

/**
 * Page tables of many domains behind one IOTLB. The contract of unmap is strict: when it returns, no translation of the
 * range is left in the IOTLB, and tables without an entry are free. It passes over holes. `table` gives the tables out for reading;
 * whoever changes them past the translator has to invalidate too.
 */
export class Translator {
  readonly arena: TableArena;
  readonly tlb: TaggedCache;
  private readonly unit: TranslationUnit;
  private readonly tables: (PageTable | undefined)[];

  constructor({ arena, domains, sets }: TranslatorParts) {
    this.arena = arena;
    this.unit = newUnit({ sets, domains });
    this.tlb = this.unit.tlb;
    this.tables = new Array<PageTable | undefined>(domains).fill(undefined);
  }

  /** Gives a domain an empty page table: 0, NO_MEMORY or NO_DOMAIN. */
  create(domain: number): 0 | typeof NO_MEMORY | typeof NO_DOMAIN {
    if (!(domain in this.tables) || this.tables[domain] !== undefined) return NO_DOMAIN;
    const table = newPageTable(this.arena, LAYOUT);
    if (typeof table === 'number') return table;
    this.tables[domain] = table;
    this.unit.attach(domain, table);
    return DONE;
  }

  /** Takes the page table away, and with it all that is cached, so that the id may be used again: 0 or NO_DOMAIN. */
  destroy(domain: number): number {
    const table = this.tables[domain];
    if (table === undefined) return NO_DOMAIN;
    this.tables[domain] = undefined;
    this.unit.attach(domain, null);
    this.unit.invalidateDomain(domain);
    table.destroy();
    this.arena.release();
    return DONE;
  }

  table(domain: number): PageTable | undefined {
    return this.tables[domain];
  }

  /** As `PageTable.map`. What is not mapped is never cached, nor is an empty table that gave way to a leaf. */
  map(domain: number, iova: number, out: number, pages: number, prot: number): number {
    const table = this.tables[domain];
    if (table === undefined) return NO_DOMAIN;
    const code = table.map(iova, out, pages, prot);
    if (this.arena.waitingPages > 0) this.arena.release();
    return code;
  }

  /**
   * Removes exactly what is mapped in the range, and answers how many pages that were. NO_MEMORY where a leaf cannot be split, RANGE,
   * INVALID: nothing was removed.
   */
  unmap(domain: number, iova: number, pages: number): number {
    const table = this.tables[domain];
    if (table === undefined) return NO_DOMAIN;
    const wrong = table.wrongRange(iova, pages);
    if (wrong !== DONE) return wrong;
    const end = iova + pages;
    let removed = 0;
    for (let at = firstMapped(table, iova, end); at >= 0; at = firstMapped(table, at, end)) {
      // The first one splits at both ends, so only it can fail.
      const some = table.unmap(at, end - at);
      if (some <= 0) return some;
      pruneAt(table, at);
      pruneAt(table, at + some - 1);
      removed += some;
      at += some;
    }
    if (removed > 0) this.unit.invalidate(domain, iova, pages, false);
    this.arena.release();
    return removed;
  }

  /**
   * Output page for an access (1 read, 2 write, 3 both) to a page, or FAULT (-1): no domain, nothing mapped, or not all
   * of the access allowed. The access is checked on a hit as it is on a walk.
   */
  translate(domain: number, page: number, access: number): number {
    if (this.tables[domain] === undefined || !Number.isInteger(page) || page < 0 || page >= IOVA_PAGES)
      return FAULT;
    return Math.max(this.unit.output(domain, page, access), FAULT);
  }
}
