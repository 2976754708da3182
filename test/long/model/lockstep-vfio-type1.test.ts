// Does the implementation of vfio-type1 follow the law at random, in every release?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walk } from '../../../model/compare/walk.js';
import { WORLDS } from '../../../model/worlds.js';
import { vfioType1 } from '../../../spec/vfio-type1/profile.js';
import { RELEASES } from '../../../spec/vfio-type1/releases.js';

const TYPE1 = WORLDS.filter(w => w.profile === vfioType1);

test('walks of every world in every release find no difference', () => {
  for (const { name: release } of RELEASES) {
    for (const world of TYPE1) {
      const { failure } = walk(world, { seed: 61, runs: 8, ops: 200, policies: { release } });
      assert.equal(failure, undefined, `${world.name} differs in ${release}`);
    }
  }
});
