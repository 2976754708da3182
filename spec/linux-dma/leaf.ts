// Can a leaf of the page table end where an unmap went further than it was asked?
import type { Range } from '../kit/pages.js';

/**
 * Can one leaf end at `end`, begin inside the asked range [start, asked) and lie within [low, end)? Leaves
 * are naturally aligned powers of two, in the address space and (where known) in physical memory.
 */
export function leafFits(asked: Range, end: number, low: number, physAtLow: number): boolean {
  for (let pages = 2; pages <= end - asked.start; pages *= 2) {
    const first = end - pages;
    if (first < low || first >= asked.end) continue;
    if (first % pages !== 0) continue;
    if (physAtLow >= 0 && (physAtLow + (first - low)) % pages !== 0) continue;
    return true;
  }
  return false;
}
