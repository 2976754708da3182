// What comes, what leaves, who waits for it, and what do the merged counts make of that?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EBUSY, EINVAL, ENODEV, ENOTTY, EPERM } from '../../impl/errno.js';
import { INFO_VIABLE } from '../../impl/vfio-2011/calls.js';
import type { Hardware } from '../../impl/vfio-2011/configuration.js';
import { DMA_FAULT, DMA_OUTSIDE } from '../../impl/vfio-2011/mapping.js';
import { WAITS } from '../../impl/vfio-2011/plugging.js';
import { A, a, B, b, bench, C, c, HARDWARE, P, Q, READ, RW } from './vfio-2011-bench.js';

/** A fourth device, of group A, that is to come. */
const d = 3;
const WITH_D: Partial<Hardware> = { devices: [...HARDWARE.devices, { group: A, driver: 'absent' }] };

test('what is not viable, or leaves, counts for the whole merged set', () => {
  const { vfio, fd } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.merge(fd[A], fd[C], P), 0);
  assert.equal(vfio.groupInfo(fd[C]) & INFO_VIABLE, INFO_VIABLE);
  assert.equal(vfio.unbind(b), 0);
  assert.equal(vfio.groupInfo(fd[C]) & INFO_VIABLE, 0);
  assert.equal(vfio.close(vfio.openGroup(A, P)), 0, 'any close ends the context that the merge has opened');
  assert.equal(vfio.getContext(fd[C], P), -EBUSY);
  assert.equal(vfio.unmerge(fd[B], P), 0);
  assert.equal(vfio.groupInfo(fd[C]), INFO_VIABLE, 'the group with the unbound device has left');
  assert.equal(vfio.bind(b, true), 0);
  assert.equal(vfio.groupInfo(fd[B]), INFO_VIABLE);
});

test('a sleeper is carried by its group into another set and is woken there', () => {
  const { vfio, fd } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const device = vfio.getDevice(fd[A], a, P);
  assert.equal(vfio.unbind(b), WAITS);
  assert.equal(vfio.unbind(b), -EBUSY);
  assert.equal(vfio.unmerge(fd[B], P), 0);
  assert.equal(vfio.device(b).leaving, 'woken', 'what it waited for is not its set any more');
  assert.equal(vfio.resume(b), 0);
  assert.equal(vfio.close(device), 0);
});

test('device handles count for whichever set the group is in', () => {
  const { vfio, fd } = bench();
  const device = vfio.getDevice(fd[A], a, P);
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.merge(fd[B], fd[C], P), 0);
  assert.equal(vfio.close(fd[A]), 0);
  assert.equal(vfio.unmerge(fd[B], P), 0);
  const context = vfio.getContext(fd[C], P);
  assert.equal(vfio.map(context, P, 1, 1, 1, RW), 0);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.dma(c, 1, READ), 1, 'the device handle keeps the context');
  assert.equal(vfio.close(device), 0);
  assert.equal(vfio.dma(c, 1, READ), DMA_OUTSIDE);
});

test('a device that comes into an open set is attached, and detached when it goes', () => {
  const { vfio, fd } = bench({ hardware: WITH_D });
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.map(context, P, 1, 0x11, 1, RW), 0);
  assert.equal(vfio.dma(d, 1, READ), -ENODEV);
  assert.equal(vfio.hotAdd(d, false), 0);
  assert.equal(vfio.dma(d, 1, READ), 0x11);
  assert.equal(vfio.groupInfo(fd[A]) & INFO_VIABLE, 0);
  assert.equal(vfio.getDevice(fd[A], d, P), -ENODEV, 'nobody could open it');
  assert.equal(vfio.deleteDevice(d), 0);
  assert.equal(vfio.dma(d, 1, READ), -ENODEV);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.hotAdd(d, false), 0);
  assert.equal(vfio.dma(d, 1, READ), DMA_OUTSIDE, 'it comes back to a closed set');
});

test('a device that is gone is not the guest of the next context', () => {
  const { vfio, fd } = bench({ hardware: WITH_D });
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.map(context, P, 1, 0x11, 1, RW), 0);
  assert.equal(vfio.hotAdd(d, true), 0);
  assert.equal(vfio.hotRemove(d), 0, 'a kernel driver is nobody to wait for');
  assert.equal(vfio.unmap(context, P, 1, 1), 0);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.hotAdd(d, true), 0);
  assert.equal(vfio.dma(d, 1, READ), DMA_OUTSIDE);
});

test('the hard timeout revokes the handles of the one device', () => {
  const hardware = { ...WITH_D, timeout: 2 };
  const { vfio, fd } = bench({ hardware, choices: { hotRemoveInUse: 'timeout-then-revoke' } });
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const first = vfio.getDevice(fd[A], a, P);
  const second = vfio.getDevice(fd[B], a, P);
  assert.equal(vfio.hotRemove(a), WAITS);
  assert.equal(vfio.unbind(b), WAITS);
  assert.equal(vfio.tick(), 0);
  assert.equal(vfio.device(a).age, 1);
  assert.equal(vfio.hotRemove(b), WAITS);
  assert.equal(vfio.tick(), 0);
  assert.equal(vfio.device(a).driver, 'absent');
  assert.equal(vfio.device(a).refs, 0);
  assert.deepEqual(vfio.handle(first), { kind: 'dead', target: -1, mm: P });
  assert.equal(vfio.map(first, P, 1, 1, 1, RW), -ENODEV);
  assert.equal(vfio.device(b).leaving, 'woken', 'nothing keeps the set any more');
  assert.equal(vfio.close(first), 0);
  assert.equal(vfio.close(second), 0);
  assert.equal(vfio.resume(b), 0);
  assert.equal(vfio.device(b).driver, 'absent', 'doomed while it waited');
});

test('a context that only the revoked handles kept is closed', () => {
  const { vfio, fd } = bench({
    hardware: { timeout: 1 },
    choices: { hotRemoveInUse: 'timeout-then-revoke' },
  });
  const context = vfio.getContext(fd[A], P);
  const device = vfio.getDevice(fd[A], a, P);
  assert.equal(vfio.map(context, P, 1, 0x11, 1, RW), 0);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.unbind(a), WAITS);
  assert.equal(vfio.tick(), 0);
  assert.equal(vfio.handle(device)?.kind, 'dead');
  assert.equal(vfio.device(a).driver, 'unbound');
  assert.equal(vfio.dma(a, 1, READ), DMA_OUTSIDE);
  assert.equal(vfio.locked(P), 0);
});

test('by choice, a group comes in with its devices open, and they keep the new context', () => {
  const { vfio, fd } = bench({ choices: { mergeIncoming: 'any' } });
  const device = vfio.getDevice(fd[B], b, P);
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.map(context, P, 1, 0x11, 1, RW), 0);
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.dma(b, 1, READ), 0x11);
  assert.equal(vfio.close(device), 0);
  assert.equal(vfio.dma(b, 1, READ), DMA_OUTSIDE);
});

test('the hard timeout kills whoever keeps the set in use, and all that they have', () => {
  const hardware = { timeout: 1 };
  const { vfio, fd, counts, tables } = bench({ hardware, choices: { hotRemoveInUse: 'timeout-then-kill' } });
  const other = vfio.openGroup(B, Q);
  const device = vfio.getDevice(fd[A], a, P);
  assert.ok(vfio.getContext(fd[C], P) >= 0);
  assert.equal(vfio.hotRemove(a), WAITS);
  assert.equal(vfio.setTimeout(0, false), -EPERM);
  assert.equal(vfio.setTimeout(2, true), 0);
  assert.equal(vfio.tick(), 0);
  assert.equal(vfio.handle(device)?.kind, 'device');
  assert.equal(vfio.tick(), 0);
  assert.equal(vfio.handle(device), undefined);
  assert.deepEqual(counts(), { sets: 'B', groups: '0 1 0', devices: '0 0 0', contexts: '0 0 0' });
  assert.equal(vfio.handle(other)?.mm, Q, 'a bystander keeps what it has');
  assert.equal(tables(), 0);
  assert.equal(vfio.device(a).leaving, 'woken');
  assert.equal(vfio.resume(a), 0);
  assert.equal(vfio.group(A).exists, false);
});

test('a device that could not be tracked taints its group until the group is gone', () => {
  const armed = { now: false };
  const faults = {
    fails: (point: string) => (point === 'tracking' && armed.now ? 0 : -1),
  };
  const { vfio, fd } = bench({ hardware: WITH_D, faults });
  assert.equal(vfio.merge(fd[B], fd[A], P), 0);
  armed.now = true;
  assert.equal(vfio.hotAdd(d, false), 0);
  assert.equal(vfio.device(d).tracked, 'lost');
  assert.equal(vfio.groupInfo(fd[B]) & INFO_VIABLE, 0);
  assert.equal(vfio.bind(d, true), -EINVAL);
  assert.equal(vfio.deleteDevice(d), 0);
  assert.equal(vfio.group(A).tainted, true);
  assert.equal(vfio.unmerge(fd[A], P), 0);
  assert.equal(vfio.groupInfo(fd[B]) & INFO_VIABLE, INFO_VIABLE);
  assert.equal(vfio.hotRemove(a), 0);
  assert.equal(vfio.close(fd[A]), 0);
  assert.deepEqual(vfio.group(A), { exists: false, tainted: false, context: -1, refs: 0 });
});

test('by choice, a group handle keeps the context too', () => {
  const { vfio, fd } = bench({ choices: { groupHandleIsUse: 'yes' } });
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.map(context, P, 1, 0x11, 1, RW), 0);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.dma(a, 1, READ), 0x11);
  assert.equal(vfio.unmap(context, P, 1, 1) < 0, true);
  assert.equal(vfio.close(fd[A]), 0);
  assert.equal(vfio.dma(a, 1, READ), DMA_OUTSIDE);
  assert.equal(vfio.locked(P), 0);
});

test('by choice, the leaver is named by a handle of the set that stays', () => {
  const { vfio, fd, counts } = bench({ choices: { unmergeNames: 'by-handle' } });
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.unmerge(fd[A], P), -ENOTTY);
  assert.equal(vfio.unmergeMember(fd[A], fd[A], P), -EINVAL);
  assert.equal(vfio.unmergeMember(fd[A], fd[C], P), -EINVAL);
  assert.equal(vfio.unmergeMember(fd[A], fd[B], P), 0);
  assert.deepEqual(counts(), { sets: 'A B C', groups: '1 1 1', devices: '0 0 0', contexts: '0 0 0' });
});

test('a reset in the middle of everything is the start again', () => {
  const { vfio, fd, counts, tables } = bench();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  const context = vfio.getContext(fd[A], Q) < 0 ? vfio.getContext(fd[A], P) : -1;
  assert.equal(vfio.map(context, P, 1, 0x11, 1, RW), 0);
  assert.equal(vfio.dma(a, 1, READ), 0x11);
  assert.equal(vfio.hotRemove(a), WAITS);
  vfio.reset();
  assert.deepEqual(counts(), { sets: '', groups: '0 0 0', devices: '0 0 0', contexts: '0 0 0' });
  assert.equal(vfio.locked(P), 0);
  assert.equal(tables(), 0);
  assert.equal(vfio.dma(a, 1, READ), DMA_OUTSIDE);
  const fresh = vfio.getContext(vfio.openGroup(A, P), P);
  assert.ok(fresh >= 0);
  assert.equal(vfio.dma(a, 1, READ), DMA_FAULT, 'no translation from before');
});
