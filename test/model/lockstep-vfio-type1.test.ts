// Can every ending that the law of vfio-type1 only permits be provoked, and is a small world followed in each release?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permittedBy } from '../../model/compare/lockstep.js';
import { FAULT_OF } from '../../model/machines/vfio-type1.js';
import { vfioType1 } from '../../spec/vfio-type1/profile.js';
import { testCovered } from './covered.js';

test('every ending that the law only permits can be provoked', () => {
  const profile = vfioType1 as Parameters<typeof permittedBy>[0];
  assert.deepEqual(Object.keys(FAULT_OF).sort(), [...permittedBy(profile)].sort());
});

testCovered(['type1-entering', 'type1-entering-6-12', 'type1-entering-6-1']);
