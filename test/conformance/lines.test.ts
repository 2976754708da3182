// Does the court cut a stream into lines exactly, and stop early at everything that is no decent text?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Line, type LineLimits, linesOf, type Source } from '../../conformance/trace/lines.js';
import { Malformed } from '../../conformance/trace/malformed.js';
import { decodeUtf8, encodeUtf8 } from '../../conformance/trace/utf8.js';

const ROOMY: LineLimits = { lineBytes: 1000, lines: 1000, bytes: 100_000 };

/** All lines, and the error that ended them, as one comparable value. */
async function cut(source: Source, limits: Partial<LineLimits> = {}): Promise<readonly (Line | string)[]> {
  const found: (Line | string)[] = [];
  try {
    for await (const line of linesOf(source, { ...ROOMY, ...limits })) found.push(line);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    found.push(`${error.defect}: ${error.message}`);
  }
  return found;
}

const bytes = (...parts: readonly (number | string)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap(part => (typeof part === 'number' ? [part] : [...new TextEncoder().encode(part)])),
  );

/** A byte string with the bytes that matter, cut at arbitrary places. */
const nasty = fc
  .array(
    fc.constantFrom(
      10,
      10,
      13,
      0,
      97,
      98,
      0xef,
      0xbb,
      0xbf,
      0xc3,
      0xa9,
      0xe2,
      0x82,
      0xac,
      0xf0,
      0x9f,
      0x98,
      0x80,
      0xff,
    ),
    {
      maxLength: 60,
    },
  )
  .map(list => Uint8Array.from(list));
const cuts = fc.array(fc.nat(60), { maxLength: 8 });

function pieces<T extends Uint8Array | string>(whole: T, at: readonly number[]): readonly T[] {
  const places = [0, ...[...at].sort((a, b) => a - b).map(p => Math.min(p, whole.length)), whole.length];
  return places.slice(1).map((end, i) => whole.slice(places[i], end) as T);
}

test('lines and errors do not depend on how the stream was cut, limits included', async () => {
  await fc.assert(
    fc.asyncProperty(
      nasty,
      cuts,
      fc.nat(12),
      fc.nat(40),
      fc.nat(8),
      async (whole, at, lineBytes, most, lines) => {
        const limits = { lineBytes, bytes: most, lines };
        assert.deepEqual(await cut(pieces(whole, at), limits), await cut([whole], limits));
        assert.deepEqual(await cut(pieces(whole, at)), await cut([whole]));
      },
    ),
    { numRuns: 1500 },
  );
});

test('text gives the lines that its bytes would give, pairs of surrogates cut in two included', async () => {
  const chars = fc.string({
    unit: fc.constantFrom('a', '\n', '\u00e9', '\u20ac', '\ud83d\ude00', '\ud83d', '\ude00'),
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(chars, cuts, async (whole, at) => {
      assert.deepEqual(await cut(pieces(whole, at)), await cut([encodeUtf8(whole)]));
    }),
    { numRuns: 1000 },
  );
  const huge = `${'\ud83d\ude00'.repeat(100)}\n`.repeat(700).slice(0, -1);
  assert.equal((await cut([`a${huge}\n`], { bytes: 1e9 })).length, 700);
});

test('text and bytes may alternate', async () => {
  assert.deepEqual(await cut(['a', bytes('b\nc'), 'd\n']), [
    { number: 1, text: 'ab' },
    { number: 2, text: 'cd' },
  ]);
  assert.deepEqual(await cut(['a\ud83d', bytes('b\n')]), [
    'not-utf8: line 1, column 2: byte 0xed is not UTF-8 here',
  ]);
});

test('UTF-8 is decoded as the platform decodes it, or refused where the platform refuses', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 8 }),
    nasty,
    fc.string({ unit: 'binary' }).map(s => new TextEncoder().encode(s)),
  );
  fc.assert(
    fc.property(anything, raw => {
      const mine = decodeUtf8(raw, 0, raw.length);
      let theirs: string | undefined;
      try {
        theirs = strict.decode(raw);
      } catch {}
      if (theirs !== undefined) return assert.equal(mine, theirs);
      assert.equal(typeof mine, 'number');
      // Everything before the byte named is whole; with it, it is not.
      strict.decode(raw.subarray(0, mine as number));
      assert.throws(() => strict.decode(raw.subarray(0, Math.min((mine as number) + 4, raw.length))));
    }),
    { numRuns: 5000 },
  );
  const forbidden = [
    'c080',
    'c1bf',
    'e08080',
    'e09fbf',
    'eda080',
    'edbfbf',
    'f0808080',
    'f08fbfbf',
    'f4908080',
    'f8888080',
  ];
  for (const hex of forbidden) {
    const raw = Buffer.from(`61${hex}62`, 'hex');
    assert.equal(decodeUtf8(raw, 0, raw.length), 1, hex);
  }
  assert.equal(decodeUtf8(Uint8Array.of(0xc3, 0xa9), 0, 1), 0, 'what lies behind the end does not count');
  const extreme = ['c280', 'dfbf', 'e0a080', 'ed9fbf', 'ee8080', 'efbfbf', 'f0908080', 'f48fbfbf'];
  for (const hex of extreme) {
    const raw = Buffer.from(hex, 'hex');
    assert.equal(decodeUtf8(raw, 0, raw.length), strict.decode(raw), hex);
  }
  const long = 'x\u00e9\ud83d\ude00'.repeat(5000);
  assert.equal(decodeUtf8(encodeUtf8(long), 0, encodeUtf8(long).length), long);
});

const refusals: readonly (readonly [string, Source, Partial<LineLimits>, string])[] = [
  [
    'a line that is too long',
    ['ab\n', 'abcd\n'],
    { lineBytes: 3 },
    'line-too-long: line 2, column 4: longer than 3 bytes',
  ],
  ['too many lines', ['a\nb\nc'], { lines: 2 }, 'too-many-lines: line 3: more than 2 lines'],
  ['too many bytes', ['ab\ncd\n'], { bytes: 5 }, 'too-many-bytes: line 2, column 3: more than 5 bytes'],
  [
    'a byte that is not UTF-8',
    [bytes('ok\nab', 0xff, '\n')],
    {},
    'not-utf8: line 2, column 3: byte 0xff is not UTF-8 here',
  ],
  ['gzip data', [bytes(0x1f, 0x8b, 8, 0, 10)], {}, 'not-utf8: line 1, column 2: byte 0x8b is not UTF-8 here'],
  [
    'a byte order mark',
    [bytes(0xef, 0xbb, 0xbf, '{}\n')],
    {},
    'byte-order-mark: line 1, column 1: the file starts with a byte order mark; save it without one',
  ],
  [
    'CR LF',
    ['a\n{}\r\n'],
    {},
    'carriage-return: line 2, column 3: the line ends with CR LF; lines of a recording end with LF alone',
  ],
  ['NUL', ['ab\0c\n'], {}, 'nul: line 1, column 3: a NUL character'],
  [
    'a missing last newline',
    ['a\nbc'],
    {},
    'truncated: line 2, column 3: the last line has no newline: the file is truncated',
  ],
  [
    'half a character at the end',
    ['a\ud83d'],
    {},
    'truncated: line 1, column 5: the last line has no newline: the file is truncated',
  ],
];
for (const [name, source, limits, message] of refusals) {
  test(`refused: ${name}`, async () => assert.equal((await cut(source, limits)).at(-1), message));
}

test('exactly at each limit nothing is refused', async () => {
  assert.equal((await cut(['abc\nde\n'], { lineBytes: 3, lines: 2, bytes: 7 })).length, 2);
  assert.deepEqual(await cut([]), []);
  assert.deepEqual(await cut(['', new Uint8Array(0), '']), []);
});

test('200 MB of one endless line are refused after about the limit, and the source is closed', async () => {
  let given = 0;
  let closed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    const piece = new Uint8Array(65_536).fill(97);
    try {
      for (; given < 200_000_000; given += piece.length) yield piece;
    } finally {
      closed = true;
    }
  }
  const found = await cut(endless(), { lineBytes: 1 << 20, bytes: 1 << 30 });
  assert.deepEqual(found, ['line-too-long: line 1, column 1048577: longer than 1048576 bytes']);
  assert.ok(given <= (1 << 20) + 65_536, `read ${given} bytes`);
  assert.ok(closed);
});

test('a line that arrives byte by byte is refused in time', { timeout: 20_000 }, async () => {
  async function* drip(): AsyncGenerator<Uint8Array> {
    const piece = new Uint8Array(1).fill(97);
    for (let i = 0; i < 150_000; i++) yield piece;
  }
  const found = await cut(drip(), { lineBytes: 100_000, bytes: 1 << 30 });
  assert.deepEqual(found, ['line-too-long: line 1, column 100001: longer than 100000 bytes']);
});
