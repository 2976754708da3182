// Is every file that is no recording refused by name, line and field, and nothing else thrown for any bytes?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Malformed } from '../../conformance/trace/malformed.js';
import { CALL, eventsOf, file, HEADER, no, ok, RETURN, readAll, toyText } from './toy.js';

/** The error that ends the reading, as `defect: message`; `read` if there is none. */
async function refusal(text: string | Uint8Array, limits = {}): Promise<string> {
  try {
    await readAll([text], limits);
    return 'read';
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return `${error.defect}: ${error.message}`;
  }
}

const head = (from: string, to: string): string => file(HEADER.replace(from, to), CALL, RETURN);
const long = 'x'.repeat(65);

const refusals: readonly (readonly [string, string, string])[] = [
  ['an empty file', '', 'empty: line 1: the file is empty; a recording starts with a header line'],
  ['an empty first line', '\n', 'not-json: line 1, column 1: expected a value, the line ends'],
  [
    'another format',
    head('iommu-trace', 'pcap'),
    'wrong-format: line 1, format: not a recording: its first line must have "format":"iommu-trace", got "pcap"',
  ],
  [
    'no object',
    file('[1]'),
    'wrong-format: line 1, format: not a recording: its first line must have "format":"iommu-trace", got nothing',
  ],
  [
    'another version',
    head('"version":1', '"version":2,"unheard":[]'),
    'wrong-version: line 1, version: this release reads version 1 of the format, got 2',
  ],
  [
    'an unknown profile',
    head('"toy"', '"toad"'),
    'unknown-profile: line 1, profile: unknown profile "toad"; known: toy, talkative',
  ],
  [
    'an inherited profile',
    head('"toy"', '"toString"'),
    'unknown-profile: line 1, profile: unknown profile "toString"; known: toy, talkative',
  ],
  [
    'a profile that is too long',
    head('"toy"', `"${long}"`),
    `shape: line 1, profile: expected at most 64 printable characters (profile), got "${'x'.repeat(56)}...`,
  ],
  [
    'an unknown key in the header',
    head('"events"', '"extra":1,"events"'),
    'shape: line 1, extra: unknown key: extra',
  ],
  [
    'several defects',
    head('"producer":"p",', '"a":1,"b":2,'),
    'shape: line 1, a: unknown key: a; b: unknown key: b; producer: missing',
  ],
  [
    'a bad machine',
    head('"start":0', '"start":-1'),
    'shape: line 1, machine.start: expected a whole number from 0 to 1000 (start), got -1',
  ],
  [
    'an unknown policy',
    head('"events":1', '"events":1,"policies":{"gain":"never"}'),
    'unknown-policy: line 1, policies.gain: unknown policy "gain"; known: loss',
  ],
  [
    'an inherited policy',
    head('"events":1', '"events":1,"policies":{"valueOf":"never"}'),
    'unknown-policy: line 1, policies.valueOf: unknown policy "valueOf"; known: loss',
  ],
  [
    'an unknown value',
    head('"events":1', '"events":1,"policies":{"loss":"often"}'),
    'unknown-policy: line 1, policies.loss: unknown value "often"; known: possible, never',
  ],
  [
    'a refusal past the end',
    head('"events":1', '"events":1,"refused":{"event":2,"why":"w"}'),
    'count: line 1, refused.event: event 2 is to be refused, but there are only 1',
  ],
  [
    'overlapping calls',
    file(HEADER.replace('"events":1', '"events":2'), CALL, CALL.replace('1', '2')),
    'overlap: line 3, call: overlapping calls are not judged by version 1: event 2 starts before event 1 has returned',
  ],
  [
    'a wrong number',
    file(HEADER, CALL.replace('1', '2'), RETURN),
    'numbering: line 2, call: expected number 1, got 2',
  ],
  [
    'the return of another call',
    file(HEADER, CALL, RETURN.replace('1', '2')),
    'numbering: line 3, return: expected number 1, got 2',
  ],
  [
    'a return without a call',
    file(HEADER, RETURN),
    'numbering: line 2, return: event 1 returns, but no call is open',
  ],
  [
    'too few events',
    file(HEADER),
    'count: line 1, events: the header promises 1 events, the file ends after 0',
  ],
  [
    'an open call',
    file(HEADER, CALL),
    'count: line 2, events: the header promises 1 events, the file ends after 0, and event 1 has not returned',
  ],
  [
    'too many events',
    file(HEADER, CALL, RETURN, CALL.replace('1', '2')),
    'count: line 4, call: the header promises 1 events, and here begins event 2',
  ],
  [
    'a cut line',
    file(HEADER, CALL, RETURN).slice(0, -4),
    'truncated: line 3, column 32: the last line has no newline: the file is truncated',
  ],
  ['an empty line', file(HEADER, '', CALL), 'not-json: line 2, column 1: an empty line'],
  ['a line of another kind', file(HEADER, '{"note":1}'), 'shape: line 2: neither a call nor a return'],
  [
    'a line that is both',
    file(HEADER, '{"call":1,"return":1,"op":{"op":"read"}}'),
    'shape: line 2, return: unknown key: return',
  ],
  [
    'an unknown operation',
    file(HEADER, CALL.replace('read', 'ready')),
    'shape: line 2, op.op: unknown op "ready"; known: add, guess, read, lock, unlock, jam',
  ],
  [
    'an unknown key in an operation',
    file(HEADER, CALL.replace('"read"', '"read","to":1')),
    'shape: line 2, op.to: unknown key: to',
  ],
  [
    'an address in another spelling',
    file(HEADER, CALL.replace('"read"', '"read","at":"0x01"')),
    'shape: line 2, op.at: expected a lower-case hex string without leading zeros like "0x1000", got "0x01"',
  ],
  [
    'an errno that is no code',
    file(HEADER, CALL, RETURN.replace('"ok"', '"refused","errno":"-11"')),
    'shape: line 3, outcome.errno: expected an error code like "EINVAL", got "-11"',
  ],
  [
    'a state that is no object',
    file(HEADER, CALL, RETURN.replace('}}', '},"state":[]}')),
    'shape: line 3, state: expected',
  ],
  [
    'a duplicate key',
    file(HEADER, CALL.replace('{"call":1', '{"call":1,"call":1')),
    'duplicate-key: line 2, column 11: the key "call" appears twice in one object',
  ],
];
for (const [name, text, message] of refusals) {
  test(`refused: ${name}`, async () => {
    const found = await refusal(text);
    assert.equal(message.endsWith('expected') ? found.slice(0, message.length) : found, message);
  });
}

test('the good file that the bad ones were made of is read', async () =>
  assert.equal(await refusal(file(HEADER, CALL, RETURN)), 'read'));

test('the limits of the caller reach lines and values', async () => {
  const text = file(HEADER, CALL, RETURN);
  assert.match(await refusal(text, { lines: 2 }), /^too-many-lines: line 3:/);
  assert.match(
    await refusal(text, { bytes: 150 }),
    new RegExp(`^too-many-bytes: line 3, column ${150 - HEADER.length - CALL.length - 1}:`),
  );
  assert.match(await refusal(text, { lineBytes: 60 }), /^line-too-long: line 1, column 61:/);
  assert.match(await refusal(text, { depth: 1 }), /^too-deep: line 1, column \d+:/);
  assert.match(await refusal(text, { stringLength: 10 }), /^string-too-long: line 1, column 11:/);
});

test('bytes at random, or a recording with damage, end in Malformed or in events, never in another error', async () => {
  const good = new TextEncoder().encode(
    toyText(
      eventsOf([
        [{ op: 'read', at: 4096n }, ok, { count: 0 }],
        [{ op: 'unlock' }, no('EPERM')],
      ]),
    ),
  );
  const damaged = fc
    .array(
      fc.tuple(
        fc.nat(good.length - 1),
        fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\n10'))),
      ),
      { maxLength: 3 },
    )
    .map(hits => {
      const copy = good.slice();
      for (const [at, byte] of hits) copy[at] = byte;
      return copy;
    });
  const results = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), async raw => {
      const kind = (await refusal(raw)).split(':')[0]!;
      results.set(kind, (results.get(kind) ?? 0) + 1);
    }),
    { numRuns: 4000, seed: 3 },
  );
  assert.ok(results.size >= 8, `the fuzz meets only ${[...results.keys()].join(', ')}`);
});
