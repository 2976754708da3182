// Is nothing noticed where nothing is wrong, and are mistakes of each kind noticed where they must be?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hunt } from '../../../model/faults/catchers.js';
import type { FaultTable } from '../../../model/faults/fault.js';
import { control, hunt } from '../../../model/faults/hunt.js';
import { FAULT_TABLES } from '../../../model/faults/tables.js';

const tableOf = (profile: string): FaultTable => FAULT_TABLES.find(t => t.profile === profile)!;
const VFIO = tableOf('vfio-2011');

/** No corpus, no court: what the worlds alone say. */
const WORLDS_ONLY: Hunt = { suite: [], court: () => 'maybe', maxStates: 6000, walks: 300 };

const SAMPLE: readonly string[] = [
  'merge/rollback-does-nothing',
  'attach/no-rollback',
  'close/still-attached',
  'wake/not-by-group-close',
  'map/failed-is-charged',
  'design/merge-of-a-group-in-use',
  'design/failed-hot-add-ignored',
  'design/merge-survives-its-handles',
];

// Each fault of each system is hunted by the command, `iommu-spec faults`, which the long lane runs whole.

for (const table of FAULT_TABLES) {
  test(`${table.profile}: a hunt for nothing notices nothing`, async () => {
    const findings = await control(table, { ...WORLDS_ONLY, maxStates: 60, walks: 5 });
    assert.ok(findings.length > 1, table.profile);
    for (const { caught, fault } of findings) assert.equal(caught, false, fault.id);
  });
}

for (const id of SAMPLE) {
  test(`${id} is noticed where it must be`, async () => {
    const fault = VFIO.faults.find(f => f.id === id)!;
    const { asExpected, caught, catches } = await hunt(VFIO, fault, WORLDS_ONLY);
    assert.ok(caught && asExpected, JSON.stringify(catches));
  });
}
