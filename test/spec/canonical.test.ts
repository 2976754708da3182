// Are two states equal exactly when their canonical spellings are?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { canonical } from '../../spec/kit/canonical.js';
import { orderedTable } from '../../spec/kit/ordered-table.js';
import { slotTable, type Table } from '../../spec/kit/table.js';

/** Values that a careless spelling would confuse: few, so that equal ones meet often. */
const leaf = fc.constantFrom<unknown>(
  ...[
    '',
    'a',
    '1',
    '1n',
    'true',
    'null',
    'undefined',
    '"',
    '\\',
    '[]',
    '{}',
    'a:1',
    ',',
    'NaN',
    '\ud800',
    '\\ud800',
  ],
  ...[0, 1, -1, 10, 1.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY],
  ...[0n, 1n, -1n, 10n, 1n << 70n],
  ...[true, false, null, undefined],
);
const key = fc.constantFrom('a', 'b', 'ab', '1', '10', 'a b', '"a"', 'a:1', '', 'toString');
const tree = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

test('two plain values have one spelling exactly when they are deeply equal', () => {
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      assert.equal(
        canonical(a) === canonical(b),
        isDeepStrictEqual(a, b),
        `${canonical(a)} | ${canonical(b)}`,
      );
    }),
    { numRuns: 5000 },
  );
});

test('no two of a thousand different small values share a spelling', () => {
  const values = fc.sample(tree, { numRuns: 1000, seed: 4 });
  const bySpelling = new Map<string, unknown>();
  for (const value of values) {
    const spelling = canonical(value);
    if (bySpelling.has(spelling)) assert.ok(isDeepStrictEqual(bySpelling.get(spelling), value), spelling);
    bySpelling.set(spelling, value);
  }
  for (const value of values) assert.ok(isDeepStrictEqual(bySpelling.get(canonical(value)), value));
});

test('the order in which fields were written does not count, the order of a list does', () => {
  fc.assert(
    fc.property(fc.dictionary(key, tree, { noNullPrototype: true }), fields => {
      const turned = Object.fromEntries(Object.entries(fields).reverse());
      assert.equal(canonical(turned), canonical(fields));
    }),
  );
  assert.notEqual(canonical([1, 2]), canonical([2, 1]));
});

test('the spelling itself', () => {
  const state = {
    b: [1, 2n, -0, null],
    a: { 'x y': undefined, c: 'q"' },
    t: slotTable(4, 0).set(2, 7).set(0, 5),
  };
  assert.equal(canonical(state), '{a:{c:"q\\"","x y":undefined},b:[1,2n,0,null],t:<0:5,2:7>}');
  assert.notEqual(canonical({ a: undefined }), canonical({}));
  assert.notEqual(canonical(slotTable(2, 0).set(0, 1)), canonical([1]));
  assert.notEqual(canonical({ 0: 1 }), canonical(slotTable(2, 0).set(0, 1)));
});

test('tables are spelled by their rows, however they store them and whatever was there before', () => {
  const writes = fc.array(fc.tuple(fc.nat(7), fc.nat(3)), { maxLength: 30 });
  fc.assert(
    fc.property(writes, writes, (one, other) => {
      const fill = (table: Table<number>, rows: typeof one) =>
        rows.reduce((t, [k, row]) => (row === 0 ? t.delete(k) : t.set(k, row)), table);
      const rows = (t: Table<number>) =>
        t.reduce<string[]>((all, row, k) => [...all, `${k}=${row}`], []).join();
      const [slots, ordered] = [fill(slotTable(8, 0), one), fill(orderedTable(0), other)];
      assert.equal(canonical(fill(orderedTable(0), one)), canonical(slots));
      assert.equal(canonical(slots) === canonical(ordered), rows(slots) === rows(ordered));
    }),
  );
});

test('what is no plain data is a bug of the law', () => {
  class Box {}
  assert.throws(() => canonical({ at: new Map() }), {
    message: 'a state holds a Map; only plain data has a canonical spelling',
  });
  assert.throws(() => canonical([new Box()]), /a state holds a Box/);
  assert.throws(() => canonical(new Set([1])), /a Set/);
  assert.throws(() => canonical(new Uint8Array(2)), /a Uint8Array/);
  assert.throws(() => canonical({ f: () => 1 }), /a state holds a function/);
});
