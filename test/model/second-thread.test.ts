// Does a second thread change nothing but the time that an exploration takes?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallWorld } from '../../bench/models/small-vfio-rules.js';
import { secondThread } from '../../cli/threads/second.js';
import { Store } from '../../model/explore/fast/store.js';
import { countersTo } from './toy-world.js';
import { testTwoThreads } from './two-threads.js';

testTwoThreads([
  ['counters with a limit', countersTo(99), { maxStates: 5000 }],
  ['the small model up to symmetry', smallWorld(2, 4, 2), { symmetry: true }],
]);

test('states lie in several chunks, and the table grows, in both threads alike', () => {
  const alone = new Store(2);
  const from = new Store(2);
  const add = (n: number): Int32Array =>
    Int32Array.from({ length: 8192 }, (_, i) => (i % 2 === 0 ? (n * 3001 + (i >> 1)) | 0x40000000 : i % 7));
  from.addAll(add(0), 8192);
  const two = secondThread(from, 8192);
  for (let n = 0; n < 100; n++) {
    alone.addAll(add(n), 8192);
    two.addAll(add(n), 8192);
  }
  two.settle();
  two.end();
  assert.equal(two.count, alone.count);
  assert.equal(two.tableBytes, alone.tableBytes);
  assert.ok(two.count > 3 << 16, `${two.count} states`);
  for (let n = 0; n < two.count; n++) {
    const at = two.offsetOf(n);
    assert.equal(at, alone.offsetOf(n));
    assert.equal(two.chunkOf(n)[at], alone.chunkOf(n)[at]);
    assert.equal(two.chunkOf(n)[at + 1], alone.chunkOf(n)[at + 1]);
  }
});

test('what goes wrong in the second thread is told in the first', () => {
  const broken = new Store(1);
  broken.count = 70_000;
  const two = secondThread(broken, 16);
  assert.throws(() => {
    two.addAll(Int32Array.of(1, 2, 3), 3);
    two.settle();
  }, /the second thread failed: .*undefined/);
  assert.doesNotThrow(() => two.end(), 'to end it hides nothing of what went wrong');
});
