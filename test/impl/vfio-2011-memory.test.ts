// Which ranges are mapped and unmapped, on whose account, and does a device never see an old translation?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EBUSY, EFAULT, EINVAL, ENODEV, ENOMEM } from '../../impl/errno.js';
import { SHORT, UNREADABLE } from '../../impl/vfio-2011/calls.js';
import { DMA_FAULT, DMA_OUTSIDE } from '../../impl/vfio-2011/mapping.js';
import { A, a, B, b, bench, c, P, Q, READ, RW, WRITE } from './vfio-2011-bench.js';

const PAGE = 4096n;

function opened(mm = P) {
  const made = bench();
  const context = made.vfio.getContext(made.fd[A], mm);
  const runs = () =>
    made.vfio.runs(made.vfio.group(A).context).map(r => `${r.page}+${r.pages}>${r.frame}:${r.prot}`);
  return { ...made, context, runs };
}

test('addresses and sizes are whole pages, do not wrap, and fit the domain', () => {
  const { vfio, context } = opened();
  const map = (iova: bigint, paddr: bigint, size: bigint, prot = RW, arg = 0) =>
    vfio.mapBytes(context, P, iova, paddr, size, prot, arg);
  const top = 1n << 64n;
  assert.equal(map(0n, 0n, PAGE, 0), -EINVAL, 'no permission');
  assert.equal(map(1n, 0n, PAGE), -EINVAL);
  assert.equal(map(0n, 0x800n, PAGE), -EINVAL);
  assert.equal(map(0n, 0n, 0xfffn), -EINVAL);
  assert.equal(map(0n, 0n, 0n), -EINVAL);
  assert.equal(map(top - PAGE, 0n, 2n * PAGE), -EINVAL, 'wraps');
  assert.equal(map(0n, top - PAGE, 2n * PAGE), -EINVAL, 'wraps');
  assert.equal(map(top - PAGE, 0n, PAGE), -EFAULT, 'ends at 2^64: beyond the width only');
  assert.equal(map(1n << 48n, 0n, PAGE), -EFAULT);
  assert.equal(map((1n << 48n) - PAGE, 0n, 2n * PAGE), -EFAULT);
  assert.equal(map(0n, (1n << 52n) - PAGE, 2n * PAGE), -EFAULT);
  assert.equal(map(0n, 0n, PAGE, RW, UNREADABLE), -EFAULT);
  assert.equal(map(0n, 0n, PAGE, RW, SHORT), -EINVAL);
  assert.equal(map((1n << 48n) - PAGE, (1n << 52n) - PAGE, PAGE), 0);
  assert.equal(vfio.dmaBytes(a, (1n << 48n) - 1n, READ), (1n << 52n) - 1n);
  assert.equal(map((1n << 48n) - PAGE, 0n, top - (1n << 48n)), -EBUSY, 'overlap is seen before the width');
  assert.equal(vfio.unmapBytes(context, P, 0n, 0x10n), -EINVAL);
  assert.equal(vfio.unmapBytes(context, P, 1n << 63n, top - PAGE), 0, 'nothing is mapped out there');
  assert.equal(vfio.locked(P), 1);
  assert.equal(vfio.unmapBytes(context, P, 0n, top - PAGE), 0);
  assert.equal(vfio.locked(P), 0);
});

test('unmap takes whole mappings, trims either end, and splits', () => {
  const { vfio, context, runs } = opened();
  assert.equal(vfio.map(context, P, 10, 110, 10, RW), 0);
  assert.equal(vfio.unmap(context, P, 13, 2), 0);
  assert.deepEqual(runs(), ['10+3>110:3', '15+5>115:3']);
  assert.equal(vfio.unmap(context, P, 0, 11), 0);
  assert.equal(vfio.unmap(context, P, 19, 100), 0);
  assert.deepEqual(runs(), ['11+2>111:3', '15+4>115:3']);
  assert.equal(vfio.locked(P), 6);
  assert.equal(vfio.map(context, P, 13, 113, 2, RW), 0);
  assert.deepEqual(runs(), ['11+8>111:3'], 'neighbours that continue each other are one');
  assert.equal(vfio.map(context, P, 19, 119, 1, READ), 0);
  assert.equal(vfio.map(context, P, 10, 0, 1, RW), 0);
  assert.deepEqual(runs(), ['10+1>0:3', '11+8>111:3', '19+1>119:1'], 'others are not');
  assert.equal(vfio.unmap(context, P, 5, 0), 0);
  assert.equal(vfio.locked(P), 10);
});

test('large leaves are trimmed and split to the page', () => {
  const { vfio, context, runs } = opened();
  assert.equal(vfio.map(context, P, 0, 0, 2 ** 18, RW), 0);
  assert.equal(vfio.unmap(context, P, 700, 1), 0);
  assert.deepEqual(runs(), ['0+700>0:3', '701+261443>701:3']);
  assert.equal(vfio.dma(a, 700, READ), DMA_FAULT);
  assert.equal(vfio.dma(a, 701, READ), 701);
  assert.equal(vfio.locked(P), 2 ** 18 - 1);
  assert.equal(vfio.map(context, P, 600, 0, 200, RW), -EBUSY);
  assert.equal(vfio.map(context, P, 700, 700, 1, RW), 0);
  assert.deepEqual(runs(), ['0+262144>0:3']);
});

test('the account of an address space spans its contexts and never passes the limit', () => {
  const { vfio, fd, context } = opened(Q);
  const other = vfio.getContext(fd[B], Q);
  assert.equal(vfio.map(context, Q, 0, 0, 5, RW), 0);
  assert.equal(vfio.map(other, Q, 0, 0, 4, RW), -ENOMEM);
  assert.equal(vfio.map(other, Q, 0, 0, 3, RW), 0);
  assert.equal(vfio.locked(Q), 8);
  assert.equal(vfio.unmap(context, Q, 1, 1), 0);
  assert.equal(vfio.map(other, Q, 2, 0, 1, RW), -EBUSY, 'overlap comes before the limit');
  assert.equal(vfio.close(other), 0);
  assert.equal(vfio.locked(Q), 4);
  assert.equal(vfio.close(context), 0);
  assert.equal(vfio.locked(Q), 0);
});

test('an access is checked for its kind, on a miss and on a hit', () => {
  const { vfio, context } = opened();
  assert.equal(vfio.map(context, P, 1, 1, 1, READ), 0);
  assert.equal(vfio.map(context, P, 2, 2, 1, WRITE), 0);
  for (let n = 0; n < 2; n++) {
    assert.equal(vfio.dma(a, 1, READ), 1);
    assert.equal(vfio.dma(a, 1, WRITE), DMA_FAULT);
    assert.equal(vfio.dma(a, 2, READ), DMA_FAULT);
    assert.equal(vfio.dma(a, 2, WRITE), 2);
  }
  assert.equal(vfio.dma(9, 1, READ), -ENODEV);
  assert.equal(vfio.dma(b, 1, READ), DMA_OUTSIDE);
});

test('no old translation is left by unmap, by close, by merge or by unmerge', () => {
  const { vfio, fd, context } = opened();
  const see = (device: number) => vfio.dma(device, 3, READ);
  assert.equal(vfio.map(context, P, 3, 0x30, 1, RW), 0);
  assert.equal(see(a), 0x30);
  assert.equal(vfio.unmap(context, P, 0, 100), 0);
  assert.equal(see(a), DMA_FAULT);
  assert.equal(vfio.map(context, P, 3, 0x31, 1, RW), 0);
  assert.equal(see(a), 0x31, 'the new one');
  const other = vfio.getContext(fd[B], P);
  assert.equal(vfio.map(other, P, 3, 0x40, 1, RW), 0);
  assert.equal(see(b), 0x40);
  assert.equal(vfio.close(other), 0);
  assert.equal(see(b), DMA_OUTSIDE);
  const again = vfio.getContext(fd[B], P);
  assert.equal(see(b), DMA_FAULT, 'the domain is used anew');
  assert.equal(vfio.close(again), 0);
  assert.equal(vfio.merge(fd[A], fd[B], P), 0);
  assert.equal(see(b), 0x31);
  assert.equal(vfio.unmerge(fd[B], P), 0);
  assert.equal(see(b), DMA_OUTSIDE);
  assert.equal(see(a), 0x31);
  assert.equal(see(c), DMA_OUTSIDE);
});

test('by choice, the last context handle takes the mappings though a device is open', () => {
  for (const lastContextHandle of ['drop', 'keep-until-context-idle'] as const) {
    const { vfio, fd } = bench({ choices: { lastContextHandle } });
    const context = vfio.getContext(fd[A], P);
    const second = vfio.getContext(fd[A], P);
    const device = vfio.getDevice(fd[A], a, P);
    assert.equal(vfio.map(context, P, 3, 0x30, 1, RW), 0);
    assert.equal(vfio.dma(a, 3, READ), 0x30);
    assert.equal(vfio.close(second), 0);
    assert.equal(vfio.dma(a, 3, READ), 0x30);
    assert.equal(vfio.close(context), 0);
    assert.equal(vfio.dma(a, 3, READ), lastContextHandle === 'drop' ? DMA_FAULT : 0x30);
    assert.equal(vfio.locked(P), lastContextHandle === 'drop' ? 0 : 1);
    assert.equal(vfio.close(device), 0);
    assert.equal(vfio.locked(P), 0);
  }
});
