// What may a line say about invalidations: what does the driver flush, and what does the queue get?

import { chapter } from '../../kit/chapter.js';
import { PAGE, pageOf, type Range } from '../../kit/pages.js';
import { always, type Clause } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { tagOf } from '../cache-tag.js';
import { holding } from '../dma-handle.js';
import { announcedAll, announcedRange, invalidated, presented, withoutSynced } from '../iotlb.js';
import type { Policies } from '../policies.js';
import { changed, happened, type State, UNATTACHED } from '../state.js';
import { pastUnknown } from './late.js';
import { beside, type Tagged } from './tags.js';

type Ops = 'cache_tag_flush_range' | 'cache_tag_flush_all';
type Chapter = Pick<Rules<State, Op, Policies>, Ops>;
type FlushOp = Extract<Op, { op: 'cache_tag_flush_range' }>;

const FLUSH = [
  cite('linux-6.12', 'drivers/iommu/intel/cache.c: cache_tag_flush_range, cache_tag_flush_all'),
  cite('linux-7.2', 'drivers/iommu/intel/cache.c: cache_tag_flush_range'),
];
const BLOCK = [
  cite('linux-6.12-7.2', 'drivers/iommu/intel/cache.c: calculate_psi_aligned_address'),
  cite('vt-d', 'IOTLB Invalidate Descriptor'),
];

const END = Number.MAX_SAFE_INTEGER;

const unknown = <O extends Tagged>(name: string): Clause<State, O, Policies> =>
  chapter<State, O, Policies>(name, ...FLUSH).must(
    'unknown-domain',
    'ENOENT',
    'Only a domain id that is assigned is flushed.',
    (s, op) => tagOf(s, op.unit, op.did) === undefined,
  );

const block = (op: FlushOp): Range => {
  const start = pageOf(op.addr);
  return { start, end: Math.min(END, start + Number(op.pages)) };
};

/** Does the hardware drop what the line says? It masks the low bits of the address. */
const isBlock = (op: FlushOp): boolean =>
  op.mask < 64n && op.pages === 1n << op.mask && op.addr % (PAGE << op.mask) === 0n;

/**
 * The end of a flush that replaces a page table is a page's first byte, not the last byte of a page. So is that of
 * what an unmap of nothing has gathered (iommu_iotlb_gather_init): from the last address to the first.
 */
const afterRemoval = (op: FlushOp): boolean => op.np !== true && (op.last & 0xfffn) === 0xfffn;

const asked = (op: FlushOp): Range => ({ start: Number(op.start >> 12n), end: Number(op.last >> 12n) + 1 });

/** The state after the driver announced a flush; undefined when it flushes what nobody removed. */
function announce(s: State, op: FlushOp): State | undefined {
  const { label } = tagOf(s, op.unit, op.did)!;
  if (label === UNATTACHED) return s;
  if (op.np === true && s.machine.caching) {
    const range = asked(op);
    return presented(holding(s, label, range, null) ?? s, label, range);
  }
  if (!afterRemoval(op)) return s;
  const state = announcedRange(s, label, asked(op));
  return state && withoutSynced(state, op.task);
}

/** What was announced is done once the queue has the command, or at once where the queue is not recorded. */
function submittable(s: State, op: Tagged, range: Range | null): State {
  if (s.machine.queue) return withAnnouncement(s, op, range);
  const { label } = tagOf(s, op.unit, op.did)!;
  return label === UNATTACHED ? s : invalidated(s, label, range);
}

function withAnnouncement(s: State, op: Tagged, range: Range | null): State {
  const row = { task: op.task, unit: op.unit, did: op.did, ...(range ?? { start: 0, end: END }) };
  const listed = s.announced.some(
    a =>
      a.task === row.task &&
      a.unit === row.unit &&
      a.did === row.did &&
      a.start === row.start &&
      a.end === row.end,
  );
  return listed ? s : changed(s, { announced: [...s.announced, row] });
}

/** Of a domain that no line has shown, only the command that carries out the flush can be awaited. */
const announcedLate = (s: State, op: Tagged, range: Range | null): State =>
  s.machine.queue ? withAnnouncement(s, op, range) : s;

function announceAll(s: State, op: Tagged): State {
  const { label } = tagOf(s, op.unit, op.did)!;
  return label === UNATTACHED ? s : announcedAll(s, label);
}

const flush = chapter<State, FlushOp, Policies>('flush', ...FLUSH);
const flushAll = chapter<State, Extract<Op, { op: 'cache_tag_flush_all' }>, Policies>('flush-all', ...FLUSH);

export const invalidation: Chapter = {
  cache_tag_flush_range: [
    beside('flush'),
    flush.must(
      'block-misshapen',
      'EINVAL',
      'The block that is sent has 2^mask pages and begins at a multiple of its size: the hardware masks the low bits of its address.',
      (_s, op) => !isBlock(op),
      { cite: BLOCK },
    ),
    flush.must(
      'block-too-small',
      'EINVAL',
      'The aligned block that is sent covers the range that was asked for.',
      (_s, op) => block(op).start > Number(op.start >> 12n) || block(op).end <= Number(op.last >> 12n),
      { cite: BLOCK },
    ),
    pastUnknown('flush', undefined, (s, op) => announcedLate(s, op, block(op))),
    unknown('flush'),
    flush.ends(
      'done',
      'The block of the domain is out of the hardware once the queue has taken the command.',
      (s, op) => happened(submittable(announce(s, op)!, op, block(op))),
      (s, op) => announce(s, op) !== undefined,
    ),
    flush.must(
      'nothing-removed',
      'EINVAL',
      'A range is flushed because its first and last pages were removed from this very domain.',
      always,
      { cite: [cite('linux-6.12-7.2', 'drivers/iommu/intel/iommu.c: intel_iommu_tlb_sync')] },
    ),
  ],
  cache_tag_flush_all: [
    beside('flush-all'),
    pastUnknown('flush-all', undefined, (s, op) => announcedLate(s, op, null)),
    unknown('flush-all'),
    flushAll.ends(
      'done',
      'All of the domain is out of the hardware once the queue has taken the command.',
      (s, op) => happened(submittable(announceAll(s, op), op, null)),
    ),
  ],
};
