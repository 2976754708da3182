// Does the implementation of spapr-tce follow every transition of its smallest worlds, and has each failure a way?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permittedBy } from '../../model/compare/lockstep.js';
import { FAULT_OF } from '../../model/machines/spapr-tce.js';
import { countsOf } from '../../model/pinned.js';
import { WORLDS } from '../../model/worlds.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';
import { testCovered } from './covered.js';

/** The rest is in test/long. */
const SMALL = 3_000;

test('every ending that the law only permits can be provoked', () => {
  const profile = spaprTce as Parameters<typeof permittedBy>[0];
  assert.deepEqual(Object.keys(FAULT_OF).sort(), [...permittedBy(profile)].sort());
});

testCovered(WORLDS.filter(w => w.profile === spaprTce && countsOf(w).transitions < SMALL).map(w => w.name));
