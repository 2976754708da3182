// Do the implementation and the law go hand in hand along random walks, under every policy?
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { agree, type Disagreement, differenceOf } from '../../model/compare/agree.js';
import type { Force } from '../../model/driven.js';
import { FAULT_OF, Machine } from '../../model/machines/vfio-2011.js';
import { Digits } from '../../spec/calls/digits.js';
import { vfio2011Calls } from '../../spec/calls/vfio-2011.js';
import { allowed, defaultPolicies, vfio2011 } from '../../spec/index.js';
import { POLICIES, type PolicyValues } from '../../spec/vfio-2011/policies.js';
import { initial, type Op, type Setup, type State } from '../../spec/vfio-2011/state.js';
import { seedOf } from '../impl/seed.js';

const DEFAULTS: PolicyValues = defaultPolicies<PolicyValues>(vfio2011);
const MAY = new Set(
  Object.values(vfio2011.rules).flatMap(list => list.filter(c => c.kind === 'may').map(c => c.id)),
);
/** Which clauses an implementation's steps ended with, over the whole file. */
const taken = new Map<string, number>();

/** Calls as numbers: which operation, and what is forced. Long walks, as short ones open little. */
const number = (max: number) => fc.integer({ min: 0, max });
const call = fc.tuple(number(Number.MAX_SAFE_INTEGER), number(255));
const walk = fc.noBias(fc.array(call, { minLength: 1, maxLength: 80, size: 'max' }));

/** WALKS=... in the environment makes every campaign that many times longer. */
const LENGTH = Number(process.env['WALKS'] ?? 1);

interface Walk {
  readonly setup: Setup;
  readonly policies: PolicyValues;
  readonly calls: readonly (readonly [number, number])[];
  readonly forced: boolean;
}

/** Runs a walk; whoever reads the failure sees the calls up to the one that parted them. */
function lockstep({ setup, policies, calls, forced }: Walk, machine: Machine): void {
  machine.reset();
  let state = initial(setup, policies, false);
  assert.equal(
    differenceOf(vfio2011.view(state), machine.view(), ''),
    null,
    'the start, or a start after a reset',
  );
  const trace: Op[] = [];
  for (const [code, n] of calls) {
    const op = vfio2011Calls.next(setup, state, new Digits(code));
    const force = forced ? forceOf(state, op, policies, n) : undefined;
    trace.push(op);
    const result = agree(vfio2011, state, op, policies, machine, force);
    if (!result.agrees) throw new Error(report(trace, result, force));
    taken.set(result.rule, (taken.get(result.rule) ?? 0) + 1);
    state = result.state;
  }
  // Every other machine is put back to the start with all that is open.
  if (calls.length % 2 === 0) closeAll(state, policies, machine);
}

/** One of the endings that the law only permits here, or none. */
function forceOf(state: State, op: Op, policies: PolicyValues, n: number): Force | undefined {
  const d = new Digits(n);
  const at = d.next(4);
  const may = allowed(vfio2011, state, op, policies).filter(e => MAY.has(e.rule));
  const pick = may[d.next(may.length + 1)];
  return pick === undefined ? undefined : { rule: pick.rule, at };
}

/** After the last close nothing may be left, in the tables either. */
function closeAll(state: State, policies: PolicyValues, machine: Machine): void {
  const names = state.handles.reduce<number[]>((list, _, name) => [...list, name], []);
  let now = state;
  for (const handle of names) {
    const result = agree(vfio2011, now, { op: 'close', handle }, policies, machine);
    assert.ok(result.agrees, 'close');
    now = result.state;
  }
  assert.equal(machine.impl.tablePages, 0, 'table pages in use after the last close');
  for (let mm = 0; mm < now.mms.length; mm++) assert.equal(machine.impl.locked(mm), 0, 'pages locked');
}

function report(trace: readonly Op[], found: Disagreement<Op>, force: Force | undefined): string {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v));
  return [
    `the two part at step ${trace.length}${force ? ` (forced: ${show(force)})` : ''}`,
    ...trace.map((op, at) => `  ${at + 1} ${show(op)}`),
    `observed ${show(found.observed)}`,
    ...found.allowed.map(e => `allowed  ${show(e.outcome)} by ${e.rule}`),
    `first difference at ${found.first.path}: allowed ${show(found.first.allowed)}, observed ${show(found.first.observed)}`,
  ].join('\n');
}

/** Machines are put back to the start and used again; a campaign of all combinations would make too many. */
class Machines {
  private readonly made = new Map<string, Machine>();

  on(setup: Setup, policies: PolicyValues): Machine {
    const key = JSON.stringify([setup, policies]);
    const machine = this.made.get(key) ?? new Machine(setup, policies, { arena: 256 });
    if (this.made.size > 64) this.made.clear();
    this.made.set(key, machine);
    return machine;
  }
}

function walks(t: TestContext, runs: number, policiesOf: fc.Arbitrary<PolicyValues>): void {
  const seed = seedOf(t);
  const machines = new Machines();
  const setups = fc.constantFrom(...Object.values(vfio2011Calls.machines));
  const property = fc.property(setups, policiesOf, walk, fc.boolean(), (setup, policies, calls, forced) => {
    lockstep({ setup, policies, calls, forced }, machines.on(setup, policies));
  });
  fc.assert(property, { seed, numRuns: runs * LENGTH, includeErrorInReport: true });
}

/** So many walks under each value of each policy, and under any combination of them. */
export function testWalks(each: number, combined: number): void {
  for (const policy of POLICIES) {
    for (const { value } of policy.values) {
      test(`walks under ${policy.name}=${value}`, t => {
        walks(t, each, fc.constant({ ...DEFAULTS, [policy.name]: value } as PolicyValues));
      });
    }
  }

  test('walks under any combination of policies', t => {
    const values = Object.fromEntries(
      POLICIES.map(p => [p.name, fc.constantFrom(...p.values.map(v => v.value))]),
    );
    walks(t, combined, fc.record(values) as unknown as fc.Arbitrary<PolicyValues>);
  });

  test('every ending that the law only permits can be forced, and was', t => {
    assert.deepEqual(Object.keys(FAULT_OF).sort(), [...MAY].sort());
    const missed = () => [...MAY].filter(rule => !taken.has(rule));
    for (let more = 0; more < 300 && missed().length > 0; more++) walks(t, 120, fc.constant(DEFAULTS));
    assert.deepEqual(missed(), []);
  });
}
