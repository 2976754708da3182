// Do law and implementation agree where KVM was given a LIOBN that the guest's firmware would use?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree } from '../../model/compare/agree.js';
import { implementationOf } from '../../model/machine.js';
import { TCE_MACHINES } from '../../spec/calls/spapr-tce-machines.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import type { PolicyValues } from '../../spec/spapr-tce/policies.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';
import type { Op } from '../../spec/spapr-tce/state.js';

const MACHINE = TCE_MACHINES['powernv with a guest']!;
const BUID = 0x800_0000_2000_0000n;
const LOW = 0x8000_0000n;
const HIGH = LOW + 1n;

const remove = (liobn: bigint): Op => ({ op: 'ddw_remove', liobn });
const taken = (liobn: bigint): Op => ({ op: 'kvm_create', liobn, shift: 12, offset: 2n, size: 4n });
const create: Op = { op: 'ddw_create', buid: BUID, shift: 12, window: 13 };
const query: Op = { op: 'ddw_query', buid: BUID, outputs: 5 };
const reset: Op = { op: 'ddw_reset', buid: BUID };
const get: Op = { op: 'h_get_tce', liobn: LOW, ioba: 0x2000n };

/** The last answer, all of them agreed on. */
function last(dialect: 'strict' | 'kvm', ops: readonly Op[]): unknown {
  const policies = { ...defaultPolicies<PolicyValues>(spaprTce), dialect };
  const built = implementationOf('spapr-tce', MACHINE, policies);
  let state = spaprTce.initial(MACHINE, policies, false);
  let answer: unknown;
  for (const op of ops) {
    const step = agree(spaprTce, state, op, policies, built);
    assert.ok(step.agrees, `${dialect}: ${op.op}`);
    ({ state } = step);
    answer = step.observed;
  }
  return answer;
}
const refusedBy = (errno: string) => ({ is: 'refused', errno });

test('no LIOBN is left for a second window', () => {
  const ops = [remove(LOW), taken(HIGH), create, create];
  assert.deepEqual(last('strict', ops), refusedBy('RTAS_PARAM_ERROR'));
  assert.deepEqual(last('kvm', ops), refusedBy('RTAS_HW_ERROR'));
});

test('what a query tells can be had', () => {
  const told = last('strict', [remove(LOW), taken(HIGH), create, query]) as { windows: number };
  assert.equal(told.windows, 0);
  const more = last('strict', [remove(LOW), taken(HIGH), query]) as { windows: number };
  assert.equal(more.windows, 1);
});

test('a window is made in the slot whose LIOBN is free', () => {
  for (const dialect of ['strict', 'kvm'] as const) {
    const made = last(dialect, [remove(LOW), taken(LOW), create]) as { liobn: bigint };
    assert.equal(made.liobn, HIGH, dialect);
  }
});

test('a default window does not come back over a window of KVM', () => {
  for (const dialect of ['strict', 'kvm'] as const) {
    last(dialect, [remove(LOW), taken(LOW), reset, get, remove(LOW), get]);
    last(dialect, [create, remove(LOW), taken(LOW), remove(HIGH), get, create]);
    last(dialect, [remove(LOW), taken(LOW), reset, { op: 'kvm_close', liobn: LOW }, reset, get]);
  }
});
