// What does a table say of one page, and of all of them?

import { FOUND_HIGH, FOUND_LEVEL } from './codes.js';
import type { TableCore } from './core.js';

/** One leaf: its first input page, its first output page, its size as a logarithm, and what it allows. */
export type VisitLeaf = (iova: number, out: number, size: number, prot: number) => void;

/** The walk of generate.ts for all cases, one level after the other. */
export function walkFrom(t: TableCore, iova: number): number {
  const { arena, layout } = t;
  if (iova >= t.capacity) return 0;
  let table = t.root;
  for (let level = t.top; level >= 0; level--) {
    const at = t.entryOf(table, level, iova);
    const low = arena.words[at];
    if ((low & layout.presentLow) === 0) return 0;
    if (layout.isLeaf(low, level)) {
      arena.found[FOUND_HIGH] = arena.words[at + 1];
      arena.found[FOUND_LEVEL] = level;
      return low | 0;
    }
    table = t.tableOf(low);
  }
  return 0;
}

export function visitLeaves(t: TableCore, visit: VisitLeaf): void {
  visitBelow(t, t.root, t.top, 0, visit);
}

function visitBelow(t: TableCore, table: number, level: number, base: number, visit: VisitLeaf): void {
  const { arena, layout } = t;
  const span = layout.span[level];
  const entries = 2 ** (level === layout.most ? layout.rootBits : layout.bits);
  const limit = layout.inputPages;
  for (let slot = 0; slot < entries; ) {
    const low = arena.words[table + 2 * slot];
    let iova = base + slot * span;
    let slots = 1;
    if ((low & layout.presentLow) !== 0) {
      if (!layout.isLeaf(low, level)) visitBelow(t, t.tableOf(low), level - 1, iova, visit);
      else {
        const high = arena.words[table + 2 * slot + 1] | 0;
        const size = layout.sizeOf(low, high, level);
        const out = layout.firstOutput(low, high, level, size, iova);
        // The upper half of signed addresses lies at the end of what a number can hold.
        if (layout.format.signExtended === true && iova >= limit / 2)
          iova += 2 ** (64 - layout.format.pageShift) - limit;
        visit(iova, out, size, layout.protOf(low, high));
        slots = 2 ** (size - layout.shift[level]);
      }
    }
    slot += slots;
  }
}

/** The first page of [iova, end) over which a leaf lies, or -1; for formats without signed addresses. */
export function firstMapped(t: TableCore, iova: number, end: number): number {
  return t.root === 0 ? -1 : mappedBelow(t, t.root, t.top, 0, iova, end);
}

function mappedBelow(
  t: TableCore,
  table: number,
  level: number,
  base: number,
  iova: number,
  end: number,
): number {
  const { arena, layout } = t;
  const span = layout.span[level];
  const entries = 2 ** (level === layout.most ? layout.rootBits : layout.bits);
  for (let slot = Math.floor(Math.max(iova - base, 0) / span); slot < entries; slot++) {
    const at = base + slot * span;
    if (at >= end) return -1;
    const low = arena.words[table + 2 * slot];
    if ((low & layout.presentLow) === 0) continue;
    if (layout.isLeaf(low, level)) return Math.max(at, iova);
    const below = mappedBelow(t, t.tableOf(low), level - 1, at, iova, end);
    if (below >= 0) return below;
  }
  return -1;
}
