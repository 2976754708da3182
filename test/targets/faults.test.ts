// Are seeded faults of the reference found from outside? A sample of each profile; all of them are in the long lane.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hunted, SEEDED, SLACK } from './fault-hunt.js';

const SAMPLE = [
  'merge/trial-left-open',
  'merge/own-set-closed',
  'unmerge/never-merged',
  'batch/written-up-to-the-end',
  'entry/offset-of-an-int',
];

for (const id of SAMPLE) {
  test(`found: ${id}`, async () => {
    const seeded = SEEDED.find(s => s.fault.id === id)!;
    const { findings } = await hunted(seeded, { corpusAlone: true });
    assert.equal(findings.length, 1);
    const { calls } = findings[0]!.finding;
    assert.ok(calls.length <= seeded.fault.expected.steps + SLACK, `${calls.length} calls`);
  });
}
