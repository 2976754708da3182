// Is a promise of an end refuted by a run that really never ends, and told from a wrong rank?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exploration, Violation } from '../../model/explore/exploration.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import { endlessFrom } from '../../model/explore/lasso.js';
import { explorePlainly } from '../../model/explore/plain.js';
import type { AnyWorld } from '../../model/explore/world.js';
import type { VfioWorld } from '../../model/worlds/vfio-2011.js';
import { worldNamed } from '../../model/worlds.js';
import { canonical } from '../../spec/kit/canonical.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import { type AnyOp, allowed, defaultPolicies, type Liveness } from '../../spec/law/profile.js';
import { cite } from '../../spec/law/sources.js';
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import type { Op, State } from '../../spec/vfio-2011/state.js';
import { promisingOnly, type Rewrite, rewritten } from './rewritten.js';
import { type Counters, countersTo, type Step } from './toy-world.js';

const explorers = [
  ['plain', explorePlainly],
  ['fast', exploreFast],
] as const;

/** The state after some steps; each must be allowed as it is told. */
function after(world: AnyWorld, steps: Violation<AnyOp>['trace'], from?: unknown): unknown {
  const policies = { ...defaultPolicies(world.profile), ...world.policies };
  let state = from ?? world.profile.initial(world.setup, policies, true);
  for (const { op, rule } of steps) {
    const ending = allowed(world.profile, state, op, policies).find(e => e.rule === rule);
    assert.ok(ending, `${canonical(op)} does not end by ${rule}`);
    state = ending.state;
  }
  return state;
}

type Explorer = (world: AnyWorld) => Exploration<AnyOp>;

/** How the promise is broken, in a law that makes no other. */
function brokenLife(run: Explorer, world: AnyWorld, id: string): Violation<AnyOp> {
  const [found] = run(promisingOnly(world, id)).violations;
  assert.ok(found, 'not noticed');
  assert.equal(found.kind, 'lives');
  return found;
}

/** A removal that is woken sleeps again while the set is held, and whoever sleeps may be woken for nothing. */
type Broken = Rewrite<State, Op, PolicyValues>;

function restless(): AnyWorld {
  const always: Broken = c => ({
    ...c,
    when: (s, op) => 'device' in op && s.devices[op.device]!.leaving === 'no',
  });
  const turning: Broken = c => ({
    ...c,
    then: (s, op) => {
      const at = (op as { device: number }).device;
      const leaving = s.devices[at]!.leaving === 'woken' ? 'asleep' : 'woken';
      return { outcome: { is: 'waits' }, state: patch(s, { devices: patchAt(s.devices, at, { leaving }) }) };
    },
  });
  const world = worldNamed('unplug-merged')!;
  return rewritten(rewritten(world, 'resume/nobody-woken', always), 'resume/lost-the-race', turning);
}

for (const [name, run] of explorers) {
  test(`${name}: a waiter that is woken for nothing, for ever, is told as a cycle`, () => {
    const world = restless();
    const id = 'unplug/ends-once-users-close';
    const { trace, cycle, why } = brokenLife(run, world, id);
    assert.equal(why, 'the steps of the cycle can go on for ever');
    assert.deepEqual([trace.length, cycle?.length], [3, 2], 'the shortest way into the shortest cycle');
    assert.ok(cycle?.every(s => s.op.op === 'resume'));
    const start = after(world, trace);
    const half = after(world, cycle!.slice(0, 1), start);
    assert.notEqual(canonical(half), canonical(start));
    assert.equal(canonical(after(world, cycle!, start)), canonical(start), 'once around');
  });

  test(`${name}: a rank that does not fall, where every run ends, is called wrong`, () => {
    const world = worldNamed('unplug-merged') as VfioWorld;
    const lives = world.profile.lives.map(l => ({ ...l, rank: [] }));
    const wrong = { ...world, profile: { ...world.profile, lives } };
    const { trace, cycle, why } = brokenLife(run, wrong, 'last-close/frees-everything');
    assert.equal(cycle, undefined);
    assert.match(why, /does not lower the rank, but no endless run was found from here: the rank is wrong/);
    assert.deepEqual(
      trace.map(s => s.op.op),
      ['open_group', 'close'],
    );
  });
}

const ends = (drives: Liveness<Counters, Step>['drives']): Liveness<Counters, Step> => ({
  id: 'counters/end',
  says: 'Counting ends.',
  cite: [cite('ours', 'ADR-0000')],
  drives,
  rank: [],
  good: () => true,
});
const START: Counters = {
  rows: [
    { n: 0, mark: '' },
    { n: 0, mark: '' },
  ],
  flag: { up: false },
};
const BACK = { ...countersTo(20), ops: [...countersTo(20).ops, { op: 'back', at: 1 } as const] };

test('the way into a cycle and around it', () => {
  // Forward with the second counter is possible at once, back only when the first one is at three.
  const life = ends((s, o) => (o.op === 'back' ? s.rows[0]!.n === 3 : o.op === 'step'));
  const found = endlessFrom(BACK, {}, life, START);
  assert.ok(found.is === 'endless');
  assert.deepEqual(
    found.stem.map(s => s.op),
    Array(3).fill({ op: 'step', at: 0 }),
  );
  assert.deepEqual(
    found.cycle.map(s => s.op),
    [
      { op: 'step', at: 1 },
      { op: 'back', at: 1 },
    ],
  );
});

test('no cycle is said to be there for a step that changes nothing, or for want of search', () => {
  const steps = ends((_, o) => o.op === 'step');
  assert.deepEqual(endlessFrom(BACK, {}, steps, START), { is: 'ends' });
  const cut = endlessFrom(BACK, {}, steps, START, 50);
  assert.ok(cut.is === 'undecided' && cut.states >= 50);
});

test('a cycle that the law does not repeat is no cycle', () => {
  let calls = 0;
  const world = countersTo(1, (s, op) =>
    patch(s, { rows: patchAt(s.rows, op.at, { n: ++calls > 1 ? 0 : 1 }) }),
  );
  const flips = { ...world, ops: [...world.ops, { op: 'back', at: 0 } as const] };
  const life = ends((_, o) => (o.op === 'step' || o.op === 'back') && o.at === 0);
  assert.throws(() => endlessFrom(flips, {}, life, START), /do not repeat themselves/);
});
