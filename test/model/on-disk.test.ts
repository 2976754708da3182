// Are the states of a world that does not fit memory found on a disk, all of them, and each once?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { smallWorld } from '../../bench/models/small-vfio-rules.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import { sortStates } from '../../model/explore/fast/order.js';
import { Cursor, inMemory, Merged, subtract } from '../../model/explore/fast/runs.js';
import { Spilled } from '../../model/explore/fast/spilled.js';
import { Store } from '../../model/explore/fast/store.js';
import { worldNamed } from '../../model/worlds.js';
import { pretended, testOnDisk, toDisk } from './on-disk.js';
import { countersTo } from './toy-world.js';

testOnDisk([[worldNamed('two-owners')!, {}]]);
const results = testOnDisk([
  [smallWorld(2, 2, 3), {}],
  [smallWorld(2, 4, 2), { symmetry: true }],
  [countersTo(60), {}],
]);
testOnDisk([[smallWorld(2, 2, 3), {}]], 3);
// Room for nothing: what was learned is forgotten before every block.
testOnDisk([[smallWorld(2, 4, 2), {}]], 0, true);

test('so little memory made many runs, and runs of runs', () => {
  assert.ok(results.length > 0);
  const most = Math.max(...results.map(r => r.disk!.runs));
  assert.ok(most > 32, `${most} runs`);
});

test('a disk that is full ends the exploration, and no count is told', () => {
  for (const room of [0, 100, 3000, 9000]) {
    const options = { all: true, ...toDisk(pretended(0, room), 0) };
    assert.throws(() => exploreFast(smallWorld(2, 2, 3), {}, options), /the disk is full/);
  }
});

/** A state's first word has its top bit set. */
const states = (width: number) =>
  fc
    .array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: width, maxLength: width }))
    .map(rows =>
      Int32Array.from(rows.flatMap(r => r.map((n, i) => (n << 30) ^ n ^ (i === 0 ? 1 << 31 : 0)))),
    );
const rowsOf = (words: Int32Array, width: number): readonly string[] =>
  Array.from({ length: words.length / width }, (_, i) => `${words.subarray(i * width, (i + 1) * width)}`);
const sorted = (words: Int32Array, width: number): Int32Array =>
  sortStates(words.slice(), words.length / width, width, new Int32Array(words.length)).subarray(
    0,
    words.length,
  );

test('runs are sorted, merged, and taken away from each other as sets are', () => {
  const width = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(
      width.chain(w => fc.tuple(fc.constant(w), fc.array(states(w), { maxLength: 6 }), states(w))),
      fc.integer({ min: 1, max: 5 }),
      ([w, lists, gone], buffer) => {
        const cursor = (words: Int32Array): Cursor =>
          new Cursor(inMemory(sorted(words, w), words.length / w), w, new Int32Array(buffer * w), () => {});
        const merged = new Merged(lists.map(cursor), w);
        const known = cursor(gone);
        const rows: string[] = [];
        const piece = new Int32Array(3 * w);
        for (let n = merged.take(piece); n > 0; n = merged.take(piece))
          rows.push(...rowsOf(piece.subarray(0, subtract(piece, n, known, w)), w));
        const left = new Set(lists.flatMap(l => rowsOf(l, w)));
        for (const row of rowsOf(gone, w)) left.delete(row);
        assert.deepEqual([...rows].sort(), [...left].sort());
      },
    ),
    { seed: 16, numRuns: 500 },
  );
});

test('a queue on a disk is read chunk by chunk, whatever was read before', () => {
  const spilled = new Spilled(2, pretended(1 << 16));
  const store = new Store(2);
  for (let level = 0; level < 70; level++) {
    const batch = Int32Array.from({ length: 8192 }, (_, i) =>
      i % 2 === 0 ? (1 << 31) | (((level * 3001 + (i >> 1)) * 7919) % (1 << 20)) : i % 7,
    );
    store.addAll(batch, batch.length);
    spilled.addAll(batch, batch.length);
    spilled.settle();
    assert.equal(spilled.count, store.count);
    const last = spilled.count - 1;
    for (const n of [last, 0, last >> 1, last >> 2, last]) spilled.chunkOf(n)[spilled.offsetOf(n)]!;
  }
  const rows = (from: Store | Spilled): readonly string[] =>
    Array.from({ length: from.count }, (_, n) => {
      const at = from.offsetOf(n);
      return `${from.chunkOf(n)[at]},${from.chunkOf(n)[at + 1]}`;
    });
  assert.ok(spilled.count > 2 << 16, `${spilled.count} states`);
  assert.deepEqual(rows(spilled).slice().sort(), rows(store).slice().sort());
});
