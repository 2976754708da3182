// Which mistakes of kernels does the court find in what they recorded?
import type { Op } from '../../../spec/protocol/linux-dma.js';
import { type FaultyRecording, history, synthetic } from '../fault.js';
import { type Ev, each, fault, invalidates, isFlush, lacking, last, PAGE, recounted } from './seed.js';

type Flush = Extract<Op, { op: 'cache_tag_flush_range' }>;

/** None where the range is empty: what an unmap of nothing has gathered begins at the last address and ends at the first. */
const pagesOf = (op: Flush): bigint => (op.last < op.start ? 0n : (op.last - op.start) / PAGE + 1n);

/** The block as the count of pages gives it, whatever the alignment of the first one; undefined: there is none to count. */
function blockByCount(op: Flush): Partial<Flush> | undefined {
  if (pagesOf(op) === 0n) return undefined;
  const mask = BigInt(Math.ceil(Math.log2(Number(pagesOf(op)))));
  const size = PAGE << mask;
  return { addr: op.start - (op.start % size), pages: 1n << mask, mask };
}

/** Is the device that moves in a group with another? */
function hasSibling(move: Ev, before: readonly Ev[]): boolean {
  const { device } = move.op as Extract<Op, { op: 'attach_device_to_domain' }>;
  const joined = before.flatMap(e => (e.op.op === 'add_device_to_group' ? [e.op] : []));
  const mine = joined.findLast(op => op.device === device)?.group;
  return joined.some(op => op.group === mine && op.device !== device);
}

/** A device of a domain moves. */
const moves = (e: Ev): boolean => e.op.op === 'attach_device_to_domain';

/** The second device of a group never leaves the domain that the first one has left. */
function leavesBehind(events: readonly Ev[]): readonly Ev[] {
  const attaches = events.flatMap((e, i) => (moves(e) ? [i] : []));
  const leaving = (from: number, to: number) =>
    events.findIndex((e, i) => i > from && i < to && e.op.op === 'cache_tag_unassign');
  for (let k = 2; k < attaches.length; k++) {
    const [before, first, second] = attaches.slice(k - 2, k + 1);
    const start = leaving(first!, second!);
    const bothLeave = leaving(before!, first!) >= 0 && start >= 0;
    if (!bothLeave || !hasSibling(events[second!]!, events.slice(0, first!))) continue;
    return recounted(events.filter((_, i) => i < start || i > second!));
  }
  return events;
}

export const recorded: readonly FaultyRecording[] = [
  fault(
    'flush/block-does-not-cover-the-tail',
    'The block to flush is computed from the number of pages alone, and misses the tail of a range that is not aligned.',
    history('Linux, "iommu/vt-d: Calculate mask for non-aligned flushes"'),
    ['flush/block-too-small', 9],
    each('cache_tag_flush_range', op => (op.np === true ? undefined : blockByCount(op))),
  ),
  fault(
    'flush/last-page-left-out',
    'The size to flush is computed from an inclusive end, and is a page too small.',
    history('Linux, "iommu/amd: Fix domain flush size when syncing iotlb"'),
    ['dma-unmap/before-invalidation', 9],
    each('cache_tag_flush_range', op =>
      op.np === true || pagesOf(op) < 2n ? undefined : { last: op.last - PAGE },
    ),
  ),
  fault(
    'flush/none',
    'Removed ranges are not flushed.',
    history('Xen XSA-275, insufficient TLB flushing'),
    ['dma-unmap/before-invalidation', 7],
    lacking((op, before) => (isFlush(op) && last('unmap', before) !== undefined) || invalidates(op, 3)),
  ),
  fault(
    'flush/returns-before-the-command',
    'The flush is announced and the unmap goes on, though the queue never takes the command.',
    history(
      'Linux, "iommu/amd: Wait for completion instead of returning early in iommu_completion_wait()" (CVE-2026-68329)',
    ),
    ['unmap/before-own-command', 7],
    lacking(op => invalidates(op, 3)),
  ),
  fault(
    'flush/other-domain-id',
    'The flush names another domain id than the one under which the hardware has the translations.',
    history(
      'Linux, amd nested domains: the id of the parent is flushed, those of the nested domains are not',
    ),
    ['flush/unknown-domain', 4],
    each('cache_tag_flush_range', op => (op.np === true ? undefined : { did: op.did + 100 })),
  ),
  fault(
    'flush/empty-range',
    'A flush is sent though nothing was removed: an empty range looks like one of two pages.',
    history('Linux, "iommu: Do not call drivers for empty gathers"'),
    ['flush/nothing-removed', 5],
    events =>
      events.flatMap(e =>
        isFlush(e.op) ? [e, { ...e, op: { ...e.op, start: 0n, last: PAGE - 1n, addr: 0n } as Op }] : [e],
      ),
  ),
  fault(
    'move/context-entry-not-flushed',
    'A device moves to another domain, and what it cached of the old one is not flushed.',
    history(
      'Linux commit 37764b952e1b, "iommu/vt-d: Global devTLB flush when present context entry changed"',
    ),
    ['attach/left-uninvalidated', 6],
    lacking((op, before) => invalidates(op, 2) && last('cache_tag_unassign', before) !== undefined),
  ),
  fault(
    'move/detach-skipped',
    'The detach is skipped, and the device goes on to the next domain with the tag of the old one.',
    history('Linux commit dd8a25c557e1, "iommu: Remove deferred attach check from __iommu_detach_device()"'),
    ['attach/still-tagged', 6],
    lacking(op => op.op === 'cache_tag_unassign'),
  ),
  fault(
    'move/group-left-half-way',
    'A group is taken from its domain, one device of it stays behind, and the others go on to the next.',
    history('Linux commit 2cc73c5712f9'),
    ['attach/divides-the-group', 12],
    leavesBehind,
  ),
  fault(
    'group/two-default-domains',
    'Two devices of a new group are probed at once, and each gets a default domain.',
    history('Linux commit 211ff31b3d33, "iommu: Fix race condition during default domain allocation"'),
    ['attach/divides-the-group', 10],
    events =>
      recounted(
        events.map((e, i) => {
          const next = events[i + 1];
          const second =
            e.op.op === 'cache_tag_assign' && e.op.ref === 2 && next !== undefined && moves(next);
          if (!second || !hasSibling(next, events.slice(0, i))) return e;
          return { ...e, op: { ...e.op, did: (e.op as { did: number }).did + 50 } as Op };
        }),
      ),
  ),
  fault(
    'group/joined-twice',
    'A device that is in a group is added again.',
    synthetic('a device is in one group, and once'),
    ['group/one-only', 2],
    events => events.flatMap(e => (e.op.op === 'add_device_to_group' ? [e, e] : [e])),
  ),
  fault(
    'group/removed-twice',
    'A device that is removed is removed again by the other of two cleanups.',
    history('CVE-2026-31468, Linux: what an error path released is released again'),
    ['group/leave-own', 8],
    events => events.flatMap(e => (e.op.op === 'remove_device_from_group' ? [e, e] : [e])),
  ),
  fault(
    'tag/user-not-counted',
    'A second user of a domain id is not counted, so the id is freed under it.',
    history('Linux commit 9ac8545199a1, "iommu: Fix use-after-free in iommu_release_device"'),
    ['tag-assign/count', 5],
    each('cache_tag_assign', op => (op.ref > 1 ? { ref: op.ref - 1 } : undefined)),
  ),
  fault(
    'unmap/reports-too-much',
    'An unmap applies the size of its first entry to all, and reports more than there was.',
    history('Linux, "iommu/vt-d: Fix unmap_pages support"'),
    ['unmap/not-mapped', 4],
    each('unmap', op => (op.unmapped > 0n ? { unmapped: op.unmapped + 512n * PAGE } : undefined)),
  ),
  fault(
    'unmap/short-is-reported-whole',
    'An unmap that stops early reports all that was asked.',
    synthetic('the answer is what was asked, not what was done'),
    ['unmap/not-mapped', 5],
    each('unmap', op => (op.unmapped > 0n && op.unmapped < op.size ? { unmapped: op.size } : undefined)),
  ),
  fault(
    'map/over-a-live-range',
    'Arithmetic of the address allocator wraps, and a range is given out that is in use.',
    history('CVE-2025-38688, "iommufd: Prevent ALIGN() overflow"'),
    ['map/overlap', 4],
    each('map', (op, before) => {
      const live = last('map', before);
      const inUse = before.at(-1)?.op.op !== 'unmap' && live !== undefined;
      return inUse && live.iova !== op.iova ? { iova: live.iova } : undefined;
    }),
  ),
  fault(
    'map/offset-in-the-entry',
    'The offset of the buffer in its page is or-ed into the entry.',
    history('Linux, sparc iommu-common users: "Fix page alignment in dma mapping"'),
    ['map/unaligned', 3],
    each('map', op => ({ paddr: op.paddr | 0x800n })),
  ),
  fault(
    'map/reported-but-not-done',
    'A map that failed is reported as done, and the driver gets an address with nothing behind it.',
    history('Linux, fix of commit d6c65b0fd621 (generic page table map)'),
    ['dma-map/not-mapped', 4],
    lacking((op, _, after) => op.op === 'map' && after[0]?.op.op === 'dma_map'),
  ),
  fault(
    'map/frames-of-the-batch-before',
    'What one batch left over is carried into the next, and the wrong pages are mapped.',
    history('Linux commit b7c822fa6b77, "iommufd: Set end correctly when doing batch carry"'),
    ['dma-map/other-memory', 5],
    each('map', op => ({ paddr: op.paddr + 512n * PAGE })),
  ),
  fault(
    'dma/offset-lost',
    'The offset of the buffer is masked with another page size than that of the table, and lost.',
    history('Linux, "powerpc/iommu: DMA address offset is incorrectly calculated with 2MB TCEs"'),
    ['dma-map/other-memory', 5],
    each('dma_map', op => {
      const segments = op.segments.map(s => ({ ...s, addr: s.addr - (s.addr % PAGE) }));
      return segments.some((s, i) => s.addr !== op.segments[i]!.addr) ? { segments } : undefined;
    }),
  ),
  fault(
    'lazy/address-reused-before-the-flush',
    'Addresses that wait for the flush of the queue are given out again before it.',
    history(
      'Linux, "iommu/vt-d: Do not use flush-queue when caching-mode is on": what a lazily freed mapping leaves',
    ),
    ['map/reused-before-invalidation', 9],
    events =>
      events.some(e => e.op.op === 'cache_tag_flush_all')
        ? lacking(
            (op, before) =>
              op.op === 'cache_tag_flush_all' ||
              (invalidates(op, 2) && last('cache_tag_unassign', before) === undefined),
          )(events)
        : events,
  ),
];
