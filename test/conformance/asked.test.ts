// Are the clauses that are told to speak those that speak, and does what is told of the others bear on them?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedOf } from '../../conformance/index.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { CALLS } from '../../spec/calls/index.js';
import {
  type AnyOp,
  type AnyProfile,
  allowed,
  type Clause,
  defaultPolicies,
  inForce,
  lackOf,
  type Policies,
  PROFILES,
} from '../../spec/index.js';

/** Some states on a random walk, each with a call. */
function* walked(profile: AnyProfile, steps: number) {
  const { machines, next } = CALLS[profile.name]!;
  const machine: unknown = Object.values(machines)[0];
  const policies = defaultPolicies<Policies>(profile);
  const dice = new Dice(5);
  let state = profile.initial(machine, policies, false) as object;
  for (let i = 0; i < steps; i++) {
    const op = next(machine, state, new Digits(dice.number())) as AnyOp;
    if (lackOf(profile, policies, op.op) !== undefined) continue;
    yield { asking: { profile, machine, policies, state }, op };
    const endings = allowed(profile, state, op, policies);
    state = endings[dice.below(endings.length)]!.state as object;
  }
}

for (const name of Object.keys(CALLS))
  test(`${name}: the clauses that speak are those that the law goes by`, () => {
    const profile = PROFILES[name]!;
    // What the hardware may have cached takes long to vary.
    for (const { asking, op } of walked(profile, name === 'hardware' ? 6 : 40)) {
      const { policies, state } = asking;
      const asked = askedOf(asking, op);
      const law = new Set(allowed(profile, state, op, policies).map(e => e.rule));
      assert.deepEqual(new Set(asked.filter(c => c.is === 'spoke').map(c => c.id)), law, op.op);
      assert.deepEqual(
        asked.map(c => c.id),
        inForce(profile.rules[op.op] as readonly Clause<unknown, unknown>[], policies).map(c => c.id),
      );
      const end = asked.findIndex(c => c.is === 'spoke' && c.kind === 'must');
      assert.ok(asked.every((c, i) => (c.is === 'not-asked') === i > end));
    }
  });

test('a clause that does not apply says what is otherwise than it asks', () => {
  const profile = PROFILES['vfio-type1']!;
  const machine: unknown = Object.values(CALLS['vfio-type1']!.machines)[0];
  const policies = defaultPolicies<Policies>(profile);
  const state = profile.initial(machine, policies, false) as object;
  const of = (op: object) => askedOf({ profile, machine, policies, state }, op as AnyOp);
  const open = of({ op: 'open_container', as: 5 });
  assert.deepEqual(open[0], {
    ...open[0],
    id: 'open_container/no-descriptor',
    is: 'passed',
    facts: ['descriptor 5 is not open'],
    call: [{ field: 'as', value: 5 }],
  });
  const close = of({ op: 'close', handle: 3 });
  assert.equal(close[0]!.is, 'spoke');
  assert.equal(close[0]!.errno, 'EBADF');
  assert.equal(close.at(-1)!.is, 'not-asked');
});
