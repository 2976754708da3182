// Does the worst that many devices do to one page end as unfinished?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Op } from '../../../spec/protocol/linux-dma.js';
import { judged, MACHINE, PAGE, T, unmap } from '../../spec/many-devices.js';

test('what leaves too much open is unfinished, and does not go on for ever', () => {
  const devices = 120;
  const ops: Op[] = [];
  for (let i = 0; i < devices; i++) {
    const start = BigInt((i * 37) % 60);
    ops.push({
      op: 'map',
      iova: start * PAGE,
      paddr: BigInt(i) * 64n * PAGE,
      size: BigInt(2 + (i % 9)) * PAGE,
      ...T,
    });
  }
  for (let i = 0; i < 200; i++) ops.push(unmap(BigInt((i * 13) % 60)));
  const verdict = judged(devices, ops, { ...MACHINE, dma: true });
  assert.equal(verdict.verdict, 'unfinished');
});
