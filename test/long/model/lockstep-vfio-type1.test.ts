// Does the implementation of vfio-type1 follow every transition of small worlds, and walks of all in every release?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walk } from '../../../model/compare/walk.js';
import { countsOf } from '../../../model/pinned.js';
import { WORLDS } from '../../../model/worlds.js';
import { vfioType1 } from '../../../spec/vfio-type1/profile.js';
import { RELEASES } from '../../../spec/vfio-type1/releases.js';
import { testCovered } from '../../model/covered.js';

/** The rest is for the gate, which covers every world that is not large. */
const SMALL = 30_000;
const TYPE1 = WORLDS.filter(w => w.profile === vfioType1);

testCovered(TYPE1.filter(w => countsOf(w).transitions < SMALL).map(w => w.name));

test('walks of every world in every release find no difference', () => {
  for (const { name: release } of RELEASES) {
    for (const world of TYPE1) {
      const { failure } = walk(world, { seed: 61, runs: 8, ops: 200, policies: { release } });
      assert.equal(failure, undefined, `${world.name} differs in ${release}`);
    }
  }
});
