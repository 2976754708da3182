// Does the court's JSON parser agree with the platform's wherever it accepts, and refuse all that it should?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonLimits, parseJson } from '../../conformance/trace/json.js';
import { Malformed } from '../../conformance/trace/malformed.js';

const LIMITS: JsonLimits = { depth: 32, stringLength: 1000 };
const parse = (text: string, limits = LIMITS): unknown => parseJson({ number: 5, text }, limits);

function refusal(text: string, limits = LIMITS): string {
  try {
    return `accepted: ${JSON.stringify(parse(text, limits))}`;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return `${error.defect}: ${error.message}`;
  }
}

const wholeJson = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(true, false, null, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 5 }), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;
const INHERITED = /"(__proto__|constructor|prototype)":/;

test('what JSON.stringify writes is read as JSON.parse reads it, indented or not', () => {
  fc.assert(
    fc.property(wholeJson, fc.constantFrom('', ' ', '\t'), (value, blank) => {
      const text = JSON.stringify(value, null, blank).replaceAll('\n', blank);
      fc.pre(!INHERITED.test(text));
      assert.deepEqual(parse(text), JSON.parse(text));
    }),
    { numRuns: 2000 },
  );
});

test('whatever it accepts, JSON.parse accepts as the same value', () => {
  const soup = fc.string({
    unit: fc.constantFrom(...'{}[]":,0123456789-+.eE \\utrfalsn"ab\u00e9'),
    maxLength: 14,
  });
  let accepted = 0;
  fc.assert(
    fc.property(soup, text => {
      if (refusal(text).startsWith('accepted: ')) {
        accepted++;
        assert.deepEqual(parse(text), JSON.parse(text));
      }
    }),
    { numRuns: 20_000, seed: 11 },
  );
  assert.ok(accepted > 100, `only ${accepted} accepted`);
});

test('one changed character is refused, or accepted by both with one meaning', () => {
  fc.assert(
    fc.property(wholeJson, fc.nat(), fc.constantFrom(...'{}[]":,0-.e\\ \u0001x'), (value, where, char) => {
      const text = JSON.stringify(value);
      const at = where % text.length;
      const changed = text.slice(0, at) + char + text.slice(at + 1);
      if (refusal(changed).startsWith('accepted: ')) assert.deepEqual(parse(changed), JSON.parse(changed));
    }),
    { numRuns: 3000 },
  );
});

const cases: readonly (readonly [string, string])[] = [
  ['', 'not-json: line 5, column 1: expected a value, the line ends'],
  ['{', 'not-json: line 5, column 2: expected a key in double quotes, the line ends'],
  ['{"a"', 'not-json: line 5, column 5: expected ":", the line ends'],
  ['{"a":1', 'not-json: line 5, column 7: expected "," or "}", the line ends'],
  ['{"a":1,}', 'not-json: line 5, column 8: expected a key in double quotes, found "}"'],
  ['[1,]', 'not-json: line 5, column 4: expected a value, found "]"'],
  ['[1 2]', 'not-json: line 5, column 4: expected "," or "]", found "2"'],
  ['{} x', 'not-json: line 5, column 4: expected the end of the line, found "x"'],
  ['tru', 'not-json: line 5, column 1: expected a value, found "t"'],
  ['{"a":1}\r', 'not-json: line 5, column 8: expected the end of the line, found the control character 0x0d'],
  ['"ab', 'not-json: line 5, column 1: a string that does not end'],
  ['"a\tb"', 'not-json: line 5, column 3: the control character 0x09 inside a string must be escaped'],
  ['"a\\qb"', 'not-json: line 5, column 3: an unknown escape in a string'],
  ['"\\u12g4"', 'not-json: line 5, column 2: \\u takes four hex digits'],
  ['"\\ud800"', 'not-json: line 5, column 1: a string with half a surrogate pair is no text'],
  ['[-]', 'not-json: line 5, column 2: a minus sign without digits'],
  ['{"a":1,"b":2,"a":1}', 'duplicate-key: line 5, column 14: the key "a" appears twice in one object'],
  ['{"a":1,"\\u0061":1}', 'duplicate-key: line 5, column 8: the key "a" appears twice in one object'],
  [
    '{"toString":1,"toString":1}',
    'duplicate-key: line 5, column 15: the key "toString" appears twice in one object',
  ],
  ['{"x":{"__proto__":{}}}', 'prototype-key: line 5, column 7: the key "__proto__" is not allowed'],
  ['{"__pr\\u006fto__":1}', 'prototype-key: line 5, column 2: the key "__proto__" is not allowed'],
  ['{"constructor":1}', 'prototype-key: line 5, column 2: the key "constructor" is not allowed'],
  ['{"prototype":1}', 'prototype-key: line 5, column 2: the key "prototype" is not allowed'],
  [
    '[1.5]',
    'number: line 5, column 2: a number with a fraction or an exponent; numbers are whole, in plain digits',
  ],
  [
    '1e400',
    'number: line 5, column 1: a number with a fraction or an exponent; numbers are whole, in plain digits',
  ],
  [
    '9007199254740992',
    'number: line 5, column 1: a number beyond 2^53-1; 64-bit values are written as hex strings',
  ],
  [
    `-${'9'.repeat(900)}`,
    'number: line 5, column 1: a number beyond 2^53-1; 64-bit values are written as hex strings',
  ],
  ['[0, -0]', 'number: line 5, column 5: a negative zero'],
  ['007', 'number: line 5, column 1: a number with a leading zero'],
];
for (const [text, message] of cases) {
  test(`refused: ${text.slice(0, 40)}`, () => assert.equal(refusal(text), message));
}

test('nesting and strings end at their limits, exactly', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(refusal(nested(32)), `accepted: ${nested(32)}`);
  assert.equal(refusal(nested(33)), 'too-deep: line 5, column 33: objects and arrays nest deeper than 32');
  assert.equal(
    refusal('{"a":'.repeat(100_000)),
    'too-deep: line 5, column 161: objects and arrays nest deeper than 32',
  );
  assert.equal(refusal(`[${'[[]],'.repeat(50)}[]]`).slice(0, 9), 'accepted:');
  assert.equal(refusal(`[${'{"a":{}},'.repeat(50)}1]`).slice(0, 9), 'accepted:');
  const text = (length: number) => JSON.stringify('\u00e9'.repeat(length));
  assert.equal(refusal(text(1000)), `accepted: ${text(1000)}`);
  const long = 'string-too-long: line 5, column 2: a string longer than 1000 characters';
  assert.equal(refusal(`[${text(1001)}]`), long);
  assert.equal(refusal(`{${text(1001)}:1}`), long);
  assert.equal(refusal(`["${'\\n'.repeat(1001)}"]`), long);
});

test('keys that objects inherit are ordinary keys, and no object gets a strange prototype', () => {
  const value = parse('{"toString":1,"hasOwnProperty":{"valueOf":null}}') as { [key: string]: unknown };
  assert.deepEqual(Object.keys(value), ['toString', 'hasOwnProperty']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

test('a hostile line of a mebibyte is settled at once', { timeout: 20_000 }, () => {
  const lines = ['[', '"\\u', '{"a":{"a":', '-', '9', '"\\n', '[1,'].map(s =>
    s.repeat(Math.floor(2 ** 20 / s.length)),
  );
  const keys = `{${Array.from({ length: 80_000 }, (_, i) => `"k${i}":0`).join()},"k7":1}`;
  for (const line of lines) assert.ok(!refusal(line).startsWith('accepted'));
  assert.match(refusal(keys), /^duplicate-key: .*"k7" appears twice/);
});
