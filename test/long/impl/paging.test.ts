// Do many random operations on each kind of page table leave no table behind, and no page unaccounted for?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS, TESTED } from '../../impl/paging-formats.js';
import { runRandom } from '../../impl/paging-random.js';

// `npm run soak` makes ten million in every format; what came of it is in docs/hardware.md.
const ASKED = process.env['PAGING_OPERATIONS'];
const OPERATIONS = Number(ASKED ?? 1_000_000);

for (const tested of ASKED === undefined ? KINDS : TESTED) {
  test(`${OPERATIONS} operations, seed 14: ${tested.format.name}`, t => {
    const { done } = runRandom({ tested, seed: 14, operations: OPERATIONS, every: OPERATIONS / 10 });
    t.diagnostic(`${done} operations changed something`);
    assert.ok(done > OPERATIONS / 10, `${done} operations changed something`);
  });
}
