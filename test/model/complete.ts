// Is a world explored to its end with the pinned counts, and every promise kept?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from '../../model/explore/explore.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { countsOf } from '../../model/pinned.js';

/** A test for each of the worlds. What they see happen is added to the set. */
export function testComplete(worlds: readonly AnyWorld[], happened: Set<string>): void {
  for (const world of worlds) {
    test(`${world.name}: complete, every promise kept`, () => {
      const { complete, states, transitions, violations, seen } = explore(world);
      for (const id of seen) happened.add(id);
      assert.deepEqual(violations, []);
      assert.deepEqual({ complete, states, transitions }, { complete: true, ...countsOf(world) });
    });
  }
}
