// Which memory is behind a user's pages, may a table map it, and how is it written?
import { selector } from '../kit/selector.js';
import { unitsOf } from './pages.js';
import type { PolicyValues } from './policies.js';
import { regionHolding } from './region.js';
import type { Run, State } from './state.js';
import { swept, within, written } from './table.js';

/** The run of memory that holds a page of an address space, -1: none. */
export const memoryHolding = selector('memoryHolding', (s: State, mm: number, ua: number): number =>
  s.memory.findIndex(m => m.mm === mm && m.ua <= ua && ua < m.ua + m.pages),
);

/** The user's page behind a guest page, -1: not in a memory slot. */
export const userPage = selector('userPage', (s: State, gpa: number): number => {
  const slot = s.slots.find(x => x.gpa <= gpa && gpa < x.gpa + x.pages);
  return slot === undefined ? -1 : slot.ua + (gpa - slot.gpa);
});

/** A piece of memory that is contiguous for the user and for the machine. */
interface Piece {
  readonly pages: number;
  readonly frame: number;
}

/** What is behind [ua, ua + pages) of an address space, up to the first page that is no memory. */
function piecesOf(s: State, mm: number, ua: number, pages: number): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = ua; at < ua + pages; ) {
    const row = memoryHolding(s, mm, at);
    if (row < 0) break;
    const m = s.memory[row]!;
    const end = Math.min(ua + pages, m.ua + m.pages);
    pieces.push({ pages: end - at, frame: m.pa + (at - m.ua) });
    at = end;
  }
  return pieces;
}

/** Memory that a table is to map: an address space, its first page, and how many entries of 2^shift. */
export interface Source {
  readonly mm: number;
  readonly ua: number;
  readonly count: number;
  readonly shift: number;
}

/** Why a page cannot be mapped, and how many before it can. */
export interface Obstacle {
  readonly why: 'none' | 'not-memory' | 'not-registered' | 'page-too-large';
  readonly before: number;
}

/** Version 1 pins page by page: each must be memory. Its window has pages of 4 KiB, which any memory can back. */
export const pinObstacle = selector(
  'pinObstacle',
  (s: State, mm: number, ua: number, count: number, shift: number): Obstacle => {
    const step = unitsOf(shift);
    for (let before = 0; before < count; ) {
      const at = ua + before * step;
      const row = memoryHolding(s, mm, at);
      if (row < 0) return { why: 'not-memory', before };
      const m = s.memory[row]!;
      before += (m.ua + m.pages - at) / step;
    }
    return { why: 'none', before: count };
  },
);

/** Version 2 and KVM map registered memory only: each page wholly in one region, and none larger than the region's. */
export const regionObstacle = selector(
  'regionObstacle',
  (s: State, mm: number, ua: number, count: number, shift: number): Obstacle => {
    const step = unitsOf(shift);
    for (let before = 0; before < count; ) {
      const at = ua + before * step;
      const row = regionHolding(s, mm, at, step);
      if (row < 0) return { why: 'not-registered', before };
      const r = s.regions[row]!;
      if (r.shift < shift) return { why: 'page-too-large', before };
      before += Math.floor((r.ua + r.pages - at) / step);
    }
    return { why: 'none', before: count };
  },
);

/** The pages written into a table, over whatever was there. There must be no obstacle. */
export function mappedIn(
  s: State,
  t: number,
  index: number,
  source: Source,
  prot: Run['prot'],
  mirror: boolean,
  p: PolicyValues,
): State {
  const step = unitsOf(source.shift);
  let state = s;
  let done = 0;
  for (const piece of piecesOf(s, source.mm, source.ua, source.count * step)) {
    const count = piece.pages / step;
    const ua = mirror ? source.ua + done * step : -1;
    state = written(state, t, index + done, { count, frame: piece.frame, prot, ua }, within(p));
    done += count;
  }
  return swept(state, p);
}
