// How are bus addresses, sizes and page shifts reckoned with, exactly up to 2^64?
import { PAGE_BITS } from '../kit/pages.js';

/** How many pages of 4 KiB a page of 2^shift is: shift is at least 12. A power of two, so products stay exact. */
export const unitsOf = (shift: number): number => 2 ** (shift - Number(PAGE_BITS));

/** Is the value a whole number of pages of 2^shift? */
export const aligned = (value: bigint, shift: number): boolean =>
  (value & ((1n << BigInt(shift)) - 1n)) === 0n;

/** The number of the page of 2^shift that holds an address: at most 52 bits, exact. */
export const entryOf = (address: bigint, shift: number): number => Number(address >> BigInt(shift));

/** Where the second window of a PE starts: bit 59 of the bus address selects it. */
export const HIGH_START = 1n << 59n;

/** The end of all addresses. */
export const END = 1n << 64n;

/** The exponent of a power of two, -1 of anything else. */
export function logOf(size: bigint): number {
  if (size <= 0n || (size & (size - 1n)) !== 0n) return -1;
  return size.toString(2).length - 1;
}

/** The exponent of the largest power of two that divides every value; 64 of zeros. */
export function commonShift(...values: readonly bigint[]): number {
  let shift = 0;
  const all = values.reduce((bits, v) => bits | v, 0n);
  while (shift < 64 && ((all >> BigInt(shift)) & 1n) === 0n) shift++;
  return shift;
}

/** The number of a window that RTAS makes: of guest bridge `bridge`, in slot 0 or 1. */
export const liobnOf = (bridge: number, slot: number): bigint =>
  0x8000_0000n | (BigInt(bridge) << 8n) | BigInt(slot);

/** Shift of the bytes of one level: all levels of a table have one size, at least a page of the host. */
const levelShift = (entriesLog: number, levels: number, pageShift: number): number =>
  Math.max(Math.ceil(entriesLog / levels) + 3, pageShift);

/** Can a table of 2^entriesLog entries of pages of 2^shift have that many levels? */
export const indexFits = (entriesLog: number, shift: number, levels: number, pageShift: number): boolean =>
  (levelShift(entriesLog, levels, pageShift) - 3) * levels + shift < 55;

/** What a table of 2^entriesLog entries costs, in pages of the host. */
export function tablePages(platform: string, entriesLog: number, levels: number, pageShift: number): number {
  const host = 2 ** pageShift;
  const leaf = 8 * 2 ** entriesLog;
  if (platform === 'pseries') return Math.floor(leaf / host);
  const level = 2 ** levelShift(entriesLog, levels, pageShift);
  let bytes = 0;
  let size = Math.max(4096, leaf);
  for (let i = 0; i < levels; i++) {
    bytes += Math.ceil(size / level) * level;
    size = Math.max(Math.floor(size / level) * 8, level);
  }
  return Math.floor((2 * bytes) / host);
}
