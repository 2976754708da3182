// Which registered region holds a range, who holds the region, and how many entries are in it?
import { selector } from '../kit/selector.js';
import { unitsOf } from './pages.js';
import type { Region, State } from './state.js';

/** Row of the region of an address space that holds all of [ua, ua + pages), -1: none. */
export const regionHolding = selector(
  'regionHolding',
  (s: State, mm: number, ua: number, pages: number): number =>
    s.regions.findIndex(
      r => r.kind === 'registered' && r.mm === mm && r.ua <= ua && ua + pages <= r.ua + r.pages,
    ),
);

/** Row of the region that is exactly this range, -1: none. */
export const regionOf = selector('regionOf', (s: State, mm: number, ua: number, pages: number): number =>
  s.regions.findIndex(r => r.kind === 'registered' && r.mm === mm && r.ua === ua && r.pages === pages),
);

/** How many containers hold a region. */
export const holdersOf = selector('holdersOf', (s: State, region: number): number =>
  s.holds.reduce((n, held) => (held.has(region) ? n + 1 : n), 0),
);

/** Live entries of all tables whose user address lies in a region. */
export const liveIn = selector('liveIn', (s: State, region: number): number => {
  const r = s.regions[region]!;
  return s.tables.reduce(
    (n, t, at) =>
      t.kind === 'container' && t.mm === r.mm
        ? s.entries[at]!.reduce((sum, run) => sum + overlap(r, run.ua, run.count, unitsOf(t.shift)), n)
        : n,
    0,
  );
});

/** How many of `count` pages of `step` units from `ua` on lie in the region. */
function overlap(r: Region, ua: number, count: number, step: number): number {
  if (ua < 0) return 0;
  const from = Math.max(ua, r.ua);
  const to = Math.min(ua + count * step, r.ua + r.pages);
  return to > from ? Math.floor((to - from) / step) : 0;
}

/** A region's `mapped` counter: one, and one for each live entry (and for each use that nobody takes back). */
export const mappedOf = selector(
  'mappedOf',
  (s: State, region: number): number => 1 + liveIn(s, region) + s.regions[region]!.leaked,
);
