// Is every seeded fault noticed by who must notice it, and nothing noticed where nothing is wrong?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULT_TABLES } from '../../../model/faults/tables.js';
import { inside } from '../../cli/command.js';

for (const { profile } of FAULT_TABLES) {
  test(`${profile}: every fault is noticed as the table says`, async () => {
    const { code, out, err } = await inside(['faults', '--expected', '--profile', profile]);
    assert.equal(code, 0, out + err);
  });
}
