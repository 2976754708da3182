// Does a random walk make every call that it has a weight for, and no other in its place?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vfio2011 } from '../../spec/index.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import { initial } from '../../spec/vfio-2011/state.js';
import { ARMS, type Arms, Digits, SETUPS } from './lockstep-walks.js';

const { tick: _, ...withoutTick } = ARMS;
// @ts-expect-error: an operation without an arm does not compile; without this error nobody would notice one
const incomplete: Arms = withoutTick;
// @ts-expect-error: an arm that makes another call than its own does not compile
const wrong: Arms = { ...ARMS, resume: { weight: 6, make: () => ({ op: 'tick' }) } };

test('every operation has an arm that makes it', () => {
  assert.deepEqual(Object.keys(ARMS).sort(), Object.keys(vfio2011.rules).sort());
  assert.notDeepEqual(Object.keys(incomplete).sort(), Object.keys(vfio2011.rules).sort());
  const policies = defaultPolicies<PolicyValues>(vfio2011);
  for (const setup of Object.values(SETUPS)) {
    const state = initial(setup, policies, false);
    const made = (arms: Arms) =>
      Object.entries(arms).map(([op, { make }]) => [op, make(new Digits(1_234_567_891), state, setup).op]);
    for (const [op, is] of made(ARMS)) assert.equal(is, op);
    assert.ok(made(wrong).some(([op, is]) => is !== op));
  }
});
