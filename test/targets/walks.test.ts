// Are the calls of a walk those that the target and its release can make?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Script } from '../../conformance/targets/play.js';
import { type WalkPlan, walkScript } from '../../conformance/targets/walks.js';
import { CALLS } from '../../spec/calls/index.js';
import {
  type AnyOp,
  type AnyProfile,
  allowed,
  defaultPolicies,
  lackOf,
  type Policies,
  vfio2011,
} from '../../spec/index.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';

function planOf(profile: AnyProfile, ops: number): WalkPlan {
  const calls = CALLS[profile.name]!;
  const [named, machine] = Object.entries(calls.machines)[0]!;
  const policies = defaultPolicies<Policies>(profile);
  return { profile, calls, machine, named, policies, seed: 1, number: 0, ops, faults: new Set() };
}

/** The calls of a target that has some of the operations, and does what the law says. */
function callsOf(plan: WalkPlan, script: Script, has: (op: AnyOp) => boolean): readonly AnyOp[] {
  const { profile, machine, policies } = plan;
  let state: unknown = profile.initial(machine, policies, false);
  const made: AnyOp[] = [];
  for (let call = script.next(state); call !== undefined; call = script.next(state)) {
    made.push(call.op);
    if (has(call.op)) state = allowed(profile, state, call.op, policies).at(-1)!.state;
  }
  return made;
}

test('what the release does not have is not asked for', () => {
  const plan = planOf(iommuCore, 400);
  const made = callsOf(plan, walkScript(plan), () => true);
  assert.equal(made.length, 400);
  assert.ok(made.every(op => lackOf(iommuCore, plan.policies, op.op) === undefined));
});

test('operations that the target lacks are no calls of the walk, unless it lacks nearly all', () => {
  const plan = planOf(vfio2011, 50);
  const few = ['open_group', 'get_context'];
  const has = (op: AnyOp): boolean => few.includes(op.op);
  const made = callsOf(plan, walkScript({ ...plan, operations: few }), has);
  assert.equal(made.filter(has).length, 50);
  assert.ok(made.length > 100, 'the others are passed over, and count as not implemented');
  const none = callsOf(plan, walkScript({ ...plan, operations: [] }), () => false);
  assert.equal(none.length, 500, 'ten times as many, and then it is at its end');
});
