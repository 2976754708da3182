// Which memory can be pinned, and who is charged for how much?
import { hasDomain } from './holding.js';
import { pinnedIn } from './mappings.js';
import type { Dma, Memory, State } from './state.js';

/** The memory behind one page of an address space, if there is any. */
const memoryAt = (s: State, mm: number, page: number): Memory | undefined =>
  s.memory.find(m => m.mm === mm && page >= m.start && page < m.start + m.pages);

/** Can the page be read, or written where `write` asks for it? */
export function reachable(s: State, mm: number, page: number, write: boolean): boolean {
  const m = memoryAt(s, mm, page);
  return m !== undefined && (m.writable || !write);
}

/** Is a page behind it that can be counted, and not a device? */
export const isOrdinary = (s: State, mm: number, page: number): boolean =>
  memoryAt(s, mm, page)?.device === false;

/** What stands in the way of pinning a range: in the order of its pages, memory before the account. */
export interface Pinning {
  readonly why: 'none' | 'not-there' | 'over-limit';
  /** Pages that are charged if nothing does. */
  readonly charge: number;
}

/**
 * Pins `pages` pages at `vaddr` of `mm` with `room` pages left on the account. Runs of memory are passed over whole,
 * so it costs by the number of runs, not of pages. `counted`: pages that are on the account already.
 */
export function pinning(
  s: State,
  mm: number,
  range: { readonly vaddr: number; readonly pages: number; readonly write: boolean },
  room: number,
  counted: readonly number[],
): Pinning {
  let charge = 0;
  for (let page = range.vaddr; page < range.vaddr + range.pages; ) {
    const m = memoryAt(s, mm, page);
    if (m === undefined || (range.write && !m.writable)) return { why: 'not-there', charge };
    const end = Math.min(m.start + m.pages, range.vaddr + range.pages);
    const already = counted.filter(at => at >= page && at < end).length;
    if (!m.device) charge += end - page - already;
    if (charge > room) return { why: 'over-limit', charge };
    page = end;
  }
  return { why: 'none', charge };
}

/** What one mapping costs its owner: what was pinned for domains, or the pages that emulated devices have pinned. */
export const costOf = (s: State, c: number, at: number, d: Dma): number =>
  hasDomain(s, c) ? d.charged : pinnedIn(s, c, at, at + d.pages - 1).length;

/** Pages that an address space has locked for VFIO. */
export const lockedBy = (s: State, mm: number): number =>
  s.maps.reduce(
    (sum, runs, c) => runs.reduce((n, d, at) => (d.mm === mm ? n + costOf(s, c, at, d) : n), sum),
    0,
  );

/** Pages that it may still lock. */
export const roomOf = (s: State, mm: number): number => {
  const { lockLimit } = s.mms[mm]!;
  return lockLimit < 0 ? Number.POSITIVE_INFINITY : lockLimit - lockedBy(s, mm);
};
