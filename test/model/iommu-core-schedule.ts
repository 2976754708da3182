// If calls on the IOMMU core run at the same time, is there always an order of them that the law allows?
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { History } from '../../model/compare/linearize.js';
import { type Concurrent, type Plan, type Run, runSchedule } from '../../model/compare/schedule.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { Machine } from '../../model/machines/iommu-core.js';
import { worldNamed } from '../../model/worlds.js';
import { type AnyOp, allowed, defaultPolicies, type Profile } from '../../spec/index.js';
import type { PolicyValues } from '../../spec/iommu-core/policies.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import type { Setup } from '../../spec/iommu-core/state.js';
import type { Policies } from '../../spec/law/clause.js';
import { seedOf } from '../impl/seed.js';

export const LAW = iommuCore as unknown as Profile<unknown, AnyOp, Policies, unknown>;
/** Worlds of the drafts are among those that are tried: 7.2 with more calls. */
export const POLICIES: PolicyValues = { ...defaultPolicies<PolicyValues>(iommuCore), release: 'drafts' };
const LENGTH = Number(process.env['WALKS'] ?? 1);
const ROOM = 2 ** 31;
/** DMA asks no lock: see the last test of iommu-core-schedule.test.ts. */
const LOCKLESS: ReadonlySet<string> = new Set(['dma']);

/** A plan out of numbers: calls before that the law mostly lets succeed, then two or three threads. */
function planOf(
  world: AnyWorld,
  before: readonly number[],
  threads: readonly (readonly number[])[],
  without: ReadonlySet<string>,
): Plan {
  const ops = (world.ops as readonly AnyOp[]).filter(op => !LOCKLESS.has(op.op));
  const racing = ops.filter(op => !without.has(op.op));
  let state: unknown = LAW.initial(world.setup, POLICIES, false);
  const first: AnyOp[] = [];
  for (const code of before) {
    // Of a few calls the first that changes something: most pairs of call and state are refusals.
    for (let i = 0; i < 12; i++) {
      const op = ops[(code + i * 7919) % ops.length]!;
      const ending = allowed(LAW, state, op, POLICIES).at(-1)!;
      if (ending.outcome.is !== 'ok' || ending.state === state) continue;
      first.push(op);
      state = ending.state;
      break;
    }
  }
  let name = 100;
  const fresh = (op: AnyOp): AnyOp => ('as' in op ? Object.assign({ ...op }, { as: name++ }) : op);
  const calls = threads.map(codes => codes.map(code => fresh(racing[code % racing.length]!)));
  return { policies: POLICIES, setup: world.setup, before: first, threads: calls };
}

const codes = (min: number, max: number) =>
  fc.array(fc.nat({ max: ROOM }), { minLength: min, maxLength: max, size: 'max' });

function told({
  history,
  linearization: { best },
}: {
  history: History;
  linearization: Run['linearization'];
}): string {
  const show = (value: unknown): string =>
    JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v));
  return [
    'no order of these calls is allowed:',
    ...history.spans.map((s, i) => `  ${i}: ${s.began}-${s.ended} ${show(s.op)} -> ${show(s.outcome)}`),
    `the longest that is: ${best.map(p => `${p.span} (${p.rule})`).join(', ')}`,
    `state at the end: ${show(history.view)}`,
  ].join('\n');
}

interface Campaign {
  readonly runs: number;
  readonly locking?: 'by-group' | 'none';
  readonly fail?: boolean;
  /** Calls that the threads do not make. */
  readonly without?: readonly string[];
}

/** Runs plans until one has no order; counts what was interleaved. */
export async function campaign(
  t: TestContext,
  worlds: readonly string[],
  { runs, locking, fail, without = [] }: Campaign,
) {
  let switches = 0;
  let calls = 0;
  let failures = 0;
  const machines = new Map(
    worlds.map(name => [name, new Machine(worldNamed(name)!.setup as Setup, POLICIES, locking)] as const),
  );
  const property = fc.asyncProperty(
    fc.constantFrom(...worlds),
    codes(2, 10),
    fc.array(codes(1, 4), { minLength: 2, maxLength: 3 }),
    fc.nat({ max: 5 }),
    fc.scheduler(),
    async (name, before, threads, nth, s) => {
      const plan = planOf(worldNamed(name)!, before, threads, new Set(without));
      const machine = machines.get(name) as unknown as Concurrent;
      const run = await runSchedule(LAW, machine, fail ? { ...plan, failing: [nth] } : plan, s);
      switches += run.switches;
      calls += run.history.spans.length;
      failures += run.history.failures ?? 0;
      if (run.linearization.order === undefined) throw new Error(told(run));
    },
  );
  // Without locks any history will do that has no order.
  const endOnFailure = locking === 'none';
  const details = await fc.check(property, { seed: seedOf(t), numRuns: runs * LENGTH, endOnFailure });
  return { details, switches, calls, failures };
}

const WORLDS = ['two-bridges', 'drivers', 'handles', 'pasids', 'sva', 'aux', 'resets', 'boot', 'strangers'];

/** So many histories of each world, and so many of all in which a call of a driver fails. */
export function testOrders(each: number, failing: number): void {
  for (const name of WORLDS) {
    test(`calls at the same time have an order: ${name}`, async t => {
      const { details, switches, calls } = await campaign(t, [name], { runs: each });
      t.diagnostic(`${details.numRuns} histories, ${calls} calls, ${switches} switches`);
      assert.ok(!details.failed, details.counterexample === null ? '' : String(details.errorInstance));
      assert.ok(switches > calls / 2, 'hardly anything was interleaved');
    });
  }

  test('the same with a call of a driver that fails', async t => {
    const { details, calls, failures } = await campaign(t, WORLDS, { runs: failing, fail: true });
    t.diagnostic(`${details.numRuns} histories, ${calls} calls, ${failures} failures`);
    assert.ok(!details.failed, details.counterexample === null ? '' : String(details.errorInstance));
    assert.ok(failures > failing / 20, 'hardly anything failed');
  });
}
