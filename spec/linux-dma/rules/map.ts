// What may a line say about mappings: what was mapped, and what an unmap removed?

import { chapter } from '../../kit/chapter.js';
import { isAligned, pageOf, pagesAt, wraps } from '../../kit/pages.js';
import { always } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { branches } from '../hub.js';
import { mappedSomewhere } from '../iommu-map.js';
import { type Removal, removed } from '../iommu-unmap.js';
import { isIncomplete, synced } from '../iotlb.js';
import { once } from '../once.js';
import { isStrict, type Policies } from '../policies.js';
import { happened, happenedIn, type State } from '../state.js';
import { mappedUnplaced, unmappedUnplaced } from '../unplaced.js';
import { pastUnknown } from './late.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'map' | 'unmap'>;
type MapOp = Extract<Op, { op: 'map' }>;
type UnmapOp = Extract<Op, { op: 'unmap' }>;

const MAP = [
  cite('linux-5.10-6.12', 'drivers/iommu/iommu.c: __iommu_map'),
  cite('linux-7.2', 'drivers/iommu/iommu.c: iommu_map_nosync'),
];
const UNMAP = [cite('linux-5.10-7.2', 'drivers/iommu/iommu.c: __iommu_unmap')];
const REUSE = [
  cite('linux-6.12-7.2', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap, queue_iova, fq_ring_free_locked'),
  cite('linux-6.1', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap, queue_iova, fq_ring_free'),
  cite('vt-d', 'Invalidation of Translation Caches'),
];
const SUBMIT = [
  cite('linux-6.12-7.2', 'drivers/iommu/intel/cache.c: cache_tag_flush_range, qi_batch_flush_descs'),
];
const HANDED_OUT = [
  cite('linux-5.10-7.2', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap, iommu_dma_unmap_sg'),
];

/** Mapped, by a context that has announced what it removed before: in strict mode nobody goes on without. */
const put = once((s: State, op: MapOp, p: Policies): State | undefined => {
  const settled = isStrict(s.machine.mode, p) ? synced(s, op.task) : s;
  return settled && mappedSomewhere(settled, pagesAt(op.iova, op.size), pageOf(op.paddr), true);
});

/** The same as if nobody had to wait for an invalidation. */
const putAtOnce = once((s: State, op: MapOp): State | undefined =>
  mappedSomewhere(s, pagesAt(op.iova, op.size), pageOf(op.paddr), false),
);

const removal = (op: UnmapOp): Removal => ({
  asked: pagesAt(op.iova, op.size),
  gone: pagesAt(op.iova, op.unmapped),
});
const ALL = { ends: true, handles: true };
const taken = once((s: State, op: UnmapOp, p: Policies): State | undefined =>
  removed(s, removal(op), isStrict(s.machine.mode, p) ? op.task : null, ALL),
);
const ENDS = { ends: true, handles: false };
const NONE = { ends: false, handles: false };

const map = chapter<State, MapOp, Policies>('map', ...MAP);
const unmap = chapter<State, UnmapOp, Policies>('unmap', ...UNMAP);

export const mapping: Chapter = {
  map: [
    map.must(
      'unaligned',
      'EINVAL',
      'A mapping is a run of whole pages that the address space holds.',
      (_s, op) => op.size === 0n || !isAligned(op.iova | op.paddr | op.size) || wraps(op.iova, op.size),
    ),
    map.must(
      'before-own-command',
      'EBUSY',
      'A context that announced a flush goes on only after the queue has the command.',
      (s, { task }) => isIncomplete(s, task),
      { cite: SUBMIT },
    ),
    pastUnknown('map', always, mappedUnplaced),
    map.ends(
      'done',
      'The range is mapped in some domain that a device is on, or that its group waits to be attached to, and that had the range free.',
      (s, op, p) => happenedIn(branches(put(s, op, p)!, pagesAt(op.iova, op.size))),
      (s, op, p) => put(s, op, p) !== undefined,
    ),
    map.must(
      'before-own-flush',
      'EBUSY',
      'In strict mode a context that removed a range announces its flush before it maps anything else.',
      (s, op, p) =>
        isStrict(s.machine.mode, p) &&
        synced(s, op.task) === undefined &&
        putAtOnce(s, op, null) !== undefined,
      { cite: REUSE },
    ),
    map.must(
      'reused-before-invalidation',
      'EBUSY',
      'Addresses are not mapped again while the hardware may still hold what they translated to.',
      (s, op) => putAtOnce(s, op, null) !== undefined,
      { cite: REUSE },
    ),
    map.must(
      'overlap',
      'EEXIST',
      'Within one domain no mapping overlaps another: here every domain that it could be has something live in the range.',
      always,
      {
        cite: [
          ...MAP,
          cite('linux-5.10-7.2', 'drivers/iommu/io-pgtable-arm.c: arm_lpae_init_pte'),
          cite('linux-5.10-6.12', 'drivers/iommu/intel/iommu.c: __domain_mapping'),
          cite('linux-7.2', 'drivers/iommu/generic_pt/iommu_pt.h: map_range'),
        ],
      },
    ),
  ],
  unmap: [
    unmap.must(
      'unaligned',
      'EINVAL',
      'An unmap asks for and removes a run of whole pages, or nothing at all: the rollback of a map that failed at once.',
      (_s, op) =>
        (op.size === 0n && op.unmapped > 0n) ||
        !isAligned(op.iova | op.unmapped | op.size) ||
        wraps(op.iova, op.unmapped) ||
        wraps(op.iova, op.size),
    ),
    unmap.must(
      'before-own-command',
      'EBUSY',
      'A context that announced a flush goes on only after the queue has the command.',
      (s, { task }) => isIncomplete(s, task),
      { cite: SUBMIT },
    ),
    pastUnknown('unmap', always, unmappedUnplaced),
    unmap.ends(
      'nothing-there',
      'An unmap that removed nothing changes nothing: a hole, or a leaf that the page table does not split.',
      s => happened(s),
      (_s, op) => op.unmapped === 0n,
    ),
    unmap.ends(
      'done',
      'Exactly what was reported is removed from one domain that held all of it; beyond the asked end only the rest of one leaf, less than asked only up to a hole.',
      (s, op, p) => happenedIn(branches(taken(s, op, p)!, removal(op).gone)),
      (s, op, p) => taken(s, op, p) !== undefined,
    ),
    unmap.must(
      'splits-a-handle',
      'EBUSY',
      'What the DMA API handed out at once is unmapped at once, alone and whole.',
      (s, op) => removed(s, removal(op), null, ENDS) !== undefined,
      { cite: HANDED_OUT },
    ),
    unmap.must(
      'wrong-end',
      'EINVAL',
      'An unmap goes on to the asked end or to a hole, and past the end only to the end of a leaf.',
      (s, op) => removed(s, removal(op), null, NONE) !== undefined,
      {
        cite: [
          ...UNMAP,
          cite('linux-6.12', 'drivers/iommu/amd/io_pgtable.c: iommu_v1_unmap_pages'),
          cite('linux-6.1', 'drivers/iommu/amd/io_pgtable.c: iommu_v1_unmap_pages'),
        ],
      },
    ),
    unmap.must(
      'not-mapped',
      'ENOENT',
      'What an unmap reports removed was mapped, all of it in one domain.',
      always,
    ),
  ],
};
