// Do random maps and unmaps in every format leave exactly what they should, whichever way they are done?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TESTED } from './paging-formats.js';
import { runRandom } from './paging-random.js';
import { seedOf } from './seed.js';

/** A test for each format with so many operations, a multiple of 12, and of the rarer ways with fewer. */
export function testWays(operations: number): void {
  for (const tested of TESTED) {
    test(`random operations: ${tested.format.name}`, t => {
      const { done } = runRandom({ tested, seed: seedOf(t), operations, every: operations / 3 });
      assert.ok(done > operations / 10, `${done} operations did something`);
    });
  }

  test('random operations where an unmap that ends inside of a leaf splits it, or is refused', t => {
    const seed = seedOf(t);
    for (const tested of TESTED) {
      for (const inside of ['whole', 'refuse', 'split'] as const) {
        if (inside === tested.format.inside) continue;
        if (inside === 'split' && tested.format.contiguous.by === 'size in the address') continue;
        runRandom({ tested, seed, operations: operations / 2, every: operations / 2, inside });
      }
    }
  });

  test('random operations by the general ways alone, without generated code', t => {
    const seed = seedOf(t);
    const few = Math.ceil(operations / 4);
    for (const tested of TESTED) runRandom({ tested, seed, operations: few, every: few, plain: true });
  });
}
