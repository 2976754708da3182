// Does the fast explorer find exactly what the plain one finds, and does it notice a law that it cannot learn?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exploration } from '../../model/explore/exploration.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import { Impure } from '../../model/explore/fast/trie.js';
import { explorePlainly } from '../../model/explore/plain.js';
import type { AnyWorld } from '../../model/explore/world.js';
import type { VfioWorld } from '../../model/worlds/vfio-2011.js';
import { WORLDS, worldNamed } from '../../model/worlds.js';
import { canonical } from '../../spec/kit/canonical.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import type { AnyOp } from '../../spec/law/profile.js';
import { BREAKS } from './breaks.js';
import { rewritten } from './rewritten.js';
import { type Counters, countersTo, type Step, sumOf } from './toy-world.js';

/** Everything that an exploration says of the world, and nothing of how it was done. */
const told = ({ states, transitions, accepted, depth, complete, rules, seen }: Exploration<AnyOp>) => ({
  ...{ states, transitions, accepted, depth, complete },
  rules: [...rules].sort(),
  seen: [...seen].sort(),
});

/** Broken promises with the lengths of their traces: which shortest trace is told is nobody's business. */
const broken = (r: Exploration<AnyOp>) =>
  r.violations.map(v => `${v.property} (${v.kind}) after ${v.trace.length}: ${v.why}`).sort();

function same(world: AnyWorld, policies: object = {}, whole = true): Exploration<AnyOp> {
  const plainly = new Set<string>();
  const plain = explorePlainly(world, policies, {
    all: true,
    aims: whole,
    ...(whole && {
      inspect: states => {
        for (const s of states) plainly.add(canonical(s));
      },
    }),
  });
  let missing = 0;
  const fast = exploreFast(world, policies, {
    all: true,
    aims: whole,
    ...(whole && {
      inspect: states => {
        for (const s of states) if (!plainly.delete(canonical(s))) missing++;
      },
    }),
  });
  assert.deepEqual(told(fast), told(plain));
  assert.deepEqual(broken(fast), broken(plain));
  assert.equal(missing, 0, 'states that the plain explorer does not know, or states found twice');
  assert.equal(plainly.size, 0, 'states that the fast explorer has not found');
  return fast;
}

/** Up to here sets of states and aims are compared, too; beyond, counts, clauses and promises. */
const WHOLE = 6000;
/** Its plain exploration takes half a minute; its counts are pinned from one. */
const LARGEST = 'trio-idle';

for (const world of WORLDS.filter(w => !w.large && w.name !== LARGEST)) {
  const whole = world.counts.states <= WHOLE;
  test(`${world.name}: both explorers find the same ${whole ? 'states and aims' : 'counts and clauses'}`, () => {
    const { states } = same(world, {}, whole);
    assert.equal(states, world.counts.states);
  });
}

const QUICK = ['pair', 'two-owners', 'two-buses', 'attack-window'];

for (const [promise, name, clause, rewrite, length, policies] of BREAKS.filter(b => QUICK.includes(b[1]))) {
  test(`${promise}, broken by ${clause}: both explorers tell the same`, () => {
    const fast = same(rewritten(worldNamed(name) as VfioWorld, clause, rewrite), policies);
    assert.equal(fast.violations.find(v => v.property === promise)?.trace.length, length);
  });
}

test('under another policy, where nothing else is broken: both explorers tell the same', () => {
  const { violations } = same(worldNamed('attack-window')!, { 'merge-incoming': 'any' });
  assert.ok(violations.length > 0);
});

test('the law of counters is explored alike, for the tests below', () => {
  const { states, transitions } = same(countersTo(99));
  assert.deepEqual({ states, transitions }, countersTo(99).counts);
});

const counted = (s: Counters, op: Step, by: number, mark = ''): Counters =>
  patch(s, { rows: patchAt(s.rows, op.at, { n: s.rows[op.at]!.n + by, mark }) });

test('a rule with a counter of its own is reported', () => {
  let calls = 0;
  const world = countersTo(99, (s, op) => counted(s, op, 1, ++calls % 3 === 0 ? 'third' : ''));
  assert.throws(() => exploreFast(world), Impure);
});

test('a rule that once reads more than it read before is reported', () => {
  let calls = 0;
  const world = countersTo(99, (s, op) => counted(s, op, 1, ++calls % 3 === 0 && s.flag.up ? 'up' : ''));
  assert.throws(() => exploreFast(world), Impure);
});

test('a rule that depends on the time is caught by asking again', () => {
  let blocks = 0;
  // All that the rule reads is learned early; later it would say something else, and nobody asks it.
  const world = countersTo(99, (s, op) =>
    counted(s, op, 1, blocks > 2 && s.rows[op.at]!.n < 20 ? 'late' : ''),
  );
  assert.throws(
    () => exploreFast(world, {}, { progress: () => void blocks++ }),
    (e: Error) => e instanceof Impure && /run again on the same state/.test(e.message),
  );
});

test('a selector that is first asked deep in the world is learned like any other', () => {
  const asked = { at: Number.POSITIVE_INFINITY, states: 0 };
  const world = countersTo(99, (s, op) => {
    if (s.rows[0]!.n < 70 || s.rows[1]!.n < 70) return counted(s, op, 1);
    asked.at = Math.min(asked.at, asked.states);
    return counted(s, op, 1, sumOf(s) % 3 === 0 ? 'third' : '');
  });
  const { learned } = exploreFast(world, {}, { progress: ({ states }) => void (asked.states = states) });
  assert.ok(asked.at > 4096 && asked.at < Number.POSITIVE_INFINITY, `asked after ${asked.at} states`);
  assert.equal(learned?.views, 1, 'the selector is computed ahead');
  same(world);
});

test('a record that was patched and then spread is reported with its fields', () => {
  const world = countersTo(9, (s, op) => {
    const row = { ...patch(s.rows[op.at]!, { n: 1 }), n: 2 };
    return patch(s, { rows: s.rows.map((r, i) => (i === op.at ? row : r)) });
  });
  assert.throws(() => exploreFast(world), /a record of 'rows' has the fields n and not n, mark/);
});

test('a rule that adds a field, or loses one of the state, is reported', () => {
  const adds = countersTo(9, s => patch(s, { more: 1 } as Partial<Counters>));
  assert.throws(() => exploreFast(adds), /adds the field 'more'/);
  const whole = countersTo(9, s => ({ rows: s.rows }) as unknown as Counters);
  const loses = { ...whole, ops: whole.ops.filter(o => o.op === 'step') };
  assert.throws(() => exploreFast(loses), /lost the field 'flag'/);
});
