// What should a page table of any format say, computed page by page in the plainest way there is?

import assert from 'node:assert/strict';
import type { Inside } from '../../impl/paging/format.js';
import type { PageTable } from '../../impl/paging/table.js';
import { memoryOf, rootOf, type Tested } from './paging-formats.js';

/** The largest of some sizes (logarithms, in pages) that fits: tried one after the other. */
export function bruteBest(sizes: readonly number[], iova: number, out: number, pages: number): number {
  const fits = sizes.filter(size => iova % 2 ** size === 0 && out % 2 ** size === 0 && pages >= 2 ** size);
  return Math.max(...fits);
}

/** Pages of a window, each with the leaf that it is in. Page numbers are relative to the window. */
export class WindowOracle {
  readonly out: Float64Array;
  readonly prot: Uint8Array;
  /** First page of the leaf, and its size; size -1: not mapped. */
  readonly first: Int32Array;
  readonly size: Int8Array;
  private readonly base: number;
  private readonly sizes: readonly number[];
  private readonly bits: number;
  private readonly inside: Inside;

  constructor(tested: Tested, inside: Inside, base: number, pages: number) {
    const { pageShift } = tested.format;
    this.base = base;
    this.sizes = tested.sizes.map(size => size - pageShift);
    this.bits = pageShift - 3;
    this.inside = inside;
    this.out = new Float64Array(pages);
    this.prot = new Uint8Array(pages);
    this.first = new Int32Array(pages);
    this.size = new Int8Array(pages).fill(-1);
  }

  map(at: number, out: number, pages: number, prot: number): boolean {
    for (let page = at; page < at + pages; page++) if (this.size[page] >= 0) return false;
    for (let done = 0; done < pages; ) {
      const size = bruteBest(this.sizes, this.base + at + done, out + done, pages - done);
      this.leaf(at + done, out + done, size, prot);
      done += 2 ** size;
    }
    return true;
  }

  unmap(at: number, pages: number): number {
    if (this.inside === 'split') {
      this.split(at);
      this.split(at + pages);
    }
    let now = at;
    while (now < at + pages) {
      if (this.size[now] < 0 || this.first[now] !== now) break;
      const behind = now + 2 ** this.size[now];
      if (behind > at + pages && this.inside === 'refuse') break;
      this.size.fill(-1, now, behind);
      now = behind;
    }
    return now - at;
  }

  private leaf(at: number, out: number, size: number, prot: number): void {
    for (let page = 0; page < 2 ** size; page++) this.out[at + page] = out + page;
    this.prot.fill(prot, at, at + 2 ** size);
    this.first.fill(at, at, at + 2 ** size);
    this.size.fill(size, at, at + 2 ** size);
  }

  /** Leaves over a boundary become single entries of their level, and those the leaves of the level below. */
  private split(at: number): void {
    while (at < this.size.length && this.size[at] >= 0 && this.first[at] !== at) {
      const first = this.first[at];
      const size = this.size[at];
      const level = Math.floor(size / this.bits);
      const next = size > level * this.bits ? level * this.bits : size - this.bits;
      for (let page = first; page < first + 2 ** size; page += 2 ** next)
        this.leaf(page, this.out[page], next, this.prot[page]);
    }
  }
}

/** Compares every page of a window by the engine's walk and by a walk of hardware; answers the table pages it saw. */
export function compareAll(tested: Tested, table: PageTable, oracle: WindowOracle, base: number): number {
  const { pageShift } = tested.format;
  const memory = memoryOf(table);
  const tables = new Set<bigint>();
  const { found } = table.arena;
  for (let page = 0; page < oracle.size.length; page++) {
    const mapped = oracle.size[page] >= 0;
    assert.equal(table.walk(base + page), mapped ? oracle.out[page] : -1);
    const seen = tested.walker(memory, rootOf(table), BigInt(base + page) << BigInt(pageShift), address =>
      tables.add(address),
    );
    if (!mapped) {
      assert.equal(seen, null);
      continue;
    }
    assert.deepEqual([found[2], found[3]], [oracle.prot[page], oracle.size[page]]);
    assert.deepEqual(seen, {
      output: BigInt(oracle.out[page]) << BigInt(pageShift),
      size: 1n << BigInt(pageShift + oracle.size[page]),
      read: (oracle.prot[page] & 1) !== 0,
      write: (oracle.prot[page] & 2) !== 0,
    });
  }
  return tables.size - 1 + 2 ** table.layout.rootOrder;
}
