// Does the fast explorer find exactly what the plain one finds, and does it notice a law that it cannot learn?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import { Impure } from '../../model/explore/fast/trie.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import { same } from './both-explorers.js';
import { type Counters, countersHave, countersTo, type Step, sumOf } from './toy-world.js';

test('the law of counters is explored alike, for the tests below', () => {
  const { states, transitions } = same(countersTo(99));
  assert.deepEqual({ states, transitions }, countersHave(99));
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
