// Which pages does a line of the trace speak of?

export const PAGE = 4096n;

/** Pages from `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export const pageOf = (address: bigint): number => Number(address >> 12n);

/** Whole pages only: what map and unmap speak of. */
export const aligned = (address: bigint, size: bigint): boolean => ((address | size) & (PAGE - 1n)) === 0n;

/** The range of `size` bytes at `address`, widened to whole pages. */
export function pagesOf(address: bigint, size: bigint): Range {
  return { start: pageOf(address), end: Number((address + size + PAGE - 1n) >> 12n) };
}

/** Past the last page that 64 bits of address reach? */
export const wraps = (address: bigint, size: bigint): boolean => address + size > 1n << 64n;

export const overlaps = (a: Range, b: Range): boolean => a.start < b.end && b.start < a.end;

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
