// Does each rule of linux-dma refuse what it must, on the line where it must, and nothing else?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TooManyPossibilities } from '../../spec/linux-dma/possible.js';
import type { Setup } from '../../spec/linux-dma/state.js';
import type { Op } from '../../spec/protocol/linux-dma.js';
import { DEFAULTS, judge, line as l, PAGE } from './linux-dma-lines.js';

const PLAIN: Setup = { mode: 'lazy', tags: false, queue: false, dma: false };
const STRICT: Setup = { mode: 'strict', tags: true, queue: false, dma: true };
const QUEUE: Setup = { ...STRICT, queue: true };
const LAZY: Setup = { ...STRICT, mode: 'lazy' };

/** One group with one device, its default domain attached; with tags as domain id 1. */
const one = [l.add('a', 0), l.attach('a')];
const oneTagged = [l.add('a', 0), l.assign(1), l.attach('a')];
const two = [...one, l.add('b', 1), l.attach('b')];
const twoTagged = [...oneTagged, l.add('b', 1), l.assign(2), l.attach('b')];

interface Case {
  readonly name: string;
  readonly setup: Setup;
  readonly before: readonly Op[];
  readonly op: Op;
  /** The rule that decides on the last line. */
  readonly rule: string;
  readonly refused?: boolean;
}
const refused = (name: string, setup: Setup, before: readonly Op[], op: Op, rule: string): Case => ({
  name,
  setup,
  before,
  op,
  rule,
  refused: true,
});
const accepted = (name: string, setup: Setup, before: readonly Op[], op: Op, rule: string): Case => ({
  name,
  setup,
  before,
  op,
  rule,
});

const wide: Op = { ...(l.flush(1, 0, 2) as Extract<Op, { op: 'cache_tag_flush_range' }>), pages: 1n };
const np: Op = { ...(l.flush(1, 0) as Extract<Op, { op: 'cache_tag_flush_range' }>), np: true };
const moved = [l.unassign(1), l.attach('a')];

const CASES: readonly Case[] = [
  refused('a second group', PLAIN, one, l.add('a', 1), 'group/one-only'),
  accepted(
    'a group again after it was left',
    PLAIN,
    [...one, l.remove('a', 0)],
    l.add('a', 1),
    'group/joined',
  ),
  refused('leaving a group that it is not in', PLAIN, one, l.remove('a', 1), 'group/leave-own'),
  refused('attach of a device nobody added', PLAIN, one, l.attach('x'), 'attach/not-in-a-group'),
  refused('attach after leaving', PLAIN, [...one, l.remove('a', 0)], l.attach('a'), 'attach/not-in-a-group'),
  refused('detach of a device nobody added', PLAIN, one, l.detach('x'), 'detach/not-in-a-group'),
  accepted('detach', PLAIN, one, l.detach('a'), 'detach/done'),
  refused(
    'attach while the old tag is held',
    STRICT,
    [...oneTagged, l.assign(2)],
    l.attach('a'),
    'attach/still-tagged',
  ),
  refused(
    'half a group moves on before the other half has come',
    STRICT,
    [
      l.add('a', 0),
      l.add('b', 0),
      l.assign(1),
      l.attach('a'),
      l.assign(1, 2),
      l.attach('b'),
      l.unassign(1, 2),
      l.attach('a'),
      l.assign(2),
    ],
    l.attach('a'),
    'attach/divides-the-group',
  ),
  refused(
    'attach before the old domain is out of the hardware',
    QUEUE,
    [...oneTagged, l.unassign(1)],
    l.attach('a'),
    'attach/left-uninvalidated',
  ),
  accepted(
    'attach after it',
    QUEUE,
    [...oneTagged, l.unassign(1), l.submit(0x100e2n)],
    l.attach('a'),
    'attach/moved',
  ),
  refused(
    'attach before the own flush',
    STRICT,
    [...oneTagged, l.map(0), l.unmap(0), l.assign(1, 2)],
    l.attach('b'),
    'attach/not-in-a-group',
  ),
  refused(
    'a task goes on to attach without the flush that it owes',
    STRICT,
    [...oneTagged, l.map(0), l.unmap(0), l.add('b', 1), l.assign(2)],
    l.attach('b'),
    'attach/before-own-flush',
  ),
  refused(
    'a map of no pages',
    PLAIN,
    one,
    { op: 'map', iova: 0n, paddr: 0n, size: 0n, task: '1' },
    'map/unaligned',
  ),
  refused(
    'a map of half a page',
    PLAIN,
    one,
    { op: 'map', iova: 0n, paddr: 0n, size: PAGE / 2n, task: '1' },
    'map/unaligned',
  ),
  refused(
    'a map beyond the last address',
    PLAIN,
    one,
    { op: 'map', iova: (1n << 64n) - PAGE, paddr: 0n, size: 2n * PAGE, task: '1' },
    'map/unaligned',
  ),
  accepted(
    'a map up to the last address',
    PLAIN,
    one,
    { op: 'map', iova: (1n << 64n) - PAGE, paddr: 0n, size: PAGE, task: '1' },
    'map/done',
  ),
  refused('a map onto a live one in the only domain', PLAIN, [...one, l.map(0, 2)], l.map(1), 'map/overlap'),
  accepted('the same with a second domain', PLAIN, [...two, l.map(0, 2)], l.map(1), 'map/done'),
  refused('a third with two domains', PLAIN, [...two, l.map(0, 2), l.map(1)], l.map(1), 'map/overlap'),
  refused('a map where no device is attached', STRICT, [...oneTagged, ...moved], l.map(0), 'map/overlap'),
  accepted('a direct mapping before the first attach', STRICT, [l.add('a', 0)], l.map(0), 'map/done'),
  refused(
    'a map before the own flush',
    STRICT,
    [...oneTagged, l.map(0), l.unmap(0)],
    l.map(5),
    'map/before-own-flush',
  ),
  refused(
    'reuse before another task has flushed',
    STRICT,
    [...oneTagged, l.map(0), l.unmap(0, 1, 1, '2')],
    l.map(0),
    'map/reused-before-invalidation',
  ),
  refused(
    'reuse before the flush of a lazy domain',
    LAZY,
    [...oneTagged, l.map(0), l.unmap(0)],
    l.map(0),
    'map/reused-before-invalidation',
  ),
  accepted('reuse after it', LAZY, [...oneTagged, l.map(0), l.unmap(0), l.flushAll(1)], l.map(0), 'map/done'),
  refused(
    'a map before the own command',
    QUEUE,
    [...oneTagged, l.map(0), l.unmap(0), l.flush(1, 0)],
    l.map(5),
    'map/before-own-command',
  ),
  refused(
    'an unmap before the own command',
    QUEUE,
    [...oneTagged, l.map(0, 2), l.unmap(0), l.flush(1, 0)],
    l.unmap(1),
    'unmap/before-own-command',
  ),
  refused(
    'an unmap of half a page',
    PLAIN,
    [...one, l.map(0)],
    { op: 'unmap', iova: 0n, size: PAGE, unmapped: PAGE / 2n, task: '1' },
    'unmap/unaligned',
  ),
  accepted('an unmap that found nothing', PLAIN, one, l.unmap(0, 1, 0), 'unmap/nothing-there'),
  refused('an unmap of what is not mapped', PLAIN, one, l.unmap(0), 'unmap/not-mapped'),
  refused('an unmap across a hole', PLAIN, [...one, l.map(0), l.map(2)], l.unmap(0, 3), 'unmap/not-mapped'),
  accepted(
    'an unmap of several maps',
    PLAIN,
    [...one, l.map(0), l.map(1), l.map(2)],
    l.unmap(0, 3),
    'unmap/done',
  ),
  accepted(
    'an unmap that stops at a hole',
    PLAIN,
    [...one, l.map(0), l.map(2)],
    l.unmap(0, 3, 1),
    'unmap/done',
  ),
  refused(
    'an unmap that stops before a mapping goes on',
    PLAIN,
    [...one, l.map(0, 2)],
    l.unmap(0, 2, 1),
    'unmap/wrong-end',
  ),
  accepted(
    'an unmap that takes the rest of a leaf',
    PLAIN,
    [...one, l.map(0, 4)],
    l.unmap(0, 1, 4),
    'unmap/done',
  ),
  refused(
    'more than asked where no leaf ends',
    PLAIN,
    [...one, l.map(0, 4)],
    l.unmap(0, 1, 3),
    'unmap/wrong-end',
  ),
  refused(
    'more than asked where memory is not aligned',
    STRICT,
    [...oneTagged, l.map(0, 2, 1)],
    l.unmap(0, 1, 2),
    'unmap/wrong-end',
  ),
  refused(
    'more than asked across two maps',
    PLAIN,
    [...one, l.map(0), l.map(1)],
    l.unmap(0, 1, 2),
    'unmap/wrong-end',
  ),
  refused(
    'an unmap of two handles at once',
    STRICT,
    [...oneTagged, l.map(0), l.use('a', 0), l.map(1), l.use('a', 1)],
    l.unmap(0, 2),
    'unmap/splits-a-handle',
  ),
  refused(
    'an unmap of half a handle',
    STRICT,
    [...oneTagged, l.map(0, 2), l.use('a', 0, 2)],
    l.unmap(0),
    'unmap/splits-a-handle',
  ),
  refused(
    'an unmap across two domains',
    STRICT,
    [...twoTagged, l.map(0), l.use('a', 0), l.map(1), l.use('b', 1)],
    l.unmap(0, 2),
    'unmap/not-mapped',
  ),
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

for (const c of CASES) {
  test(`linux-dma: ${c.name}`, () => {
    const verdict = judge(c.setup, [...c.before, c.op]);
    const found = verdict.ok
      ? verdict.rules[verdict.rules.length - 1]
      : `${verdict.rule} on line ${verdict.at}`;
    assert.equal(found, c.refused ? `${c.rule} on line ${c.before.length + 1}` : c.rule);
  });
}

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
