// Is a small world of each profile explored alike by every explorer, with the pinned counts and every promise kept?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from '../../model/explore/explore.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { testBoth } from './both-explorers.js';
import { testComplete } from './complete.js';
import { testNaive } from './naive.js';
import { SMALL } from './small.js';

test('there is a small world of each profile that has worlds', () => {
  const profiles = (worlds: typeof SMALL) => [...new Set(worlds.map(w => w.profile.name))].sort();
  assert.deepEqual(profiles(SMALL), profiles(WORLDS));
});

testComplete(SMALL, new Set());
testBoth(SMALL);
testNaive(SMALL);

test('an exploration that is cut short says so', () => {
  const { complete, states } = explore(worldNamed('attack-window')!, {}, { maxStates: 500 });
  assert.equal(complete, false);
  assert.ok(states >= 500 && states < 1000);
});

test('a violation stops the exploration, and it is not called complete', () => {
  const { complete, violations } = explore(worldNamed('attack-window')!, { 'merge-incoming': 'any' });
  assert.equal(complete, false);
  assert.equal(violations.length, 1);
});
