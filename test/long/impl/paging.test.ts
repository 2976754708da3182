// Do ten million random operations on each kind of page table leave no table behind, and no page unaccounted for?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../impl/paging-formats.js';
import { runRandom } from '../../impl/paging-random.js';

// PAGING_OPERATIONS makes it shorter, to look at it.
const OPERATIONS = Number(process.env['PAGING_OPERATIONS'] ?? 10_000_000);

for (const tested of KINDS) {
  test(`${OPERATIONS} operations, seed 14: ${tested.format.name}`, () => {
    const { done } = runRandom({ tested, seed: 14, operations: OPERATIONS, every: OPERATIONS / 10 });
    assert.ok(done > OPERATIONS / 10, `${done} operations changed something`);
  });
}
