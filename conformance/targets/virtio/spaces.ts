// What does a driver in front of a virtio-iommu keep of its address spaces, and where do their pages lie?
import type { Candidate, Places } from '../qtest/tables.js';

export interface Leaf {
  readonly first: number;
  readonly pages: number;
  /** Page of the profile's memory. */
  readonly to: number;
}

const DATA = 0x1000_0000n;
const MEMORY_END = 0x7000_0000n;
const BASE = 1n << 32n;
const NOWHERE = 1n << 37n;

export const realOf = (to: number): bigint => DATA + (BigInt(to) << 12n);
/** Is there memory for pages of the profile? */
export const isThere = (to: number, pages: number): boolean => realOf(to + pages) <= MEMORY_END;

export class Spaces implements Places {
  readonly scratch = 0x1f0_0000n;
  readonly scratchIova = 1n << 38n;
  /** By space. */
  readonly leaves: Leaf[][];
  /** All that was ever mapped, each once. */
  private readonly ever: Leaf[] = [];

  constructor(
    count: number,
    private readonly all: number,
  ) {
    this.leaves = Array.from({ length: count }, () => []);
  }

  mapped(space: number, leaf: Leaf): void {
    this.leaves[space]!.push(leaf);
    const { first, pages, to } = leaf;
    if (!this.ever.some(l => l.first === first && l.pages === pages && l.to === to)) this.ever.push(leaf);
  }

  /** Leaf by leaf from a page on, up to the first hole or past the end: where that is. */
  reach(space: number, start: number, end: number): number {
    let page = start;
    while (page < end) {
      const leaf = this.leaves[space]!.find(l => l.first === page);
      if (leaf === undefined) break;
      page += leaf.pages;
    }
    return page;
  }

  unmapped(space: number, start: number, end: number): void {
    this.leaves[space] = this.leaves[space]!.filter(l => l.first < start || l.first >= end);
  }

  iovaOf(page: number): bigint {
    return page < this.all ? BASE | (BigInt(page) << 12n) : NOWHERE;
  }

  candidates(page: number): readonly Candidate[] {
    const pages = this.ever
      .filter(l => page >= l.first && page < l.first + l.pages)
      .map(l => l.to + page - l.first);
    return [...new Set(pages)].map(p => ({ real: realOf(p), page: p }));
  }
}
