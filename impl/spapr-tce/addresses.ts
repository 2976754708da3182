// How are 64-bit addresses cut so that doubles and 32-bit words hold them exactly?

// An address is a page number (of 4 KiB, below 2^52: exact in a double, and so is the sum of two) and 12 low bits.
// A TCE is a high and a low word of 32 bits.

const PAGE_BITS = 12n;
const LOW_BITS = 0xfffn;
const LOW_WORD = 0xffff_ffffn;
/** Pages in 2^64 bytes. */
export const ADDRESS_PAGES = 2 ** 52;
const FRAMES_PER_HIGH = 2 ** 20;

export const pageOf = (address: bigint): number => Number(address >> PAGE_BITS);
export const offsetOf = (address: bigint): number => Number(address & LOW_BITS);
export const bytesOf = (page: number, offset = 0): bigint => (BigInt(page) << PAGE_BITS) | BigInt(offset);

export const highOf = (word: bigint): number => Number(word >> 32n) | 0;
export const lowOf = (word: bigint): number => Number(word & LOW_WORD) | 0;
export const wordOf = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

/** Page number of a TCE's address. */
export const frameOf = (hi: number, lo: number): number => (hi >>> 0) * FRAMES_PER_HIGH + (lo >>> 12);
export const frameHigh = (frame: number): number => Math.floor(frame / FRAMES_PER_HIGH) | 0;
export const frameLow = (frame: number): number => ((frame % FRAMES_PER_HIGH) << 12) | 0;

/** Pages of 4 KiB in a page of 2^shift. */
export const pagesIn = (shift: number): number => 2 ** (shift - 12);

/** Is an address, or a size, whole pages of 2^shift? */
export const isWhole = (value: bigint, shift: number): boolean =>
  (value & ((1n << BigInt(shift)) - 1n)) === 0n;
