// Does the implementation of iommu-core follow its law on every transition of tiny worlds, and after every failure?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverWorld } from '../../model/compare/lockstep.js';
import { sweepFailures } from '../../model/compare/sweep.js';
import { FAULTS_OF } from '../../model/machines/iommu-core-faults.js';
import { countsOf } from '../../model/pinned.js';
import { worldNamed } from '../../model/worlds.js';
import type { PolicyValues } from '../../spec/iommu-core/policies.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import { testCovered } from './covered.js';

testCovered(['leak', 'queued', 'exchange', 'numbers']);

/** Where a policy decides what is left of a failure, a random walk seldom comes by. */
const UNDER: readonly (readonly [string, Partial<PolicyValues>])[] = [
  ['queued', { 'device-group-reference': 'borrowed' }],
];

for (const [name, policies] of UNDER) {
  test(`${name}: every transition under ${Object.values(policies)}`, () => {
    const { parting, complete } = coverWorld(worldNamed(name)!, policies);
    assert.equal(parting, undefined, parting && `${parting.rule}: ${JSON.stringify(parting.first)}`);
    assert.equal(complete, true);
  });
}

test('each ending that the law only permits has its failure, and no other', () => {
  const may = Object.values(iommuCore.rules).flatMap(list => list.filter(c => c.kind === 'may'));
  assert.deepEqual(Object.keys(FAULTS_OF).sort(), may.map(c => c.id).sort());
});

test('every call of a driver fails once in every operation of every state of a small world', () => {
  const world = worldNamed('exchange')!;
  const { leftover, states, failures } = sweepFailures(world);
  assert.equal(leftover, undefined, leftover && JSON.stringify(leftover, hex));
  assert.equal(states, countsOf(world).states);
  assert.ok(failures > 50, `only ${failures} failures`);
});

const hex = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v);
