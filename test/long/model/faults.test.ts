// Is each third of the faults of every system noticed where it must be?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hunt } from '../../../model/faults/catchers.js';
import type { FaultTable } from '../../../model/faults/fault.js';
import { hunt } from '../../../model/faults/hunt.js';
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

/** Of the other systems each third: the command runs them all. */
const THIRDS = ['iommu-core', 'iommu-core-races', 'spapr-tce'].flatMap(profile => {
  const table = tableOf(profile);
  return table.faults.filter((_, i) => i % 3 === 0).map(fault => ({ table, fault }));
});

for (const { table, fault } of THIRDS) {
  test(`${fault.id} is noticed where it must be`, async () => {
    const { asExpected, catches } = await hunt(table, fault, WORLDS_ONLY);
    assert.ok(asExpected, JSON.stringify(catches));
  });
}

for (const id of SAMPLE) {
  test(`${id} is noticed where it must be`, async () => {
    const fault = VFIO.faults.find(f => f.id === id)!;
    const { asExpected, caught, catches } = await hunt(VFIO, fault, WORLDS_ONLY);
    assert.ok(caught && asExpected, JSON.stringify(catches));
  });
}
