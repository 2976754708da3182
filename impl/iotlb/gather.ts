// What has to be invalidated before an unmap is over, and which tables wait for it?

import type { Unlinked } from '../paging/arena.js';

/**
 * Collects what unmaps have removed, until one invalidation covers it all. Pages and tables of one domain only. The range
 * may have gaps: what lies in them is invalidated, too.
 */
export class Gather {
  /** First page, and the one behind the last; equal if nothing was gathered. */
  start = 0;
  end = 0;
  private readonly unlinked: Unlinked[] = [];

  get isEmpty(): boolean {
    return this.start === this.end && this.unlinked.length === 0;
  }

  /** Were entries above the leaves changed? Then an invalidation of leaves only is not enough. */
  get changedTables(): boolean {
    return this.unlinked.length > 0;
  }

  get tables(): readonly Unlinked[] {
    return this.unlinked;
  }

  add(first: number, pages: number): void {
    if (pages <= 0) return;
    const behind = first + pages;
    if (this.start === this.end) {
      this.start = first;
      this.end = behind;
      return;
    }
    this.start = Math.min(this.start, first);
    this.end = Math.max(this.end, behind);
  }

  addTables(tables: readonly Unlinked[]): void {
    for (const table of tables) this.unlinked.push(table);
  }

  /** Would a range leave a gap? Where every page that is invalidated costs, what there is goes first then. */
  isDisjoint(first: number, pages: number): boolean {
    return this.start !== this.end && (first > this.end || first + pages < this.start);
  }

  reset(): void {
    this.start = 0;
    this.end = 0;
    this.unlinked.length = 0;
  }
}
