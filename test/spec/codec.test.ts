// Does outside data become a value only in its one spelling, and is what is wrong with it named?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as t from 'io-ts';
import { closed, decode, Hex64, tagged, text, whole, word } from '../../spec/protocol/codec.js';

const reasons = <A, O>(codec: t.Type<A, O, unknown>, input: unknown): readonly string[] => {
  const decoded = decode(codec, input);
  return decoded.ok ? [] : decoded.defects.map(d => `${d.path}: ${d.reason}`);
};

test('a 64-bit value has one spelling', () => {
  const others = [
    '0x01',
    '0X1',
    '0x1A',
    '0xA',
    '1',
    '0x',
    '',
    ' 0x1',
    '0x1 ',
    '-0x1',
    '0x10000000000000000',
    1,
    1n,
    null,
  ];
  for (const other of others) assert.equal(decode(Hex64, other).ok, false, String(other));
  for (const [spelled, value] of [
    ['0x0', 0n],
    ['0xabc', 0xabcn],
    ['0xffffffffffffffff', (1n << 64n) - 1n],
  ] as const) {
    assert.deepEqual(decode(Hex64, spelled), { ok: true, value });
    assert.equal(Hex64.encode(value), spelled);
  }
});

test('every 64-bit value is read back from its spelling', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), value => {
      assert.deepEqual(decode(Hex64, Hex64.encode(value)), { ok: true, value });
    }),
  );
});

const Point = closed('point', { x: t.number }, { name: t.string });

test('a closed record has its keys and no others', () => {
  assert.deepEqual(decode(Point, { x: 1 }), { ok: true, value: { x: 1 } });
  assert.deepEqual(decode(Point, { x: 1, name: 'a' }), { ok: true, value: { x: 1, name: 'a' } });
  assert.deepEqual(reasons(Point, { x: 1, y: 2 }), ['y: unknown key: y']);
  assert.deepEqual(reasons(Point, {}), ['x: missing']);
  assert.deepEqual(reasons(Point, { x: 'a' }), ['x: expected number, got "a"']);
  assert.deepEqual(reasons(Point, [1]), [': expected an object (point), got [1]']);
});

test('what a prototype has is not there', () => {
  assert.deepEqual(reasons(Point, Object.create({ x: 1 })), ['x: missing']);
  assert.deepEqual(reasons(closed('odd', { toString: t.string }), {}), ['toString: missing']);
});

test('of a tagged union only the named arm reports', () => {
  const Shape = tagged('is', {
    dot: closed('dot', { is: t.literal('dot'), at: Point }),
    line: closed('line', { is: t.literal('line'), length: t.number }),
  });
  assert.deepEqual(reasons(Shape, { is: 'dot', at: { x: 1, z: 0 } }), ['at.z: unknown key: z']);
  assert.deepEqual(reasons(Shape, { is: 'disk' }), ['is: unknown is "disk"; known: dot, line']);
  assert.deepEqual(reasons(Shape, { is: 'constructor' }), ['is: unknown is "constructor"; known: dot, line']);
  assert.deepEqual(reasons(Shape, {}), ['is: missing']);
});

test('numbers are whole and within bounds, words are of a few, text is printable', () => {
  const small = whole('small', 0, 9);
  for (const bad of [-1, 10, 1.5, Number.NaN, '1', null])
    assert.equal(decode(small, bad).ok, false, String(bad));
  assert.equal(decode(small, 9).ok, true);
  assert.equal(decode(word('a', 'b'), 'c').ok, false);
  assert.equal(decode(text('name', 3), 'abcd').ok, false);
  assert.equal(decode(text('name', 3), 'a\nb').ok, false);
  assert.equal(decode(text('name', 3), 'abc').ok, true);
});
