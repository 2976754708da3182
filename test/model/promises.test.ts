// Can each promise of vfio-2011 be broken at all? Each is seen to fail once, by the shortest trace.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worldNamed } from '../../model/worlds.js';
import { vfio2011 } from '../../spec/vfio-2011/profile.js';
import { BREAKS } from './breaks.js';
import { brokenIn, rewritten } from './rewritten.js';

for (const [promise, world, clause, rewrite, length, policies] of BREAKS) {
  test(`${promise} fails when ${clause} is broken`, () => {
    const broken = rewritten(worldNamed(world)!, clause, rewrite);
    const found = brokenIn(broken, promise, policies ?? {}, 50_000);
    assert.equal(found.trace.length, length);
  });
}

test('every promise is in the list of breaks', () => {
  const { always, steps, lives } = vfio2011;
  const broken = new Set(BREAKS.map(([promise]) => promise));
  assert.deepEqual(
    [...always, ...steps, ...lives].map(p => p.id).filter(id => !broken.has(id)),
    [],
  );
});
