// How large is a table for a window, and how are its entries shared out over levels?
import { ENTRY_SHIFT } from './format.js';

export const MOST_LEVELS = 5;
/** Address bits that the levels may split up, with the page offset: fewer than this. */
const SPLIT_BITS = 55;

/** Of a page the least part that a window may have, as a shift: none with two levels is less than half. */
export const leastPart = (levels: number): number =>
  levels === 1 ? -ENTRY_SHIFT : Math.max(-ENTRY_SHIFT, 1 - levels);

export interface Geometry {
  readonly levels: number;
  /** Entries per block of any level, as a shift: all levels have the same size, so the top one may be partly unused. */
  readonly levelShift: number;
  /** Entries of the whole table, as a shift: at least one host page of them. */
  readonly entriesShift: number;
}

/**
 * The geometry of a table for a window of 2^windowShift bytes in pages of 2^pageShift; null where there is none:
 * no levels or more than five, a window of too small a part of a page, or more address bits than the hardware splits.
 * Source: Linux, pnv_pci_ioda2_table_alloc_pages.
 */
export function geometryOf(
  windowShift: number,
  pageShift: number,
  levels: number,
  hostPageShift: number,
): Geometry | null {
  if (!Number.isInteger(levels) || levels < 1 || levels > MOST_LEVELS) return null;
  const wanted = windowShift - pageShift;
  if (wanted < leastPart(levels)) return null;
  const least = hostPageShift - ENTRY_SHIFT;
  const levelShift = Math.max(Math.ceil(wanted / levels), least);
  if (levelShift * levels + pageShift >= SPLIT_BITS) return null;
  return { levels, levelShift, entriesShift: Math.max(wanted, least) };
}

/**
 * Bytes that a table with all its levels would take, and as many again for the mirror of user addresses: what its
 * owner is charged, though levels are made on demand. Source: Linux, pnv_pci_ioda2_get_table_size.
 */
export function chargedBytes(
  windowShift: number,
  pageShift: number,
  levels: number,
  hostPageShift: number,
): number {
  const entries = windowShift - pageShift;
  const block = 2 ** Math.max(Math.ceil(entries / levels) + ENTRY_SHIFT, hostPageShift);
  let level = Math.max(2 ** 12, 2 ** (entries + ENTRY_SHIFT));
  let bytes = 0;
  for (let left = levels; left > 0; left--) {
    bytes += Math.ceil(level / block) * block;
    level = Math.max(Math.floor(level / block) * 2 ** ENTRY_SHIFT, block);
  }
  return 2 * bytes;
}
