// Does every call of a guest's walk fit its machine, does every machine fit, and are most calls accepted?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS } from '../../conformance/targets/pseries/calls.js';
import { commandLine } from '../../conformance/targets/pseries/command-line.js';
import { byWeight } from '../../spec/calls/calls.js';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { aPseries, GUEST_ARMS } from '../../spec/calls/spapr-tce-guest.js';
import { type AnyOp, allowed, defaultPolicies, type Policies, PROFILES } from '../../spec/index.js';
import { machineFits, type Op, opFits } from '../../spec/protocol/spapr-tce.js';

const PROFILE = PROFILES['spapr-tce']!;
const QEMU: Policies = { ...defaultPolicies<Policies>(PROFILE), dialect: 'qemu' };
const next = byWeight(GUEST_ARMS as never);

test('calls fit, name every operation of a guest, and enough of them succeed', () => {
  const dice = new Dice(7);
  const seen = new Map<string, { made: number; accepted: number }>();
  const rules = new Set<string>();
  for (let walk = 0; walk < 60; walk++) {
    const machine = aPseries(new Digits(dice.number()));
    assert.equal(machineFits(machine), undefined);
    assert.ok(!('cannot' in commandLine(machine)));
    let state = PROFILE.initial(machine, QEMU, false);
    for (let n = 0; n < 100; n++) {
      const op = next(machine as never, state as never, new Digits(dice.number())) as AnyOp as Op;
      assert.equal(opFits(machine, op), undefined, op.op);
      const ending = allowed(PROFILE, state, op as AnyOp, QEMU).at(-1)!;
      const count = seen.get(op.op) ?? { made: 0, accepted: 0 };
      count.made++;
      if (ending.outcome.is !== 'refused') count.accepted++;
      seen.set(op.op, count);
      rules.add(ending.rule);
      state = ending.state;
    }
  }
  assert.deepEqual([...seen.keys()].sort(), [...OPERATIONS].sort());
  for (const [op, { made, accepted }] of seen) {
    assert.ok(made > 20, `${op}: ${made}`);
    assert.ok(accepted > made / 4, `${op}: ${accepted} of ${made}`);
    assert.ok(accepted < made || op === 'ddw_query', `${op} is refused at times`);
  }
  for (const rule of ['ddw_create/too-large', 'h_stuff_tce/stops-at-end', 'guest_dma/translated'])
    assert.ok(rules.has(rule), rule);
});

test('the same digits, the same machine', () => {
  const machines = [1, 2].map(() => JSON.stringify(aPseries(new Digits(123_456_789)), (_, v) => String(v)));
  assert.equal(machines[0], machines[1]);
});
