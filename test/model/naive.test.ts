// Does the explorer reach what the simplest one reaches, which knows nothing but objects and their spelling?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from '../../model/explore/explore.js';
import { exploreNaively } from '../../model/explore/naive.js';
import { worldNamed } from '../../model/worlds.js';
import { canonical } from '../../spec/kit/canonical.js';

for (const name of [
  'pair',
  'two-owners',
  'two-buses',
  'dma-two-groups',
  'dma-tagged',
  'drivers',
  'attach-unplug',
  'tce-ownership',
  'tce-memory',
  'tce-firmware',
]) {
  test(`${name}: the explorer reaches exactly the states that the naive one reaches`, () => {
    const world = worldNamed(name)!;
    const states = new Set<string>();
    const { transitions } = explore(world, {}, { visit: (_, state) => states.add(canonical(state)) });
    const naive = exploreNaively(world);
    assert.deepEqual([...states].sort(), [...naive.states].sort());
    assert.equal(transitions, naive.transitions);
  });
}
