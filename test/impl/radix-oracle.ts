// What should a page table say, computed in the plainest way there is?

import assert from 'node:assert/strict';
import type { PageArena } from '../../impl/radix/arena.js';
import { RadixTable } from '../../impl/radix/table.js';

export interface Leaf {
  readonly iova: number;
  readonly pfn: number;
  readonly level: number;
  readonly prot: number;
}

/** Pages from `iova` on map to the ones from `pfn` on. */
export interface Run {
  readonly iova: number;
  readonly pfn: number;
  readonly pages: number;
  readonly prot: number;
}

export function newTable(arena: PageArena): RadixTable {
  const table = RadixTable.create(arena);
  assert.ok(typeof table !== 'number', 'no page for a root');
  return table;
}

export function leavesOf(table: RadixTable): Leaf[] {
  const leaves: Leaf[] = [];
  table.forEachLeaf((iova, pfn, level, prot) => leaves.push({ iova, pfn, level, prot }));
  return leaves;
}

/** Leaves joined where they continue each other, so that the leaf sizes do not matter. */
export function runsOf(table: RadixTable): Run[] {
  return join(
    leavesOf(table).map(({ iova, pfn, level, prot }) => ({ iova, pfn, pages: 512 ** level, prot })),
  );
}

export function join(runs: readonly Run[]): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    const continues =
      last !== undefined &&
      last.iova + last.pages === run.iova &&
      last.pfn + last.pages === run.pfn &&
      last.prot === run.prot;
    if (continues) joined[joined.length - 1] = { ...last, pages: last.pages + run.pages };
    else joined.push(run);
  }
  return joined;
}

/** Table pages that these leaves imply: the root, and each table on the way to a leaf once. */
export function pagesImplied(leaves: readonly Leaf[]): number {
  const tables = new Set<string>();
  for (const { iova, level } of leaves) {
    for (let above = level + 1; above < 4; above++) {
      tables.add(`${above} ${Math.floor(iova / 512 ** above)}`);
    }
  }
  return 1 + tables.size;
}

/** Leaves that a map into empty space must make: at each position the largest size that fits. */
export function largestLeaves(run: Run): Leaf[] {
  const leaves: Leaf[] = [];
  let { iova, pfn, pages } = run;
  while (pages > 0) {
    let level = 2;
    while (iova % 512 ** level !== 0 || pfn % 512 ** level !== 0 || pages < 512 ** level) level--;
    leaves.push({ iova, pfn, level, prot: run.prot });
    iova += 512 ** level;
    pfn += 512 ** level;
    pages -= 512 ** level;
  }
  return leaves;
}

/** A list of ranges in order: map refuses an overlap, unmap cuts. For ranges too large to hold page by page. */
export class RangeOracle {
  runs: Run[] = [];

  map(run: Run): boolean {
    if (this.runs.some(other => other.iova < run.iova + run.pages && run.iova < other.iova + other.pages))
      return false;
    const { iova, pfn, pages, prot } = run;
    this.runs = [...this.runs, { iova, pfn, pages, prot }].sort((a, b) => a.iova - b.iova);
    return true;
  }

  unmap(iova: number, pages: number): number {
    const end = iova + pages;
    let removed = 0;
    const kept: Run[] = [];
    for (const run of this.runs) {
      const runEnd = run.iova + run.pages;
      const before = Math.max(0, Math.min(run.pages, iova - run.iova));
      const after = Math.max(0, Math.min(run.pages, runEnd - end));
      removed += Math.max(0, run.pages - before - after);
      if (runEnd <= iova || run.iova >= end) kept.push(run);
      else {
        if (before > 0) kept.push({ ...run, pages: before });
        if (after > 0) kept.push({ ...run, iova: end, pfn: run.pfn + run.pages - after, pages: after });
      }
    }
    this.runs = kept;
    return removed;
  }
}
