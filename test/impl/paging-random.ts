// Do random operations on a page table agree with an oracle, and is every page of the arena accounted for?

import assert from 'node:assert/strict';
import { RESERVED } from '../../impl/paging/arena.js';
import { FOUND_SIZE } from '../../impl/paging/codes.js';
import type { Inside } from '../../impl/paging/format.js';
import { Layout } from '../../impl/paging/layout.js';
import type { PageTable } from '../../impl/paging/table.js';
import { newTable, type Tested } from './paging-formats.js';
import { compareAll, WindowOracle } from './paging-oracle.js';

/** 32 random bits at a time: xorshift. */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export interface RandomRun {
  readonly tested: Tested;
  readonly seed: number;
  readonly operations: number;
  /** All pages are compared after so many operations. */
  readonly every: number;
  readonly inside?: Inside;
  /** Without generated code; or by a class with a mistake in it. */
  readonly plain?: boolean | typeof PageTable;
}

/** A window of three tables that begins in the middle of one and goes over a boundary of the next level. */
function windowOf({ format }: Tested): { base: number; pages: number } {
  const bits = format.pageShift - 3;
  const boundary = 2 ** Math.min(2 * bits, format.inputBits - format.pageShift - 1);
  return { base: boundary - 3 * 2 ** (bits - 1), pages: 3 * 2 ** bits };
}

/** What write-only becomes where presence allows reads, and what the others stay. */
const given = (tested: Tested, prot: number): number =>
  prot === 2 && tested.format.leaf.read.length === 0 ? 3 : prot;

interface Play {
  readonly tested: Tested;
  readonly table: PageTable;
  readonly oracle: WindowOracle;
  readonly base: number;
  readonly width: number;
  /** Entries of a table. */
  readonly large: number;
  readonly next: (below: number) => number;
}

/** Mostly single pages; sometimes more than a table has. */
function lengthOf({ next, large }: Play): number {
  const kind = next(100);
  if (kind < 60) return 1;
  if (kind < 90) return 1 + next(20);
  return kind < 98 ? 1 + next(200) : large + next(large);
}

/** Every leaf that begins in the range goes, so that there is room for a large one. */
function clear({ table, oracle, base }: Play, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    if (oracle.size[at] < 0 || oracle.first[at] !== at) continue;
    const pages = 2 ** oracle.size[at];
    assert.equal(table.unmap(base + at, pages), oracle.unmap(at, pages));
  }
}

/** One operation, on the table and on the oracle. True if it changed something. */
function step(play: Play): boolean {
  const { tested, table, oracle, base, width, large, next } = play;
  let wanted = lengthOf(play);
  let at = next(width);
  // Aligned ones, so that larger leaves come to be: those of the level above are a whole table.
  if (next(4) === 0) {
    const unit = next(8) === 0 ? large : 16;
    at = Math.max(0, at - ((base + at) % unit));
    if (unit === large && next(2) === 0) {
      wanted = large * (1 + next(2));
      if (next(4) === 0) clear(play, at, Math.min(at + wanted, width));
    }
  }
  const pages = Math.min(wanted, width - at);
  const what = next(16);
  if (what < 7) {
    const prot = 1 + next(3);
    const shift = next(2) === 0 ? 0 : next(4) === 0 ? next(64) : large * next(8);
    const out = ((base + at) % (table.layout.outputPages / 2)) + shift;
    const free = oracle.map(at, out, pages, given(tested, prot));
    assert.equal(table.map(base + at, out, pages, prot), free ? 0 : -1);
    return free;
  }
  if (what < 14) {
    const removed = oracle.unmap(at, pages);
    assert.equal(table.unmap(base + at, pages), removed);
    return removed > 0;
  }
  const mapped = oracle.size[at] >= 0;
  assert.equal(table.walk(base + at), mapped ? oracle.out[at] : -1);
  if (mapped) assert.equal(table.arena.found[FOUND_SIZE], oracle.size[at]);
  return false;
}

/** All pages, by the engine and by hardware; and every page of the arena. */
function account({ tested, table, oracle, base }: Play): void {
  const { arena } = table;
  assert.equal(compareAll(tested, table, oracle, base), arena.inUse, 'tables in use');
  assert.equal(
    arena.inUse + arena.waitingPages + arena.free + RESERVED,
    arena.pages,
    'the account of the arena',
  );
}

/** Nothing is left, once all leaves are unmapped and the table is gone. */
function end(play: Play): void {
  const { table, oracle, base, width } = play;
  const { arena } = table;
  for (let page = 0; page < width; page++) {
    if (oracle.size[page] < 0) continue;
    const size = 2 ** oracle.size[page];
    assert.equal(table.unmap(base + page, size), oracle.unmap(page, size));
  }
  account(play);
  assert.equal(leaves(table), 0);
  table.destroy();
  assert.equal(arena.inUse, 0, 'no table is left');
  arena.release();
  assert.equal(arena.waitingPages, 0);
  assert.equal(arena.free + RESERVED, arena.pages, 'every page came back');
}

/** How many of the operations changed something. */
export function runRandom({ tested, seed, operations, every, inside, plain }: RandomRun): { done: number } {
  const layout = inside === undefined ? tested.layout : new Layout(tested.format, { inside });
  const { base, pages: width } = windowOf(tested);
  const table = newTable(tested, 256, layout, plain);
  const oracle = new WindowOracle(tested, layout.inside, base, width);
  const large = 2 ** (tested.format.pageShift - 3);
  const play = { tested, table, oracle, base, width, large, next: random(seed) };
  let done = 0;
  for (let operation = 1; operation <= operations; operation++) {
    if (step(play)) done++;
    if (operation % 64 === 0) table.arena.release();
    if (operation % every === 0) account(play);
  }
  account(play);
  end(play);
  return { done };
}

function leaves(table: PageTable): number {
  let count = 0;
  table.forEachLeaf(() => count++);
  return count;
}
