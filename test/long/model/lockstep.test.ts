// Does the implementation follow the law in every world at random, and under every answer?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walk } from '../../../model/compare/walk.js';
import { hasImplementation } from '../../../model/machine.js';
import { WORLDS, worldNamed } from '../../../model/worlds.js';
import { seedOf } from '../../impl/seed.js';

test('walks of every world find no difference', t => {
  const seed = seedOf(t);
  for (const world of WORLDS.filter(w => hasImplementation(w.profile.name))) {
    const { failure, steps, runs } = walk(world, { seed, runs: 60, ops: 1000 });
    assert.equal(failure, undefined, `${world.name} differs`);
    assert.equal(runs, 60);
    assert.ok(steps > 1000, `${world.name}: only ${steps} operations`);
  }
});

test('walks under every answer to every debated question find no difference', () => {
  const worlds = ['attack-window', 'two-buses', 'hotplug', 'timeout-kill', 'trio-by-handle'].map(
    n => worldNamed(n)!,
  );
  for (const world of worlds) {
    for (const policy of world.profile.policies as readonly {
      name: string;
      values: readonly { value: string }[];
    }[]) {
      for (const { value } of policy.values) {
        const { failure } = walk(world, { seed: 4, runs: 20, ops: 400, policies: { [policy.name]: value } });
        assert.equal(failure, undefined, `${world.name} differs under ${policy.name}=${value}`);
      }
    }
  }
});
