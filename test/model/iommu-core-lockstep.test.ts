// Does the implementation of iommu-core follow its law on every transition, and after every failure of a driver?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverWorld } from '../../model/lockstep.js';
import { FAULTS_OF, sortsOf } from '../../model/machines/iommu-core-faults.js';
import { sweepFailures } from '../../model/sweep.js';
import { walk } from '../../model/walk.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import type { Policies } from '../../spec/law/clause.js';

for (const name of [
  'drivers',
  'resets',
  'leak',
  'no-static-blocked',
  'pasid-numbers',
  'tables',
  'queued',
  'parts',
  'exchange',
]) {
  test(`${name}: every transition of the graph runs on the implementation, failures included`, () => {
    const world = worldNamed(name)!;
    const { parting, ...figures } = coverWorld(world);
    assert.equal(parting, undefined, parting && `${parting.rule}: ${JSON.stringify(parting.first)}`);
    assert.deepEqual(figures, { complete: true, ...world.counts });
  });
}

test('each ending that the law only permits has its failure, and no other', () => {
  const may = Object.values(iommuCore.rules).flatMap(list => list.filter(c => c.kind === 'may'));
  assert.deepEqual(Object.keys(FAULTS_OF).sort(), may.map(c => c.id).sort());
});

/** Worlds that have every call that can fail, in every operation that makes it; `leak` for what is carried out late. */
const SWEPT: readonly (readonly [string, Policies?])[] = [
  ['drivers'],
  ['resets'],
  ['no-static-blocked'],
  ['pasid-numbers'],
  ['tables'],
  ['queued'],
  ['parts'],
  ['exchange'],
  ['leak', { 'blocking-attach': 'may-return-early' }],
];

/** Each clause that only permits an ending, with each sort of call that fails behind it. */
const DECLARED = Object.values(iommuCore.rules)
  .flatMap(list => list.filter(c => c.kind === 'may'))
  .flatMap(({ id }) => sortsOf(id).map(sort => `${id}: ${sort}`));

test('every call of a driver fails once in every operation of every state, and what is left is allowed', t => {
  const reached = new Set<string>();
  for (const [name, policies] of SWEPT) {
    const world = worldNamed(name)!;
    const { leftover, states, failures, rules } = sweepFailures(world, policies);
    assert.equal(leftover, undefined, leftover && `${name}: ${JSON.stringify(leftover, hex)}`);
    if (policies === undefined) assert.equal(states, world.counts.states);
    assert.ok(failures > 50, `${name}: only ${failures} failures`);
    for (const [rule, sorts] of rules) for (const sort of sorts) reached.add(`${rule}: ${sort}`);
  }
  const missed = DECLARED.filter(point => !reached.has(point));
  assert.deepEqual(missed, [], 'declared, and never reached');
  t.diagnostic(`${DECLARED.length} declared failure points reached`);
});

const hex = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v);

for (const policy of iommuCore.policies) {
  for (const { value } of policy.values.slice(1)) {
    test(`walks under ${policy.name}=${value}`, () => {
      for (const world of WORLDS.filter(w => w.profile === iommuCore)) {
        const { failure } = walk(world, { seed: 7, runs: 30, ops: 120, policies: { [policy.name]: value } });
        assert.equal(failure, undefined, failure && `${world.name}: ${failure.disagreement.first.path}`);
      }
    });
  }
}
