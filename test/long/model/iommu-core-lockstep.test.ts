// Does the implementation of iommu-core follow its law under every answer, and after every failure of a driver?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverWorld } from '../../../model/compare/lockstep.js';
import { sweepFailures } from '../../../model/compare/sweep.js';
import { walk } from '../../../model/compare/walk.js';
import { sortsOf } from '../../../model/machines/iommu-core-faults.js';
import { countsOf } from '../../../model/pinned.js';
import { WORLDS, worldNamed } from '../../../model/worlds.js';
import type { PolicyValues } from '../../../spec/iommu-core/policies.js';
import { iommuCore } from '../../../spec/iommu-core/profile.js';
import type { Policies } from '../../../spec/law/clause.js';

/** Where a policy decides what is left of a failure, a random walk seldom comes by. */
const UNDER: readonly (readonly [string, Partial<PolicyValues>])[] = [
  ['static-domains', { 'rid-while-pasid': 'frozen' }],
  ['static-domains', { 'rid-while-pasid': 'torn-down' }],
  ['static-domains', { 'blocking-attach': 'may-return-early' }],
  ['static-domains', { 'reset-state': 'per-group' }],
  ['static-domains', { 'device-group-reference': 'borrowed' }],
  ['queued', { 'device-group-reference': 'borrowed' }],
  ['no-static-blocked', { 'failed-replace': 'park-on-blocking' }],
  ['no-static-blocked', { 'free-trusts-detach': 'yes' }],
];

for (const [name, policies] of UNDER) {
  test(`${name}: every transition under ${Object.values(policies)}`, () => {
    const { parting, complete } = coverWorld(worldNamed(name)!, policies);
    assert.equal(parting, undefined, parting && `${parting.rule}: ${JSON.stringify(parting.first)}`);
    assert.equal(complete, true);
  });
}

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
  ['numbers'],
  ['tables-drafts'],
  ['tables-arm-7.2'],
  ['tables-vtd-6.12'],
  ['tables-amd-6.12'],
  ['tables-arm-6.12'],
  ['fallback-7.2'],
  ['loses-7.2'],
  ['loses-6.12'],
  ['walk-6.1'],
  ['boot-6.1'],
  ['type-6.1'],
  ['firmware-6.1'],
  ['width-6.1'],
  ['arm-6.1'],
  ['drivers-6.12'],
  ['handles-6.12'],
  ['firmware-6.12'],
  ['no-static-blocked-6.12'],
  ['pasids-6.12'],
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
    if (policies === undefined) assert.equal(states, countsOf(world).states);
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
