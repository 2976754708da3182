// Do the rules of linux-dma on DMA and invalidation decide on the line where they must, and what do refusals name?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TooManyPossibilities } from '../../spec/linux-dma/meter.js';
import type { Op } from '../../spec/protocol/linux-dma.js';
import {
  accepted,
  type Case,
  DEFAULTS,
  judge,
  LAZY,
  line as l,
  one,
  oneTagged,
  PLAIN,
  QUEUE,
  refused,
  runCases,
  STRICT,
  two,
  twoTagged,
} from './linux-dma-lines.js';

const wide: Op = { ...(l.flush(1, 0, 2) as Extract<Op, { op: 'cache_tag_flush_range' }>), pages: 1n };
const np: Op = { ...(l.flush(1, 0) as Extract<Op, { op: 'cache_tag_flush_range' }>), np: true };

const CASES: readonly Case[] = [
  accepted('DMA of a device behind no IOMMU', STRICT, oneTagged, l.use('x', 0), 'dma-map/behind-no-iommu'),
  accepted(
    'DMA of a device on no domain',
    STRICT,
    [l.add('a', 0), l.attach('a')],
    l.use('a', 0),
    'dma-map/passed-through',
  ),
  accepted(
    'a first DMA by physical address',
    { ...PLAIN, dma: true },
    one,
    l.use('a', 7),
    'dma-map/first-shows-passed-through',
  ),
  accepted(
    'a first buffer of an untagged device',
    { ...PLAIN, dma: true },
    one,
    l.alloc('a', 7),
    'dma-alloc/first-shows-passed-through',
  ),
  refused('DMA where nothing is mapped', STRICT, oneTagged, l.use('a', 0), 'dma-map/not-mapped'),
  refused(
    'DMA to other memory',
    STRICT,
    [...oneTagged, l.map(0, 1, 8)],
    l.use('a', 0, 1, 9),
    'dma-map/other-memory',
  ),
  refused(
    'DMA by a device of another domain',
    STRICT,
    [...twoTagged, l.map(0), l.use('a', 0)],
    l.use('b', 0),
    'dma-map/not-mapped',
  ),
  accepted('a buffer', STRICT, [...oneTagged, l.map(0)], l.alloc('a', 0), 'dma-alloc/mapped'),
  refused('a buffer where nothing is mapped', STRICT, oneTagged, l.alloc('a', 0), 'dma-alloc/not-mapped'),
  refused(
    'giving back what was not handed out',
    STRICT,
    [...oneTagged, l.map(0)],
    l.done('a', 0),
    'dma-unmap/not-handed-out',
  ),
  refused(
    'giving back what is still mapped',
    STRICT,
    [...oneTagged, l.map(0), l.use('a', 0)],
    l.done('a', 0),
    'dma-unmap/while-mapped',
  ),
  refused(
    'giving back before the invalidation',
    STRICT,
    [...oneTagged, l.map(0), l.use('a', 0), l.unmap(0)],
    l.done('a', 0),
    'dma-unmap/before-invalidation',
  ),
  accepted(
    'the same in lazy mode',
    LAZY,
    [...oneTagged, l.map(0), l.use('a', 0), l.unmap(0)],
    l.done('a', 0),
    'dma-unmap/done',
  ),
  refused(
    'giving back twice',
    STRICT,
    [...oneTagged, l.map(0), l.use('a', 0), l.unmap(0), l.flush(1, 0), l.done('a', 0)],
    l.done('a', 0),
    'dma-unmap/not-handed-out',
  ),
  accepted(
    'a scatter list is given back',
    STRICT,
    oneTagged,
    { op: 'dma_unmap', via: 'sg', device: 'a', segments: [] },
    'dma-unmap/list',
  ),
  refused(
    'freeing what was not allocated',
    STRICT,
    [...oneTagged, l.map(0)],
    l.free('a', 0),
    'dma-free/not-handed-out',
  ),
  accepted(
    'freeing a buffer before its unmap',
    STRICT,
    [...oneTagged, l.map(0), l.alloc('a', 0)],
    l.free('a', 0),
    'dma-free/done',
  ),
  refused(
    'freeing it after its unmap',
    STRICT,
    [...oneTagged, l.map(0), l.alloc('a', 0), l.unmap(0)],
    l.free('a', 0),
    'dma-free/not-mapped',
  ),
  refused('a second user counted as the third', STRICT, oneTagged, l.assign(1, 3), 'tag-assign/count'),
  refused('an id nobody holds counted as held', STRICT, oneTagged, l.assign(2, 2), 'tag-assign/count'),
  refused(
    'a user leaves who is not the last counted',
    STRICT,
    oneTagged,
    l.unassign(1, 2),
    'tag-unassign/count',
  ),
  refused('a user leaves an unknown id', STRICT, oneTagged, l.unassign(9), 'tag-unassign/count'),
  refused('a flush of an unknown id', STRICT, oneTagged, l.flush(9, 0), 'flush/unknown-domain'),
  refused('a flush of all of an unknown id', STRICT, oneTagged, l.flushAll(9), 'flush-all/unknown-domain'),
  refused(
    'a block smaller than the range',
    STRICT,
    [...oneTagged, l.map(0, 2), l.unmap(0, 2)],
    wide,
    'flush/block-too-small',
  ),
  refused('a flush of what nobody removed', STRICT, oneTagged, l.flush(1, 0), 'flush/nothing-removed'),
  refused(
    'a flush of another domain than the removal was from',
    STRICT,
    [...twoTagged, l.map(0), l.use('a', 0), l.unmap(0)],
    l.flush(2, 0),
    'flush/nothing-removed',
  ),
  accepted('a flush of absent entries', STRICT, oneTagged, np, 'flush/done'),
  refused(
    'a command that nobody announced',
    QUEUE,
    oneTagged,
    l.submit(0x100f2n, 0x40n),
    'queue/unannounced',
  ),
  accepted('a command for something else', QUEUE, oneTagged, l.submit(0x4n), 'queue/other-command'),
  accepted(
    'the command that was announced',
    QUEUE,
    [...oneTagged, l.map(0), l.unmap(0), l.flush(1, 0)],
    l.submit(0x100f2n, 0x40n),
    'queue/taken',
  ),
];

runCases(CASES);

test('a copied buffer is allowed by policy only', () => {
  const ops = [...oneTagged, l.map(0, 1, 8), l.use('a', 0, 1, 9)];
  const verdict = judge(STRICT, ops, { ...DEFAULTS, bounce: 'possible' });
  assert.ok(verdict.ok && verdict.rules.at(-1) === 'dma-map/bounced');
});

test('the policy of invalidation overrides what the recording seems to be', () => {
  const ops = [...oneTagged, l.map(0), l.use('a', 0), l.unmap(0), l.done('a', 0)];
  assert.equal(judge(LAZY, ops, { ...DEFAULTS, invalidation: 'strict' }).ok, false);
  assert.equal(judge(STRICT, ops, { ...DEFAULTS, invalidation: 'lazy' }).ok, true);
});

test('a removal may be from either of two domains until a line tells which', () => {
  const both = [...twoTagged, l.map(0), l.map(0), l.unmap(0, 1, 1, '2')];
  assert.equal(judge(STRICT, [...both, l.flush(1, 0, 1, '2'), l.use('b', 0)]).ok, true);
  assert.equal(judge(STRICT, [...both, l.flush(1, 0, 1, '2'), l.use('a', 0)]).ok, false);
  assert.equal(judge(STRICT, [...both, l.flush(2, 0, 1, '2'), l.use('a', 0)]).ok, true);
});

test('a refusal names the map line that only another domain could have taken', () => {
  const verdict = judge(PLAIN, [...two, l.map(0), l.map(1), l.map(0), l.unmap(0), l.unmap(2)]);
  assert.ok(!verdict.ok);
  assert.equal(verdict.at, 9);
  assert.ok(verdict.related.includes(7), String(verdict.related));
});

test('a refusal names the unmap that took the page away', () => {
  const verdict = judge(PLAIN, [...one, l.map(0), l.map(1), l.unmap(0, 2), l.unmap(1)]);
  assert.ok(!verdict.ok);
  assert.deepEqual([verdict.at, verdict.related[0]], [6, 5]);
});

test('too many possibilities end in an error of their own, never in a verdict', () => {
  const groups = 14;
  const ops: Op[] = [];
  for (let g = 0; g < groups; g++) ops.push(l.add(`d${g}`, g), l.assign(g + 1), l.attach(`d${g}`));
  for (let g = 0; g < groups; g++) ops.push(l.map(0, g + 1, 0, '2'));
  for (let g = 0; g < groups; g++) ops.push(l.unmap(0, 1, 1, '3'));
  assert.throws(() => judge({ ...STRICT, dma: false }, ops), TooManyPossibilities);
});
