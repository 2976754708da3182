// What stands in the tables, and where does a walk of them lead?
import { addressOf } from '../kit/pages.js';
import type { Entry, Prot, State } from './state.js';

/** The entries of a table with their positions: those that are there, or all. */
export function entriesOf(s: State, table: number, all: boolean): readonly (readonly [number, Entry])[] {
  const count = 2 ** s.iommu.bits;
  const base = table * count;
  if (all) return Array.from({ length: count }, (_, i) => [i, s.memory.get(base + i)] as const);
  const found: (readonly [number, Entry])[] = [];
  for (let at = s.memory.ceiling(base); at >= 0 && at < base + count; at = s.memory.ceiling(at + 1))
    found.push([at - base, s.memory.get(at)]);
  return found;
}

/** What a request is answered with: a page of memory and the rights to it, or nothing. */
export type Answer =
  | { readonly is: 'fault' }
  | { readonly is: 'page'; readonly page: number; readonly prot: Prot };

export const FAULT: Answer = { is: 'fault' };

/** How many bits of a page's number the levels above `level` decode. */
export const reachOf = (s: State, level: number): number => s.iommu.bits * level;

/** From a table of a level on, through memory as it is now. */
export function walked(s: State, table: number, level: number, page: number): Answer {
  const below = reachOf(s, level - 1);
  const index = Math.floor(page / 2 ** below) % 2 ** s.iommu.bits;
  const entry = s.memory.get(table * 2 ** s.iommu.bits + index);
  if (entry.is === 'leaf') return pageOf(entry.to, page, below, entry.prot as Prot);
  return entry.is === 'table' && level > 1 ? walked(s, entry.to, level - 1, page) : FAULT;
}

/** The page within a leaf. */
export const pageOf = (to: number, page: number, order: number, prot: Prot): Answer => ({
  is: 'page',
  page: to + (page % 2 ** order),
  prot,
});

/** Does no table lead to this page? */
export const isOutside = (s: State, page: number): boolean => page >= 2 ** reachOf(s, s.iommu.levels);

/** The answer in bytes: where in memory the address leads. */
export const bytes = (page: number, iova: bigint): bigint => addressOf(page) | (iova & 0xfffn);
