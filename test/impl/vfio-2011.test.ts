// Does the implementation answer the scenarios of the 2011 review as they were argued, and count right?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EBUSY, EINVAL, EPERM } from '../../impl/errno.js';
import { INFO_MM_LOCKED, INFO_VIABLE } from '../../impl/vfio-2011/calls.js';
import { DMA_OUTSIDE } from '../../impl/vfio-2011/mapping.js';
import { WAITS } from '../../impl/vfio-2011/plugging.js';
import { A, a, B, b, bench, C, c, P, Q, READ, RW } from './vfio-2011-bench.js';

test('1: a merged group does not come in', () => {
  const { vfio, fd, counts } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.merge(fd[C], fd[B], P), -EINVAL);
  assert.deepEqual(counts(), { sets: 'AB C', groups: '1 1 1', devices: '0 0 0', contexts: '0 0 0' });
});

test('2: one by one, three groups become one set', () => {
  const { vfio, fd, counts } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.merge(fd[B], fd[C], P), 0);
  assert.deepEqual(counts(), { sets: 'ABC', groups: '1 1 1', devices: '0 0 0', contexts: '0 0 0' });
  assert.equal(vfio.context(vfio.group(A).context).open, true, 'a merge leaves the context open');
});

test('3: a group with a device open does not come in, but may host', () => {
  const { vfio, fd, counts } = bench();
  assert.ok(vfio.getDevice(fd[B], b, P) >= 0);
  assert.equal(vfio.merge(fd[A], fd[B], P), -EINVAL);
  assert.deepEqual(counts(), { sets: 'A B C', groups: '1 1 1', devices: '0 1 0', contexts: '0 0 0' });
  assert.equal(vfio.merge(fd[B], fd[A], P), 0);
  assert.equal(vfio.merge(fd[A], fd[C], P), 0);
  assert.deepEqual(counts(), { sets: 'ABC', groups: '1 1 1', devices: '0 1 0', contexts: '0 0 0' });
});

test('5: one device through two groups is two handles', () => {
  const { vfio, fd, counts } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const first = vfio.getDevice(fd[A], b, P);
  const second = vfio.getDevice(fd[B], b, P);
  assert.notEqual(first, second);
  assert.deepEqual(counts(), { sets: 'AB C', groups: '1 1 1', devices: '0 2 0', contexts: '0 0 0' });
  assert.equal(vfio.close(first), 0);
  assert.equal(vfio.device(b).refs, 1);
  assert.equal(vfio.context(vfio.group(A).context).open, true);
});

test('7: a group with a device open does not leave, whoever opened it', () => {
  const { vfio, fd, counts } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const device = vfio.getDevice(fd[A], b, P);
  assert.equal(vfio.unmerge(fd[B], P), -EBUSY);
  assert.deepEqual(counts(), { sets: 'AB C', groups: '1 1 1', devices: '0 1 0', contexts: '0 0 0' });
  assert.equal(vfio.unmerge(fd[A], P), 0, 'the group without an open device may leave');
  assert.deepEqual(counts(), { sets: 'A B C', groups: '1 1 1', devices: '0 1 0', contexts: '0 0 0' });
  assert.equal(vfio.close(device), 0);
});

test('9 and 10: the context goes with its last handle, the merged set with the last group handle', () => {
  const { vfio, fd, counts, tables } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const context = vfio.getContext(fd[B], P);
  assert.equal(vfio.map(context, P, 0x10, 0x200, 4, RW), 0);
  assert.equal(vfio.dma(a, 0x11, READ), 0x201);
  assert.equal(vfio.locked(P), 4);
  assert.equal(vfio.groupInfo(fd[A]), INFO_VIABLE | INFO_MM_LOCKED);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.dma(a, 0x11, READ), DMA_OUTSIDE);
  assert.equal(vfio.locked(P), 0);
  assert.equal(vfio.groupInfo(fd[A]), INFO_VIABLE);
  assert.equal(tables(), 0);
  assert.deepEqual(counts(), { sets: 'AB C', groups: '1 1 1', devices: '0 0 0', contexts: '0 0 0' });
  assert.equal(vfio.close(fd[A]), 0);
  assert.deepEqual(counts(), { sets: 'AB C', groups: '0 1 1', devices: '0 0 0', contexts: '0 0 0' });
  assert.equal(vfio.close(fd[B]), 0);
  assert.deepEqual(counts(), { sets: 'C', groups: '0 0 1', devices: '0 0 0', contexts: '0 0 0' });
});

test('11: an open context belongs to one address space', () => {
  const { vfio, fd } = bench();
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.getContext(fd[A], Q), -EPERM);
  assert.equal(vfio.getDevice(fd[A], a, Q), -EPERM);
  assert.equal(vfio.merge(fd[A], fd[B], Q), -EPERM);
  assert.equal(vfio.unmerge(fd[A], Q), -EPERM);
  assert.equal(vfio.map(context, Q, 0, 0, 1, RW), -EPERM);
  assert.equal(vfio.groupInfo(fd[A]), INFO_VIABLE | INFO_MM_LOCKED, 'anybody may ask');
  assert.equal(vfio.close(context), 0);
  assert.ok(vfio.getContext(fd[A], Q) >= 0, 'the next one to open it is its owner');
});

test('13: a set that is not viable does not come in, and the host is as it was', () => {
  const { vfio, fd, counts, tables } = bench();
  assert.equal(vfio.unbind(b), 0);
  assert.equal(vfio.merge(fd[A], fd[B], P), -EBUSY);
  assert.deepEqual(counts(), { sets: 'A B C', groups: '1 1 1', devices: '0 0 0', contexts: '0 0 0' });
  assert.equal(vfio.context(vfio.group(A).context).open, false);
  assert.equal(tables(), 0);
});

test('14: unbind waits for the whole set, and is woken by the last close', () => {
  const { vfio, fd } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const device = vfio.getDevice(fd[A], a, P);
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.unbind(b), WAITS);
  assert.equal(vfio.resume(b), -EINVAL, 'nobody woke it');
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.device(b).leaving, 'asleep');
  assert.equal(vfio.close(device), 0);
  assert.equal(vfio.device(b).leaving, 'woken');
  assert.equal(vfio.resume(b), 0);
  assert.deepEqual(vfio.device(b), {
    driver: 'unbound',
    tracked: 'yes',
    leaving: 'no',
    doomed: false,
    age: 0,
    refs: 0,
  });
});

test('14, the race: whoever opens the set again before the waiter runs puts it back to sleep', () => {
  const { vfio, fd } = bench();
  const device = vfio.getDevice(fd[A], a, P);
  assert.equal(vfio.hotRemove(a), WAITS);
  assert.equal(vfio.close(device), 0);
  const again = vfio.getDevice(fd[A], a, P);
  assert.equal(vfio.resume(a), WAITS);
  assert.equal(vfio.device(a).leaving, 'asleep');
  assert.equal(vfio.close(again), 0);
  assert.equal(vfio.resume(a), 0);
  assert.equal(vfio.device(a).driver, 'absent');
  assert.equal(vfio.group(A).exists, true, 'an open handle keeps the group without devices');
  assert.equal(vfio.close(fd[A]), 0);
  assert.equal(vfio.group(A).exists, false);
});

test('16: a group that is alone has nothing to leave', () => {
  const { vfio, fd, counts } = bench();
  assert.equal(vfio.unmerge(fd[A], P), -EINVAL);
  assert.deepEqual(counts(), { sets: 'A B C', groups: '1 1 1', devices: '0 0 0', contexts: '0 0 0' });
});

test('17: a group is not merged with itself, through whatever handle', () => {
  const { vfio, fd, counts } = bench();
  const second = vfio.openGroup(A, P);
  assert.equal(vfio.merge(fd[A], fd[A], P), -EINVAL);
  assert.equal(vfio.merge(fd[A], second, P), -EINVAL);
  assert.deepEqual(counts(), { sets: 'A B C', groups: '2 1 1', devices: '0 0 0', contexts: '0 0 0' });
});

test('a merged group is reached through its sibling after its own handle is closed', () => {
  const { vfio, fd, counts } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const kept = vfio.getContext(fd[A], P);
  assert.equal(vfio.close(fd[B]), 0);
  const device = vfio.getDevice(fd[A], b, P);
  assert.ok(device >= 0);
  assert.equal(vfio.map(kept, P, 1, 1, 1, READ), 0);
  assert.equal(vfio.dma(b, 1, READ), 1);
  assert.deepEqual(counts(), { sets: 'AB C', groups: '1 0 1', devices: '0 1 0', contexts: '1 1 0' });
  assert.equal(vfio.dma(c, 1, READ), DMA_OUTSIDE);
});
