// Does the implementation of spapr-tce follow the law at random, in every release and under every answer to a question?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walk } from '../../../model/compare/walk.js';
import { WORLDS, worldNamed } from '../../../model/worlds.js';
import { spaprTce } from '../../../spec/spapr-tce/profile.js';

const TCE = WORLDS.filter(w => w.profile === spaprTce);

test('walks of every world in every release and under every answer to every question find no difference', () => {
  const releases = { name: 'release', values: spaprTce.releases!.map(r => ({ value: r.name })) };
  for (const policy of [releases, ...spaprTce.policies]) {
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
