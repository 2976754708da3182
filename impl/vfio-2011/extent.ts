// What does a page table say about a whole range, without a list beside it?
import { IOVA_PAGES } from '../iotlb/translator.js';
import { FOUND_PROT, FOUND_SIZE } from '../paging/codes.js';
import type { PageTable } from '../paging/table.js';
import { firstMapped } from '../paging/walks.js';

/** Is any page of [start, start + pages) mapped? The numbers may lie beyond the width of the table. */
export function anyMapped(table: PageTable, start: number, pages: number): boolean {
  const end = Math.min(start + pages, IOVA_PAGES);
  return start < end && firstMapped(table, start, end) >= 0;
}

/**
 * Does one mapping reach over both ends of [start, start + pages), with the range as its middle? A mapping
 * is a run of pages that continue each other, whatever leaves it is made of.
 */
export function isMiddle(table: PageTable, start: number, pages: number): boolean {
  const { found } = table.arena;
  const end = start + pages;
  if (pages <= 0 || start === 0 || end >= IOVA_PAGES) return false;
  const before = table.walk(start - 1);
  const prot = found[FOUND_PROT];
  if (before < 0 || table.walk(end) !== before + pages + 1 || found[FOUND_PROT] !== prot) return false;
  for (let at = start; at < end; ) {
    if (table.walk(at) !== before + 1 + (at - start) || found[FOUND_PROT] !== prot) return false;
    const span = 2 ** found[FOUND_SIZE];
    at = (Math.floor(at / span) + 1) * span;
  }
  return true;
}
