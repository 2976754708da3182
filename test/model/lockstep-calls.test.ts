// Do law and implementation go hand in hand along the calls that live targets are asked for, and are those the same again?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Digits } from '../../spec/calls/digits.js';
import { CALLS } from '../../spec/calls/index.js';
import { type AnyProfile, defaultPolicies, type Policies, PROFILES } from '../../spec/index.js';
import { testCalls } from './lockstep-calls.js';

testCalls(2);

test('the same digits, the same call', () => {
  for (const [name, calls] of Object.entries(CALLS)) {
    const profile: AnyProfile = PROFILES[name]!;
    for (const machine of Object.values(calls.machines)) {
      const state = profile.initial(machine, defaultPolicies<Policies>(profile), false);
      const at = (code: number) => calls.next(machine, state, new Digits(code));
      for (const code of [0, 17, 2 ** 52 + 1]) assert.deepEqual(at(code), at(code));
    }
  }
});
