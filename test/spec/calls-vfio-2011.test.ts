// Does a random walk make every call that it has a weight for, and no other in its place?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArmsOf } from '../../spec/calls/calls.js';
import { Digits } from '../../spec/calls/digits.js';
import { ARMS, vfio2011Calls } from '../../spec/calls/vfio-2011.js';
import { vfio2011 } from '../../spec/index.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import { initial, type Op, type Setup, type State } from '../../spec/vfio-2011/state.js';

const { tick: _, ...withoutTick } = ARMS;
// @ts-expect-error: an operation without an arm does not compile; without this error nobody would notice one
const incomplete: ArmsOf<Setup, State, Op> = withoutTick;
// @ts-expect-error: an arm that makes another call than its own does not compile
const wrong: ArmsOf<Setup, State, Op> = { ...ARMS, resume: { weight: 6, make: () => ({ op: 'tick' }) } };

test('every operation has an arm that makes it', () => {
  assert.deepEqual(Object.keys(ARMS).sort(), Object.keys(vfio2011.rules).sort());
  assert.notDeepEqual(Object.keys(incomplete).sort(), Object.keys(vfio2011.rules).sort());
  const policies = defaultPolicies<PolicyValues>(vfio2011);
  for (const setup of Object.values(vfio2011Calls.machines)) {
    const state = initial(setup, policies, false);
    const made = (arms: ArmsOf<Setup, State, Op>) =>
      Object.entries(arms).map(([op, { make }]) => [op, make(new Digits(1_234_567_891), state, setup).op]);
    for (const [op, is] of made(ARMS)) assert.equal(is, op);
    assert.ok(made(wrong).some(([op, is]) => is !== op));
  }
});
