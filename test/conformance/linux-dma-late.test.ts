// What can the judge say about a kernel's recording that begins after the machine did?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge, LAWS, type Verdict } from '../../conformance/index.js';
import type { Clause } from '../../spec/law/clause.js';
import { type AnyOp, defaultPolicies } from '../../spec/law/profile.js';
import type { Op } from '../../spec/protocol/linux-dma.js';

const PROFILE = LAWS.profiles['linux-dma']!;
const MACHINE = { mode: 'strict', tags: true, queue: true, dma: true };
const D = { device: '0000:b6:00.0' } as const;
const T = { task: 'qemu-4575' } as const;
const TAG = { unit: 'dmar0', type: 'iotlb', did: 7, pasid: 0, ...T } as const;
const P = 4096n;
const page = (n: bigint) => ({ iova: n * P, size: P, ...T });
const buffer = { ...D, addr: 5n * P, size: P };

const map = (n: bigint): Op => ({ op: 'map', ...page(n), paddr: n * P });
const flush: Op = {
  op: 'cache_tag_flush_range',
  ...TAG,
  start: 5n * P,
  last: 6n * P - 1n,
  addr: 5n * P,
  pages: 1n,
  mask: 0n,
};
const command: Op = { op: 'qi_submit', unit: 'dmar0', words: [0x7_00f2n, 5n * P, 0n, 0n], ...T };

/** One line of each kind that a late recording can begin with. */
const FIRST: readonly Op[] = [
  { op: 'remove_device_from_group', group: 4, ...D },
  { op: 'attach_device_to_domain', ...D, ...T },
  { op: 'detach_device_from_domain', ...D, ...T },
  map(5n),
  { op: 'unmap', ...page(5n), unmapped: P },
  { op: 'dma_map', via: 'page', ...D, segments: [{ addr: 5n * P, size: P }], phys: 5n * P },
  { op: 'dma_alloc', ...buffer },
  { op: 'dma_unmap', via: 'page', ...D, segments: [{ addr: 5n * P, size: P }] },
  { op: 'dma_free', ...buffer },
  { op: 'cache_tag_assign', ...TAG, ref: 3 },
  { op: 'cache_tag_unassign', ...TAG, ref: 3 },
  flush,
  { op: 'cache_tag_flush_all', ...TAG },
  command,
  { op: 'io_page_fault', ...D, iova: 5n * P, flags: 0, why: 'either' },
];

function judged(
  ops: readonly Op[],
  partial: boolean,
  machine: object = MACHINE,
): { verdict: Verdict; rules: readonly string[] } {
  const judge = new Judge(PROFILE, { ...machine, partial }, defaultPolicies(PROFILE));
  for (const [i, op] of ops.entries()) {
    const verdict = judge.feed({ n: i + 1, op, outcome: { is: 'ok' } });
    if (verdict !== undefined) return { verdict, rules: [] };
  }
  return { verdict: judge.finish(), rules: judge.spoke };
}

const open = (Object.values(PROFILE.rules).flat() as readonly Clause<unknown, AnyOp>[])
  .filter(c => c.open)
  .map(c => c.id);

test('each kind of line may come first, and leaves the verdict open', () => {
  const seen = FIRST.map(op => {
    const { verdict, rules } = judged([op], true);
    assert.deepEqual(
      verdict,
      {
        verdict: 'unfinished',
        event: 1,
        reason: 'of 1 events 1 depend on what came before the recording; nothing else diverges',
        partial: true,
      },
      op.op,
    );
    return rules.join();
  });
  assert.deepEqual([...new Set(seen)].sort(), [...new Set(open)].sort());
});

test('the same lines are refused where the recording begins with the machine, but for what says nothing', () => {
  const says = FIRST.filter(op => judged([op], false).verdict.verdict !== 'diverges').map(op => op.op);
  // Without a group a device is no business of the law.
  assert.deepEqual(says, ['dma_map', 'dma_alloc', 'dma_unmap', 'dma_free', 'io_page_fault']);
});

test('what a late recording shows by itself is judged', () => {
  const refused: readonly (readonly [Op[], string])[] = [
    [[{ op: 'map', ...page(5n), paddr: 1n }], 'map/unaligned'],
    [[{ op: 'unmap', ...page(5n), unmapped: 1n }], 'unmap/unaligned'],
    [[flush, map(9n)], 'map/before-own-command'],
    [[{ ...flush, addr: 4n * P } as Op], 'flush/block-too-small'],
    [[{ ...flush, mask: 1n, pages: 2n } as Op], 'flush/block-misshapen'],
    [[FIRST[9]!, { op: 'cache_tag_assign', ...TAG, ref: 3 }], 'tag-assign/count'],
    [[FIRST[9]!, { op: 'cache_tag_unassign', ...TAG, ref: 2 }], 'tag-unassign/count'],
    [
      [
        { op: 'add_device_to_group', group: 1, ...D },
        { op: 'add_device_to_group', group: 2, ...D },
      ],
      'group/one-only',
    ],
  ];
  for (const [ops, rule] of refused) {
    const { verdict } = judged(ops, true);
    assert.equal(verdict.verdict === 'diverges' && verdict.allowed.map(a => a.rule).join(), rule);
  }
});

test('a recording that is late and leaves nothing open conforms', () => {
  const { verdict } = judged([{ op: 'add_device_to_group', group: 1, ...D }], true);
  assert.deepEqual(verdict, { verdict: 'conforms', events: 1, candidates: 1 });
});
