// What does a guest's entry mean, may it be written, and where is it written to?

import { pageOf, span } from '../kit/pages.js';
import { patch, patchAt } from '../kit/record.js';
import { without, withRun } from '../kit/runs.js';
import { selector } from '../kit/selector.js';
import { values } from './entries.js';
import { mappedIn, regionObstacle, userPage } from './memory.js';
import { aligned, entryOf, unitsOf } from './pages.js';
import type { PolicyValues } from './policies.js';
import { tablesBehind } from './reference.js';
import { regionHolding } from './region.js';
import type { Run, State } from './state.js';
import { cleared, effective, putAt, swept, within } from './table.js';

const READ = 1n;
const WRITE = 2n;
const BITS = READ | WRITE;

/** What an entry permits: bit 0 reading, bit 1 writing. */
export function protOf(tce: bigint): Run['prot'] {
  if ((tce & BITS) === BITS) return 'rw';
  if ((tce & BITS) === 0n) return 'none';
  return (tce & READ) === 0n ? 'w' : 'r';
}

/** The guest address in an entry. */
const addressIn = (tce: bigint): bigint => tce & ~BITS;

/** The user's page behind an entry, -1: not in guest memory. */
export const userPageOf = (s: State, tce: bigint): number => userPage(s, pageOf(addressIn(tce)));

/** Is [ioba, ioba + count pages) in the window, and ioba a whole page? */
export const inWindow = selector('inWindow', (s: State, w: number, ioba: bigint, count: bigint): boolean => {
  const { shift, size } = s.windows[w]!;
  return aligned(ioba, shift) && BigInt(indexOf(s, w, ioba)) + count <= BigInt(size);
});

/** Index of the page of a bus address, never negative: a window that passes 2^64 goes on at 0. */
export const indexOf = (s: State, w: number, ioba: bigint): number => {
  const { shift, offset } = s.windows[w]!;
  const index = entryOf(ioba, shift) - offset;
  return index < 0 ? index + 2 ** (64 - shift) : index;
};

/** How many hardware entries one entry of the window is, in a table. */
const partsOf = (s: State, w: number, t: number): number =>
  unitsOf(s.windows[w]!.shift) / unitsOf(s.tables[t]!.shift);

/**
 * May the entry be written: one without permission always; else its address is a page of the window, in guest memory,
 * and every hardware page that it stands for is in registered memory.
 */
export const writable = selector('writable', (s: State, w: number, tce: bigint): boolean => {
  if (protOf(tce) === 'none') return true;
  const ua = userPageOf(s, tce);
  if (ua < 0 || !aligned(addressIn(tce), s.windows[w]!.shift)) return false;
  const mm = s.platform.guestMm;
  return tablesBehind(s, w).every(t => {
    const { shift } = s.tables[t]!;
    return regionObstacle(s, mm, ua, partsOf(s, w, t), shift).why === 'none';
  });
});

/**
 * Where an entry of a list that permits nothing is mapped like any other (a policy): is registered memory behind it? One
 * whose address is no guest memory is another matter.
 */
const countable = selector('countable', (s: State, w: number, tce: bigint): boolean => {
  const ua = userPageOf(s, tce);
  const mm = s.platform.guestMm;
  return (
    protOf(tce) !== 'none' ||
    ua < 0 ||
    tablesBehind(s, w).every(t => {
      const { shift } = s.tables[t]!;
      return regionObstacle(s, mm, ua, partsOf(s, w, t), shift).why === 'none';
    })
  );
});

/** May an entry of a list be written? */
export const listable = (s: State, w: number, tce: bigint, p: PolicyValues): boolean =>
  writable(s, w, tce) && (p['indirect-no-permission'] === 'clears' || countable(s, w, tce));

/** The guest's own table with a value in `count` entries. */
export function noted(s: State, w: number, index: number, count: number, tce: bigint): State {
  const old = s.shadow[w]!;
  const now =
    tce === 0n ? without(old, span(index, count), values) : withRun(old, index, { count, tce }, values);
  return now === old ? s : patch(s, { shadow: putAt(s.shadow, w, now) });
}

/** Hardware entries of a range of the window cleared, in every linked table. */
export const clearedBehind = (s: State, w: number, index: number, count: number, p: PolicyValues): State =>
  tablesBehind(s, w).reduce((now, t) => {
    const parts = partsOf(s, w, t);
    return cleared(now, t, index * parts, count * parts, p);
  }, s);

/** One entry, in every linked table and in the guest's own. */
export function stored(s: State, w: number, index: number, tce: bigint, p: PolicyValues): State {
  const prot = protOf(tce);
  if (prot === 'none') return noted(clearedBehind(s, w, index, 1, p), w, index, 1, tce);
  const ua = userPageOf(s, tce);
  const mm = s.platform.guestMm;
  const behind = tablesBehind(s, w).reduce((now, t) => {
    const count = partsOf(s, w, t);
    const { shift } = s.tables[t]!;
    return mappedIn(now, t, index * count, { mm, ua, count, shift }, effective(s, prot), true, within(p));
  }, s);
  return noted(swept(behind, p), w, index, 1, tce);
}

/** An entry of a list: under one policy, one without permission counts as a use that no call takes back. */
export function storedFromList(s: State, w: number, index: number, tce: bigint, p: PolicyValues): State {
  const plain = stored(s, w, index, tce, p);
  if (p['indirect-no-permission'] === 'clears' || protOf(tce) !== 'none') return plain;
  const first = userPageOf(s, tce);
  return tablesBehind(s, w).reduce((now, t) => {
    const step = unitsOf(s.tables[t]!.shift);
    const pages = Array.from({ length: first < 0 ? 0 : partsOf(s, w, t) }, (_, i) => first + i * step);
    return pages.reduce((counted, ua) => {
      const region = regionHolding(counted, s.platform.guestMm, ua, step);
      const leaked = counted.regions[region]!.leaked + 1;
      return patch(counted, { regions: patchAt(counted.regions, region, { leaked }) });
    }, now);
  }, plain);
}
