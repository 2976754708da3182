// How are addresses and sizes counted in pages?

/** 4 KiB: the page of the host, and the smallest that user space sees of any IOMMU. */
const PAGE_BITS = 12n;
const MASK = (1n << PAGE_BITS) - 1n;
const SPACE = 1n << 64n;

/** The last page of IOVA that there can be. */
export const LAST_PAGE = 2 ** 52 - 1;

export const aligned = (address: bigint): boolean => (address & MASK) === 0n;

/** Page number of an address, or number of pages of an aligned size. Exact: 52 bits fit a double. */
export const pagesOf = (bytes: bigint): number => Number(bytes >> PAGE_BITS);

export const bytesOf = (pages: number): bigint => BigInt(pages) << PAGE_BITS;

/** Where in its page an address lies. */
export const offsetOf = (address: bigint): bigint => address & MASK;

/** Does the last byte of the range lie past 2^64? */
export const wraps = (start: bigint, size: bigint): boolean => size > 0n && start + size > SPACE;
