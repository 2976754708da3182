// How are addresses and sizes reckoned in pages of 4 KiB, exactly up to 2^64?

/** 4 KiB: the smallest page, and the unit of every page number. */
export const PAGE_BITS = 12n;
export const PAGE = 1n << PAGE_BITS;
const PAGE_MASK = PAGE - 1n;

/** Pages from `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The number of the page that holds an address. Exact: 52 bits fit a double. */
export const pageOf = (address: bigint): number => Number(address >> PAGE_BITS);

/** How many whole pages a size has. */
export const pagesIn = (size: bigint): number => Number(size >> PAGE_BITS);

/** The pages that `size` bytes at `address` touch, whole pages or not. */
export const pagesAt = (address: bigint, size: bigint): Range => ({
  start: pageOf(address),
  end: pageOf(address + size + PAGE_MASK),
});

/** The address of a page. */
export const addressOf = (page: number): bigint => BigInt(page) << PAGE_BITS;

/** Is it a whole number of pages? Of several values: all of them, when they are joined by `|`. */
export const isAligned = (value: bigint): boolean => (value & PAGE_MASK) === 0n;

/** Does `start + size` pass 2^64? To end exactly there is allowed. */
export const wraps = (start: bigint, size: bigint): boolean => start + size > 1n << 64n;

export const overlaps = (a: Range, b: Range): boolean => a.start < b.end && b.start < a.end;

/** `count` pages from `start` on. */
export const span = (start: number, count: number): Range => ({ start, end: start + count });
