// Do both explorers tell the same of a law that breaks its promises?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VfioWorld } from '../../../model/worlds/vfio-2011.js';
import { worldNamed } from '../../../model/worlds.js';
import { same } from '../../model/both-explorers.js';
import { BREAKS } from '../../model/breaks.js';
import { rewritten } from '../../model/rewritten.js';

const QUICK = ['pair', 'two-owners', 'two-buses', 'attack-window'];

for (const [promise, name, clause, rewrite, length, policies] of BREAKS.filter(b => QUICK.includes(b[1]))) {
  test(`${promise}, broken by ${clause}: both explorers tell the same`, () => {
    const fast = same(rewritten(worldNamed(name) as VfioWorld, clause, rewrite), policies);
    assert.equal(fast.violations.find(v => v.property === promise)?.trace.length, length);
  });
}

test('under another policy, where nothing else is broken: both explorers tell the same', () => {
  const { violations } = same(worldNamed('attack-window')!, { 'merge-incoming': 'any' });
  assert.ok(violations.length > 0);
});
