// Do random maps and unmaps, in full and in starved arenas, leave exactly what they should?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PageArena } from '../../impl/radix/arena.js';
import { MAPPED, NO_MEMORY } from '../../impl/radix/format.js';
import type { RadixTable } from '../../impl/radix/table.js';
import {
  join,
  largestLeaves,
  leavesOf,
  newTable,
  pagesImplied,
  RangeOracle,
  runsOf,
} from './radix-oracle.js';
import { seedOf } from './seed.js';

const M2 = 512;
const G1 = 512 * 512;
const SPACE = 2 ** 36;

interface Step {
  readonly map: boolean;
  readonly iova: number;
  readonly pfn: number;
  readonly pages: number;
  readonly prot: number;
}

function assertConsistent(arena: PageArena, table: RadixTable): void {
  assert.equal(arena.tablePagesInUse, pagesImplied(leavesOf(table)), 'table pages in use');
}

test('single pages and small ranges agree with a Map', t => {
  const seed = seedOf(t);
  const window = 3 * M2;
  const step = fc.record({
    map: fc.boolean(),
    iova: fc.nat(window - 1),
    pfn: fc.oneof(fc.nat(4 * M2), fc.constant(0)),
    pages: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 2 * M2 })),
    prot: fc.integer({ min: 1, max: 3 }),
    aligned: fc.boolean(),
  });
  const base = fc.constantFrom(0, G1 - M2, 2 ** 27 - M2, 2 ** 31 - M2, SPACE - window);
  fc.assert(
    fc.property(base, fc.array(step, { maxLength: 60, size: 'max' }), (from, steps) => {
      const arena = new PageArena({ pages: 16 });
      const table = newTable(arena);
      const oracle = new Map<number, { pfn: number; prot: number }>();
      for (const { map, iova: offset, pfn: frame, pages: wanted, prot, aligned } of steps) {
        const iova = from + (aligned ? offset & -M2 : offset);
        const pfn = aligned ? frame & -M2 : frame;
        const pages = Math.min(wanted, from + window - iova);
        let there = 0;
        for (let i = 0; i < pages; i++) there += oracle.has(iova + i) ? 1 : 0;
        if (map) {
          assert.equal(table.map(iova, pfn, pages, prot), there === 0 ? 0 : MAPPED);
          for (let i = 0; there === 0 && i < pages; i++) oracle.set(iova + i, { pfn: pfn + i, prot });
        } else {
          assert.equal(table.unmap(iova, pages), there);
          for (let i = 0; i < pages; i++) oracle.delete(iova + i);
        }
        assertConsistent(arena, table);
      }
      for (let page = from; page < from + window; page++) {
        const expected = oracle.get(page);
        assert.equal(table.walk(page), expected?.pfn ?? -1);
        if (expected !== undefined) assert.equal(arena.found[0], expected.prot);
      }
      assert.equal(table.unmap(from, window), oracle.size);
      assert.equal(arena.tablePagesInUse, 1);
      assert.ok(arena.words.every(word => word === 0));
    }),
    { seed, numRuns: 100 },
  );
});

/** Ranges of all sizes, around the places where something begins or ends. */
const largeStep: fc.Arbitrary<Step> = fc
  .record({
    map: fc.boolean(),
    unit: fc.constantFrom(1, M2, G1),
    near: fc.constantFrom(0, M2, G1, 3 * G1, 2 ** 27, 2 ** 27 + G1, 2 ** 32, SPACE - 2 * G1),
    steps: fc.integer({ min: -3, max: 3 }),
    length: fc.integer({ min: 1, max: 5 }),
    lengthUnit: fc.constantFrom(1, M2, G1),
    shift: fc.constantFrom(0, G1, M2, 7 * M2 + G1, 2 ** 38),
    prot: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ map, unit, near, steps, length, lengthUnit, shift, prot }) => {
    const iova = Math.max(0, Math.min(SPACE - 1, near + steps * unit));
    const pages = Math.min(length * lengthUnit, SPACE - iova);
    return { map, iova, pfn: iova + shift, pages, prot };
  });

test('ranges up to many gigabytes agree with a list of ranges, and use the largest leaves', t => {
  const seed = seedOf(t);
  fc.assert(
    fc.property(fc.array(largeStep, { maxLength: 40, size: 'max' }), steps => {
      const arena = new PageArena({ pages: 4096 });
      const table = newTable(arena);
      const oracle = new RangeOracle();
      for (const step of steps) {
        const before = arena.tablePagesInUse;
        if (step.map) {
          const fits = oracle.map(step);
          const code = table.map(step.iova, step.pfn, step.pages, step.prot);
          assert.equal(code, fits ? 0 : MAPPED);
          if (!fits) assert.equal(arena.tablePagesInUse, before);
          else {
            const end = step.iova + step.pages;
            const made = leavesOf(table).filter(leaf => leaf.iova >= step.iova && leaf.iova < end);
            assert.deepEqual(made, largestLeaves(step));
          }
        } else {
          assert.equal(table.unmap(step.iova, step.pages), oracle.unmap(step.iova, step.pages));
        }
        assert.deepEqual(runsOf(table), join(oracle.runs));
        assertConsistent(arena, table);
      }
      assert.equal(table.unmap(0, SPACE), oracle.unmap(0, SPACE));
      assert.equal(arena.tablePagesInUse, 1);
      table.destroy();
      assert.equal(arena.tablePagesInUse, 0);
    }),
    { seed, numRuns: 60 },
  );
});

/** Every step once in an arena of this size. A step that fails for memory must leave every bit as it was. */
function runStarved(pages: number, steps: readonly Step[]): number {
  const arena = new PageArena({ pages });
  const table = newTable(arena);
  const oracle = new RangeOracle();
  let refused = 0;
  for (const step of steps) {
    const words = arena.words.slice();
    const live = arena.live.slice();
    const inUse = arena.tablePagesInUse;
    const { iova, pfn, pages: count, prot } = step;
    const code = step.map ? table.map(iova, pfn, count, prot) : table.unmap(iova, count);
    if (code === NO_MEMORY) {
      refused++;
      assert.deepEqual(arena.words, words);
      assert.deepEqual(arena.live, live);
      assert.equal(arena.tablePagesInUse, inUse);
    } else if (step.map) assert.equal(code, oracle.map(step) ? 0 : MAPPED);
    else assert.equal(code, oracle.unmap(iova, count));
    assert.deepEqual(runsOf(table), join(oracle.runs));
    assertConsistent(arena, table);
  }
  assert.equal(table.unmap(0, SPACE), oracle.unmap(0, SPACE));
  assert.equal(arena.tablePagesInUse, 1);
  return refused;
}

test('running out of table pages at every possible point changes nothing', () => {
  const map = (iova: number, pfn: number, pages: number): Step => ({ map: true, iova, pfn, pages, prot: 3 });
  const unmap = (iova: number, pages: number): Step => ({ map: false, iova, pfn: 0, pages, prot: 0 });
  const steps = [
    map(5, 9, 1), // three tables under the root
    map(M2 - 1, M2, 3), // over a table boundary
    map(G1, G1, 2 * G1),
    unmap(G1 + 3, 1), // 1G: two tables
    unmap(2 * G1 + M2, M2), // 1G on 2M boundaries: one table
    unmap(G1 + 7 * M2 + 5, 3), // both ends in one 2M leaf: one table
    unmap(G1 + 9 * M2 + 5, 3 * M2), // ends in two 2M leaves: two tables
    map(2 ** 27 - 1, 2 ** 27 - 1, 2 + M2), // over a root entry
    map(4 * G1, 4 * G1, 4 * G1),
    unmap(4 * G1 + 1, 2), // both ends in one 2M part of one 1G leaf: two tables
    unmap(5 * G1 + 1, 2 * M2), // in two 2M parts of one 1G leaf: three tables
    unmap(6 * G1 + 1, M2 - 1), // one end on a 2M boundary: two tables
    unmap(6 * G1 + M2 + 1, G1), // ends in a 2M leaf and in the next 1G leaf: three tables
  ];
  const refusals = [];
  for (let pages = 1; pages <= 40; pages++) refusals.push(runStarved(pages, steps));
  assert.ok(refusals[0] > 0 && refusals.at(-1) === 0, 'the sweep goes from starved to rich');
  // Each page more must help until all fit: the account is exact, not merely safe.
  const needed = refusals.indexOf(0) + 1;
  assert.equal(needed, 26);
});

test('random steps in starved arenas', t => {
  const seed = seedOf(t);
  const property = fc.property(
    fc.integer({ min: 1, max: 24 }),
    fc.array(largeStep, { maxLength: 25, size: 'max' }),
    (pages, steps) => void runStarved(pages, steps),
  );
  fc.assert(property, { seed, numRuns: 60 });
});

test('a hopeless map is refused without being counted to its end', () => {
  const arena = new PageArena({ pages: 64 });
  const table = newTable(arena);
  assert.equal(table.map(0, 1, SPACE, 3), NO_MEMORY);
  assert.equal(table.map(0, 0, SPACE, 3), NO_MEMORY);
  assert.equal(arena.tablePagesInUse, 1);
});
