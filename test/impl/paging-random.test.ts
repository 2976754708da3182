// Do random maps and unmaps in every format leave exactly what they should?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TESTED } from './paging-formats.js';
import { runRandom } from './paging-random.js';
import { seedOf } from './seed.js';

for (const tested of TESTED) {
  test(`random operations: ${tested.format.name}`, t => {
    const { done } = runRandom({ tested, seed: seedOf(t), operations: 3000, every: 1000 });
    assert.ok(done > 300, `${done} operations did something`);
  });
}

test('random operations where an unmap that ends inside of a leaf splits it, or is refused', t => {
  const seed = seedOf(t);
  for (const tested of TESTED) {
    for (const inside of ['whole', 'refuse', 'split'] as const) {
      if (inside === tested.format.inside) continue;
      if (inside === 'split' && tested.format.contiguous.by === 'size in the address') continue;
      runRandom({ tested, seed, operations: 1500, every: 1500, inside });
    }
  }
});

test('random operations by the general ways alone, without generated code', t => {
  const seed = seedOf(t);
  for (const tested of TESTED) runRandom({ tested, seed, operations: 800, every: 800, plain: true });
});
