// Is every world explored to the end with the pinned counts, with every promise kept and every case seen?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORLDS } from '../../../model/worlds.js';
import { testComplete } from '../../model/complete.js';

const worlds = WORLDS.filter(w => !w.large);
const happened = new Set<string>();

testComplete(worlds, happened);

test('every sometimes property of every profile is seen in some world that is not large', () => {
  for (const profile of new Set(worlds.map(w => w.profile))) {
    for (const p of profile.sometimes) assert.ok(happened.has(p.id), `${p.id} never happens`);
  }
});
