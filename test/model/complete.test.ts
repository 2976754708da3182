// Is every world explored to the end with the pinned counts, with every promise kept and every case seen?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from '../../model/explore/explore.js';
import { countsOf } from '../../model/pinned.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';

const small = WORLDS.filter(w => !w.large);

/** What the tests of the worlds below have seen happen. */
const happened = new Set<string>();

for (const world of small) {
  test(`${world.name}: complete, every promise kept`, () => {
    const { complete, states, transitions, violations, seen } = explore(world);
    for (const id of seen) happened.add(id);
    assert.deepEqual(violations, []);
    assert.deepEqual({ complete, states, transitions }, { complete: true, ...countsOf(world) });
  });
}

test('every sometimes property of every profile is seen in some small world', () => {
  for (const profile of new Set(small.map(w => w.profile))) {
    for (const p of profile.sometimes) assert.ok(happened.has(p.id), `${p.id} never happens`);
  }
});

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
