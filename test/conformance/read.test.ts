// Does a recording come back as it was written, and is its source closed whatever happens?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Malformed } from '../../conformance/trace/malformed.js';
import { readTrace } from '../../conformance/trace/read.js';
import { encodeTrace, traceLines } from '../../conformance/trace/write.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Event } from '../../spec/protocol/trace.js';
import {
  CALL,
  eventsOf,
  file,
  HEADER,
  LAWS,
  MACHINE,
  no,
  ok,
  RETURN,
  readAll,
  type ToyOp,
  toyText,
} from './toy.js';

const op: fc.Arbitrary<ToyOp> = fc.oneof(
  fc.record({ op: fc.constant('add' as const), by: fc.nat(1000) }, { noNullPrototype: true }),
  fc.record(
    { op: fc.constant('read' as const), at: fc.bigInt(0n, (1n << 64n) - 1n) },
    { requiredKeys: ['op'], noNullPrototype: true },
  ),
  fc.record({ op: fc.constant('lock' as const), device: fc.nat(100) }, { noNullPrototype: true }),
  fc.constant({ op: 'unlock' as const }),
);
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constantFrom<Outcome>(
    no('EBUSY'),
    { is: 'fault' },
    { is: 'outside' },
    { is: 'waits' },
    { is: 'ok', viable: false },
  ),
  fc.bigInt(0n, (1n << 64n) - 1n).map((paddr): Outcome => ({ is: 'ok', paddr })),
);
const key = fc
  .string({ unit: 'grapheme', maxLength: 5 })
  .filter(k => !['__proto__', 'constructor', 'prototype'].includes(k));
const seen = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(true, null),
    fc.maxSafeInteger().map(n => n + 0),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;
const words = (maxLength: number) =>
  fc.string({ unit: 'grapheme', maxLength }).filter(s => !/\p{Cc}/u.test(s));
const printableText = words(40);
const step = fc.record(
  {
    op,
    outcome,
    state: fc.dictionary(key, seen, { maxKeys: 3, noNullPrototype: true }),
    note: printableText,
  },
  { requiredKeys: ['op', 'outcome'], noNullPrototype: true },
);
const opening = fc.record(
  {
    profile: fc.constantFrom('toy', 'talkative'),
    producer: printableText,
    machine: fc.record(
      { start: fc.nat(1000), devices: fc.array(fc.record({ name: words(4) }, { noNullPrototype: true })) },
      { noNullPrototype: true },
    ),
    policies: fc.record(
      { loss: fc.constantFrom('possible', 'never') },
      { requiredKeys: [], noNullPrototype: true },
    ),
    seed: fc.integer(),
    narration: fc.array(printableText, { maxLength: 3 }),
  },
  { requiredKeys: ['profile', 'producer', 'machine'], noNullPrototype: true },
);

test('what is written is read back as it was, and written again it is the same text', async () => {
  await fc.assert(
    fc.asyncProperty(opening, fc.array(step, { maxLength: 6 }), async (header, steps) => {
      const events: readonly Event<ToyOp>[] = steps.map((s, i) => ({ n: i + 1, ...s }));
      const text = encodeTrace(header, events, LAWS);
      const back = await readAll([text]);
      assert.deepEqual(
        back.events,
        events.map((e, i) => ({ ...e, line: 2 * i + 2 })),
      );
      assert.deepEqual(back.trace.machine, header.machine);
      assert.deepEqual(back.trace.policies, { loss: 'possible', ...header.policies });
      assert.equal(
        encodeTrace({ ...back.trace.header, machine: back.trace.machine }, back.events, LAWS),
        text,
      );
    }),
    { numRuns: 400 },
  );
});

test('the one spelling', () => {
  const events: Event<ToyOp>[] = [
    {
      n: 1,
      op: { at: 4096n, op: 'read' },
      outcome: { is: 'ok', paddr: 0n },
      state: { lock: { held: false, a: 1 }, count: 0 },
      note: 'first',
    },
  ];
  assert.equal(
    encodeTrace(
      { machine: MACHINE, producer: 'test', policies: { loss: 'never' }, profile: 'toy', seed: 7 },
      events,
      LAWS,
    ),
    `{"format":"iommu-trace","version":1,"profile":"toy","producer":"test","machine":{"start":0,"devices":[{"name":"nic"},{"name":"disk"}]},"events":1,"policies":{"loss":"never"},"seed":7}
{"call":1,"op":{"op":"read","at":"0x1000"},"note":"first"}
{"return":1,"outcome":{"is":"ok","paddr":"0x0"},"state":{"count":0,"lock":{"a":1,"held":false}}}
`,
  );
});

test('a writer does not write what no reader would take', () => {
  const write =
    (event: Event<ToyOp>, header = {}) =>
    () =>
      toyText([event], header);
  assert.throws(
    write({ n: 2, op: { op: 'read' }, outcome: ok }),
    /cannot be written: line 2, call: expected number 1, got 2/,
  );
  assert.throws(
    write({ n: 1, op: { op: 'read', at: -1n }, outcome: ok }),
    /cannot be written: line 2, op.at: expected a lower-case hex/,
  );
  assert.throws(
    write({ n: 1, op: { op: 'read' }, outcome: ok, state: { x: 0.5 } }),
    /line 3, column \d+: a number with a fraction/,
  );
  assert.throws(
    write({ n: 1, op: { op: 'read' }, outcome: ok, state: { x: '\ud800' } }),
    /half a surrogate pair/,
  );
  assert.throws(
    write({ n: 1, op: { op: 'read' }, outcome: ok }, { profile: 'none' }),
    /unknown profile "none"/,
  );
  const big = Array.from({ length: 40 }, () => 'x'.repeat(60_000));
  assert.throws(
    write({ n: 1, op: { op: 'read' }, outcome: ok, state: { big } }),
    /a line of more than 1048576 bytes/,
  );
  const two = () => [
    ...traceLines(
      { profile: 'toy', producer: 't', machine: MACHINE, events: 2 },
      eventsOf([[{ op: 'read' }, ok]]),
      LAWS,
    ),
  ];
  assert.throws(two, /the header promises 2 events, the file ends after 1/);
});

test('the source is closed when the header is refused, when a line is, and when nobody reads on', async () => {
  const open = (lines: readonly string[]) => {
    const source = {
      closed: 0,
      *[Symbol.iterator]() {
        try {
          yield* lines;
        } finally {
          source.closed++;
        }
      },
    };
    return source;
  };
  const bad = open(['{}\n', 'more\n']);
  await assert.rejects(readAll(bad), Malformed);
  const late = open([`${HEADER}\n`, 'x\n', 'y\n']);
  await assert.rejects(readAll(late), Malformed);
  const left = open([toyText(eventsOf([[{ op: 'read' }, ok]])), 'never']);
  for await (const _ of (await readTrace(left, LAWS)).events()) break;
  const unread = open([toyText([]), 'never']);
  await (await readTrace(unread, LAWS)).close();
  assert.deepEqual([bad.closed, late.closed, left.closed, unread.closed], [1, 1, 1, 1]);
});

test('a stream of decompressed data without end stops at the limit on bytes', async () => {
  async function* bomb(): AsyncGenerator<string> {
    yield file(HEADER.replace('"events":1', '"events":9007199254740991'));
    for (let n = 1; ; n++) yield file(CALL.replace('1', String(n)), RETURN.replace('1', String(n)));
  }
  await assert.rejects(readAll(bomb(), { bytes: 1_000_000 }), {
    name: 'Malformed',
    defect: 'too-many-bytes',
  });
});

test('the events are read once: nobody mistakes a recording that was read for an empty one', async () => {
  const { trace } = await readAll([file(HEADER, CALL, RETURN)]);
  assert.throws(() => trace.events(), { message: 'the events of a recording are read once' });
});
