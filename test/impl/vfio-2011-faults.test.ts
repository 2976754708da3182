// When a step fails half way, is everything as it was before the call?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EBADF, EFAULT, EINVAL, EMFILE, ENOMEM } from '../../impl/errno.js';
import type { FaultPoint } from '../../impl/vfio-2011/faults.js';
import { HandleSlab } from '../../impl/vfio-2011/handles.js';
import { A, a, B, b, bench, C, type Given, oneFault, P, Q, READ, RW } from './vfio-2011-bench.js';

/** A machine with a fault to come, and all that can be seen of it, by looking and by DMA. */
function fragile(given: Given = {}) {
  const faults = oneFault();
  const made = bench({ ...given, faults });
  const { vfio } = made;
  const seen = () => ({
    counts: made.counts(),
    devices: [0, 1, 2].map(d => vfio.device(d)),
    groups: [0, 1, 2].map(g => vfio.group(g)),
    contexts: [0, 1, 2].map(g => {
      const c = vfio.group(g).context;
      return c < 0 ? null : { ...vfio.context(c), runs: vfio.runs(c) };
    }),
    locked: [vfio.locked(P), vfio.locked(Q)],
    dma: [0, 1, 2].flatMap(d => [0, 1, 2, 3].map(page => vfio.dma(d, page, READ))),
    tables: made.tables(),
  });
  /** The call fails in this way when that step does, changes nothing, and works the next time. */
  const undone = (point: FaultPoint, at: number, errno: number, call: () => number): void => {
    const before = seen();
    faults.arm(point, at);
    assert.equal(call(), -errno, `${point} ${at}`);
    assert.deepEqual(seen(), before, `${point} ${at}`);
  };
  return { ...made, undone };
}

test('the first open of a group needs a context object and a descriptor', () => {
  const { vfio, fd, undone } = fragile();
  assert.equal(vfio.close(fd[A]), 0);
  undone('context-object', 0, ENOMEM, () => vfio.openGroup(A, P));
  undone('descriptor', 0, EMFILE, () => vfio.openGroup(A, P));
  assert.ok(vfio.openGroup(A, P) >= 0);
  undone('descriptor', 0, EMFILE, () => vfio.openGroup(A, P));
});

test('a context that does not open in full does not open at all', () => {
  const { vfio, fd, undone } = fragile();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.merge(fd[A], fd[C], P), 0);
  assert.equal(vfio.close(vfio.getContext(fd[A], P)), 0);
  undone('domain', 0, ENOMEM, () => vfio.getContext(fd[A], P));
  for (const k of [0, 1, 2]) undone('attach', k, EFAULT, () => vfio.getContext(fd[A], P));
  undone('descriptor', 0, EMFILE, () => vfio.getContext(fd[A], P));
  undone('driver-open', 0, EFAULT, () => vfio.getDevice(fd[A], b, P));
  undone('descriptor', 0, EMFILE, () => vfio.getDevice(fd[B], a, P));
});

test('a context that was open already stays open when a later step fails', () => {
  const { vfio, fd, undone } = fragile();
  assert.ok(vfio.getContext(fd[A], P) >= 0);
  undone('driver-open', 0, EFAULT, () => vfio.getDevice(fd[A], a, P));
  undone('descriptor', 0, EMFILE, () => vfio.getContext(fd[A], P));
});

test('merge undoes the trial, the opening of the host, and a half-done move', () => {
  const { vfio, fd, undone } = fragile();
  const merging = () => vfio.merge(fd[A], fd[B], P);
  for (const k of [0, 1]) undone('domain', k, ENOMEM, merging);
  for (const k of [0, 1, 2]) undone('attach', k, EFAULT, merging);
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.map(context, P, 0, 0x100, 2, RW), 0);
  undone('domain', 0, ENOMEM, merging);
  for (const k of [0, 1]) undone('attach', k, EFAULT, merging);
  assert.equal(merging(), 0);
  assert.equal(vfio.dma(b, 1, READ), 0x101, 'the newcomer sees what was mapped before');
});

test('a set of several groups that is refused one device goes back whole', () => {
  const { vfio, fd, undone } = fragile({ choices: { mergeIncoming: 'any' } });
  assert.equal(vfio.merge(fd[B], fd[C], P), 0);
  const context = vfio.getContext(fd[B], P);
  assert.equal(vfio.map(context, P, 1, 0x200, 2, RW), 0);
  assert.ok(vfio.getContext(fd[A], P) >= 0);
  // B and C are in use: their devices must be back in their own domain, with its mappings.
  for (const k of [0, 1]) undone('attach', k, EFAULT, () => vfio.merge(fd[A], fd[B], P));
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(vfio.locked(P), 0, 'the mappings of the incoming set are gone');
  assert.equal(vfio.map(context, P, 1, 0x300, 1, RW), 0, 'its context handle speaks for the new set');
  assert.equal(vfio.dma(a, 1, READ), 0x300);
});

test('unmerge gives the fresh context back when it is refused', () => {
  const { vfio, fd, undone } = fragile();
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  undone('context-object', 0, ENOMEM, () => vfio.unmerge(fd[B], P));
  for (let n = 0; n < 10; n++) assert.equal(vfio.unmerge(fd[C], P), -EINVAL);
  assert.equal(vfio.unmerge(fd[B], P), 0);
});

test('a map that fails at any page gives the pages before it back', () => {
  const { vfio, fd, undone } = fragile();
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.map(context, P, 8, 0x100, 1, RW), 0);
  for (const k of [0, 1, 2, 3]) {
    undone('page-pin', k, EFAULT, () => vfio.map(context, P, 0, 0x200, 4, RW));
    undone('table-memory', k, ENOMEM, () => vfio.map(context, P, 0, 0x200, 4, RW));
  }
  undone('page-pin', 0x3ffff, EFAULT, () => vfio.map(context, P, 0x40000, 0x40000, 0x40000, RW));
  assert.equal(vfio.map(context, P, 0, 0x200, 4, RW), 0);
  undone('split-memory', 0, ENOMEM, () => vfio.unmap(context, P, 1, 2));
});

test('only the middle of one mapping needs memory to be unmapped', () => {
  const faults = oneFault();
  const { vfio, fd } = bench({ faults });
  const context = vfio.getContext(fd[A], P);
  const unmap = (page: number, pages: number) => {
    faults.arm('split-memory');
    return vfio.unmap(context, P, page, pages);
  };
  assert.equal(vfio.map(context, P, 0, 0, 9, RW), 0);
  assert.equal(unmap(4, 1), -ENOMEM);
  assert.equal(vfio.unmap(context, P, 4, 1), 0);
  assert.equal(unmap(3, 3), 0, 'two mappings, though the second goes on where the first would');
  assert.equal(unmap(0, 1), 0, 'an end');
  assert.equal(unmap(8, 5), 0, 'the other end');
  assert.equal(unmap(20, 5), 0, 'nothing');
  assert.equal(vfio.map(context, P, 0x3ff, 0x3ff, 0x202, RW), 0);
  assert.equal(unmap(0x400, 0x200), -ENOMEM, 'a large leaf between two pages');
  assert.equal(unmap(0x500, 1), -ENOMEM, 'a page of a large leaf');
});

test('table memory that really runs out is an error too, and is undone', () => {
  const { vfio, fd, tables } = bench({ pages: 5 });
  const context = vfio.getContext(fd[A], P);
  assert.equal(vfio.map(context, P, 0, 0, 1, RW), 0);
  assert.equal(tables(), 4);
  assert.equal(vfio.map(context, P, 2 ** 30, 0, 1, RW), -ENOMEM);
  assert.equal(vfio.locked(P), 1);
  assert.equal(vfio.merge(fd[A], fd[B], P), 0, 'the trial borrows the last page, and gives it back');
  assert.equal(tables(), 4);
  assert.ok(vfio.getContext(fd[C], P) >= 0);
  assert.ok(vfio.getContext(fd[C], P) >= 0, 'a second handle needs none');
  assert.equal(tables(), 5);
});

test('a stale handle is told from the one that took its slot', () => {
  const { vfio, fd } = bench();
  const first = vfio.openGroup(A, P);
  assert.equal(vfio.close(first), 0);
  const second = vfio.openGroup(B, P);
  assert.notEqual(second, first);
  assert.equal(vfio.close(first), -EBADF);
  assert.equal(vfio.groupInfo(first), -EBADF);
  assert.equal(vfio.merge(fd[C], first, P), -EBADF);
  assert.equal(vfio.group(B).refs, 2);
  for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53, 1e300, -(2 ** 31)])
    assert.equal(vfio.close(wrong), -EBADF);
  vfio.reset();
  assert.equal(vfio.close(fd[A]), -EBADF, 'a reset forgets no generation');
});

test('a slot whose generations are used up is never given out again', () => {
  const slab = new HandleSlab(2, 3);
  const seen = new Set<number>();
  for (let n = 0; n < 6; n++) {
    const handle = slab.take(1, 0, 0);
    assert.ok(handle >= 0 && !seen.has(handle));
    for (const old of seen) assert.equal(slab.slotOf(old), -1);
    seen.add(handle);
    slab.free(slab.slotOf(handle));
  }
  assert.equal(slab.take(1, 0, 0), -EMFILE);
});
