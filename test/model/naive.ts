// Does the explorer reach what the simplest one reaches, which knows nothing but objects and their spelling?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from '../../model/explore/explore.js';
import { exploreNaively } from '../../model/explore/naive.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { canonical } from '../../spec/kit/canonical.js';

/** A test for each of the worlds. */
export function testNaive(worlds: readonly AnyWorld[]): void {
  for (const world of worlds) {
    test(`${world.name}: the explorer reaches exactly the states that the naive one reaches`, () => {
      const states = new Set<string>();
      const { transitions } = explore(world, {}, { visit: (_, state) => states.add(canonical(state)) });
      const naive = exploreNaively(world);
      assert.deepEqual([...states].sort(), [...naive.states].sort());
      assert.equal(transitions, naive.transitions);
    });
  }
}
