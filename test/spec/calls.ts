// Do the generators make calls that fit the machine, of which a fair share is accepted?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { CALLS } from '../../spec/calls/index.js';
import {
  type AnyProfile,
  allowed,
  defaultPolicies,
  type Policies,
  PROFILES,
  RELEASE,
} from '../../spec/index.js';
import { decode } from '../../spec/protocol/codec.js';
import { VOCABULARIES } from '../../spec/protocol/profiles.js';

const STEPS = 120;
/** A walk of refusals finds little; what it should be at least, over all machines of a profile. */
const FAIR = 0.25;

/** The release that lacks no operation, where there is one: a walk makes all calls. */
function withEveryCall(profile: AnyProfile): Policies {
  const all = profile.releases?.find(r => r.lacks === undefined);
  return { ...defaultPolicies<Policies>(profile), ...(all === undefined ? {} : { [RELEASE]: all.name }) };
}

/** A test for each profile: so many walks of each of its machines. */
export function testFair(walks: number): void {
  for (const [name, { machines, next }] of Object.entries(CALLS)) {
    const profile = PROFILES[name]!;
    const { op: codec, opFits, machineFits } = VOCABULARIES[name]!;

    test(`${name}: every call of a walk can be written down and fits the machine, and many are accepted`, () => {
      const policies = withEveryCall(profile);
      let calls = 0;
      let accepted = 0;
      for (const [says, machine] of Object.entries(machines)) {
        assert.equal(machineFits?.(machine), undefined, says);
        const dice = new Dice(7);
        for (let walk = 0; walk < walks; walk++) {
          let state: unknown = profile.initial(machine, policies, false);
          for (let step = 0; step < STEPS; step++) {
            const op = next(machine, state, new Digits(dice.number()));
            const written = decode(codec, codec.encode(op));
            assert.ok(written.ok, `${says}: ${op.op}`);
            assert.equal(opFits?.(machine, op), undefined, `${says}: ${op.op}`);
            const ending = allowed(profile, state, op, policies).at(-1)!;
            state = ending.state;
            calls++;
            if (ending.outcome.is !== 'refused') accepted++;
          }
        }
      }
      assert.ok(accepted / calls >= FAIR, `${accepted} of ${calls}`);
    });
  }
}
