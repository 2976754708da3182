// How do mappings lie in a context, and what is left of them when a range is mapped or unmapped?
import { patch } from '../kit/record.js';
import type { Table } from '../kit/table.js';
import type { Mapping } from './state.js';

/** 4 KiB: the smallest page, and the unit of every page number here. */
export const PAGE_BITS = 12n;
const PAGE_MASK = (1n << PAGE_BITS) - 1n;

/** Widths of the second-stage format: IOVAs of 48 bits, output addresses of 52. */
export const IOVA_LIMIT = 1n << 48n;
export const PADDR_LIMIT = 1n << 52n;

export const aligned = (address: bigint): boolean => (address & PAGE_MASK) === 0n;

/** Page number of an address, or number of pages of an aligned size. Exact: 52 bits fit a double. */
export const pagesOf = (bytes: bigint): number => Number(bytes >> PAGE_BITS);

/** Does `start + size` pass 2^64? To end exactly there is allowed. */
export const wraps = (start: bigint, size: bigint): boolean => start + size > 1n << 64n;

/** First occupied page at or after the lowest run that reaches into `[start, end)`, or -1. */
function firstRun(runs: Table<Mapping>, start: number, end: number): number {
  const below = runs.floor(start);
  if (below >= 0 && below + runs.get(below).pages > start) return below;
  const above = runs.ceiling(start);
  return above >= 0 && above < end ? above : -1;
}

/** Is any page of `[start, start + pages)` mapped? */
export const overlaps = (runs: Table<Mapping>, start: number, pages: number): boolean =>
  pages > 0 && firstRun(runs, start, start + pages) >= 0;

/** Does `[start, start + pages)` lie strictly inside one run, so that unmapping it leaves two pieces? */
export function splits(runs: Table<Mapping>, start: number, pages: number): boolean {
  const below = runs.floor(start);
  return pages > 0 && below >= 0 && below < start && start + pages < below + runs.get(below).pages;
}

/** The run that translates page `page`, with that page's own frame, or null. */
export function runAt(runs: Table<Mapping>, page: number): { frame: number; prot: Mapping['prot'] } | null {
  const at = runs.floor(page);
  if (at < 0) return null;
  const run = runs.get(at);
  return page < at + run.pages ? { frame: run.frame + (page - at), prot: run.prot } : null;
}

/** The runs with one more, joined with neighbours that continue it. The range must be free. */
export function mapped(runs: Table<Mapping>, start: number, run: Mapping): Table<Mapping> {
  let from = start;
  let whole = run;
  let left = runs;
  const below = runs.floor(start);
  if (below >= 0) {
    const r = runs.get(below);
    if (below + r.pages === start && r.prot === run.prot && r.frame + r.pages === run.frame) {
      from = below;
      whole = { pages: r.pages + run.pages, frame: r.frame, prot: r.prot };
    }
  }
  const above = start + run.pages;
  if (runs.has(above)) {
    const r = runs.get(above);
    if (r.prot === run.prot && run.frame + run.pages === r.frame) {
      whole = { pages: whole.pages + r.pages, frame: whole.frame, prot: whole.prot };
      left = left.delete(above);
    }
  }
  return left.set(from, whole);
}

/** The runs without `[start, start + pages)`: whole runs go, others are trimmed or split. */
export function unmapped(runs: Table<Mapping>, start: number, pages: number): Table<Mapping> {
  const end = start + pages;
  let left = runs;
  for (let at = firstRun(left, start, end); at >= 0 && pages > 0; at = firstRun(left, start, end)) {
    const run = left.get(at);
    left = at < start ? left.set(at, patch(run, { pages: start - at })) : left.delete(at);
    if (at + run.pages > end) {
      left = left.set(end, { pages: at + run.pages - end, frame: run.frame + (end - at), prot: run.prot });
    }
  }
  return left;
}
