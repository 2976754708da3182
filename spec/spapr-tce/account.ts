// How many pages are charged to an address space?
import { selector } from '../kit/selector.js';
import { tablePages, unitsOf } from './pages.js';
import type { State } from './state.js';

/** Pages of the host in a number of 4 KiB pages. */
export const hostPages = (s: State, pages: number): number =>
  Math.floor(pages / unitsOf(s.platform.pageShift));

/** What a table costs its container, in pages of the host. */
export const chargeOf = selector('chargeOf', (s: State, t: number): number => {
  if (t < 0) return 0;
  const { size, levels } = s.tables[t]!;
  return tablePages(s.platform.name, Math.log2(size), levels, s.platform.pageShift);
});

/** Pages of the host that are charged to an address space. */
export const lockedBy = selector(
  'lockedBy',
  (s: State, mm: number): number =>
    s.containers.reduce(
      (n, c) =>
        c.kind === 'open' && c.mm === mm ? n + c.locked + chargeOf(s, c.window0) + chargeOf(s, c.window1) : n,
      0,
    ) +
    s.regions.reduce((n, r) => (r.kind === 'registered' && r.mm === mm ? n + hostPages(s, r.pages) : n), 0),
);

/** Would so many pages more pass the limit of the address space? */
export const overLimit = (s: State, mm: number, more: number): boolean => {
  const limit = s.mms[mm]!.lockLimit;
  return more > 0 && limit >= 0 && lockedBy(s, mm) + more > limit;
};
