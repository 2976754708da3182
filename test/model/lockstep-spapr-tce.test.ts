// Does the implementation of spapr-tce follow every transition of small worlds, and under every answer to a question?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverWorld, permittedBy } from '../../model/compare/lockstep.js';
import { walk } from '../../model/compare/walk.js';
import { FAULT_OF } from '../../model/machines/spapr-tce.js';
import { countsOf } from '../../model/pinned.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';

/** The rest is for the gate, which covers every world that is not large. */
const SMALL = 20_000;
const TCE = WORLDS.filter(w => w.profile.name === 'spapr-tce');

test('every ending that the law only permits can be provoked', () => {
  const profile = spaprTce as Parameters<typeof permittedBy>[0];
  assert.deepEqual(Object.keys(FAULT_OF).sort(), [...permittedBy(profile)].sort());
});

for (const world of TCE.filter(w => countsOf(w).transitions < SMALL)) {
  test(`${world.name}: every transition of the graph runs on the implementation, failures included`, () => {
    const { parting, ...figures } = coverWorld(world);
    assert.equal(parting, undefined);
    assert.deepEqual(figures, { complete: true, ...countsOf(world) });
  });
}

test('walks of every world under every answer to every question find no difference', () => {
  for (const policy of spaprTce.policies) {
    for (const { value } of policy.values) {
      for (const world of TCE) {
        const policies = { [policy.name]: value };
        const { failure } = walk(world, { seed: 59, runs: 8, ops: 200, policies });
        assert.equal(failure, undefined, `${world.name} differs under ${policy.name}=${value}`);
      }
    }
  }
});

test('an endpoint that is not told uses what it remembers, until it is told', () => {
  const policies = { invalidation: 'first-linked-group' };
  const { failure, rules } = walk(worldNamed('tce-shared')!, { seed: 7, runs: 3000, ops: 240, policies });
  assert.equal(failure, undefined);
  assert.ok(rules.has('dma/not-told'));
});
