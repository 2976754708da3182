// What may a line say about mappings: what was mapped, and what an unmap removed?
import { always, ending, refuse } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { aligned, pageOf, pagesOf, wraps } from '../addresses.js';
import { isIncomplete, paid } from '../flushing.js';
import { placed } from '../placing.js';
import { isStrict, type Policies } from '../policies.js';
import { type Removal, removed } from '../removing.js';
import { happened, type State } from '../state.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'map' | 'unmap'>;
type MapOp = Extract<Op, { op: 'map' }>;
type UnmapOp = Extract<Op, { op: 'unmap' }>;

const MAP = [cite('linux', 'drivers/iommu/iommu.c: __iommu_map')];
const UNMAP = [cite('linux', 'drivers/iommu/iommu.c: __iommu_unmap')];
const REUSE = [
  cite('linux', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap, queue_iova, fq_ring_free_locked'),
  cite('vt-d', 'Invalidation of Translation Caches'),
];
const SUBMIT = [cite('linux', 'drivers/iommu/intel/cache.c: cache_tag_flush_range, qi_batch_flush_descs')];
const HANDED_OUT = [cite('linux', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap, iommu_dma_unmap_sg')];

/** Mapped, by a context that has announced what it removed before: in strict mode nobody goes on without. */
function put(s: State, op: MapOp, p: Policies, awaiting: boolean): State | undefined {
  const settled = awaiting && isStrict(s.machine.mode, p) ? paid(s, op.task) : s;
  return settled && placed(settled, pagesOf(op.iova, op.size), pageOf(op.paddr), awaiting);
}

const removal = (op: UnmapOp): Removal => ({
  asked: pagesOf(op.iova, op.size),
  gone: pagesOf(op.iova, op.unmapped),
});
const ALL = { ends: true, handles: true };
const ENDS = { ends: true, handles: false };
const NONE = { ends: false, handles: false };

export const mapping: Chapter = {
  map: [
    refuse(
      'EINVAL',
      {
        id: 'map/unaligned',
        says: 'A mapping is a run of whole pages that the address space holds.',
        cite: MAP,
      },
      (_s, op) => op.size === 0n || !aligned(op.iova | op.paddr, op.size) || wraps(op.iova, op.size),
    ),
    refuse(
      'EBUSY',
      {
        id: 'map/before-own-command',
        says: 'A context that announced a flush goes on only after the queue has the command.',
        cite: SUBMIT,
      },
      (s, { task }) => isIncomplete(s, task),
    ),
    ending(
      {
        id: 'map/done',
        says: 'The range is mapped in some domain that a device is on, or that its group waits to be attached to, and that had the range free.',
        cite: MAP,
      },
      (s, op, p) => happened(put(s, op, p, true)!),
      (s, op, p) => put(s, op, p, true) !== undefined,
    ),
    refuse(
      'EBUSY',
      {
        id: 'map/before-own-flush',
        says: 'In strict mode a context that removed a range announces its flush before it maps anything else.',
        cite: REUSE,
      },
      (s, op, p) =>
        isStrict(s.machine.mode, p) && paid(s, op.task) === undefined && put(s, op, p, false) !== undefined,
    ),
    refuse(
      'EBUSY',
      {
        id: 'map/reused-before-invalidation',
        says: 'Addresses are not mapped again while the hardware may still hold what they translated to.',
        cite: REUSE,
      },
      (s, op, p) => put(s, op, p, false) !== undefined,
    ),
    refuse(
      'EEXIST',
      {
        id: 'map/overlap',
        says: 'Within one domain no mapping overlaps another: here every domain that it could be has something live in the range.',
        cite: [
          ...MAP,
          cite(
            'linux',
            'drivers/iommu/io-pgtable-arm.c: arm_lpae_init_pte; drivers/iommu/intel/iommu.c: __domain_mapping',
          ),
        ],
      },
      always,
    ),
  ],
  unmap: [
    refuse(
      'EINVAL',
      {
        id: 'unmap/unaligned',
        says: 'An unmap asks for and removes a run of whole pages, or nothing at all: the rollback of a map that failed at once.',
        cite: UNMAP,
      },
      (_s, op) =>
        (op.size === 0n && op.unmapped > 0n) ||
        !aligned(op.iova | op.unmapped, op.size) ||
        wraps(op.iova, op.unmapped) ||
        wraps(op.iova, op.size),
    ),
    refuse(
      'EBUSY',
      {
        id: 'unmap/before-own-command',
        says: 'A context that announced a flush goes on only after the queue has the command.',
        cite: SUBMIT,
      },
      (s, { task }) => isIncomplete(s, task),
    ),
    ending(
      {
        id: 'unmap/nothing-there',
        says: 'An unmap that removed nothing changes nothing: a hole, or a leaf that the page table does not split.',
        cite: UNMAP,
      },
      s => happened(s),
      (_s, op) => op.unmapped === 0n,
    ),
    ending(
      {
        id: 'unmap/done',
        says: 'Exactly what was reported is removed from one domain that held all of it; beyond the asked end only the rest of one leaf, less than asked only up to a hole.',
        cite: UNMAP,
      },
      (s, op, p) => happened(removed(s, removal(op), isStrict(s.machine.mode, p) ? op.task : null, ALL)!),
      (s, op) => removed(s, removal(op), null, ALL) !== undefined,
    ),
    refuse(
      'EBUSY',
      {
        id: 'unmap/splits-a-handle',
        says: 'What the DMA API handed out at once is unmapped at once, alone and whole.',
        cite: HANDED_OUT,
      },
      (s, op) => removed(s, removal(op), null, ENDS) !== undefined,
    ),
    refuse(
      'EINVAL',
      {
        id: 'unmap/wrong-end',
        says: 'An unmap goes on to the asked end or to a hole, and past the end only to the end of a leaf.',
        cite: [...UNMAP, cite('linux', 'drivers/iommu/amd/io_pgtable.c: iommu_v1_unmap_pages')],
      },
      (s, op) => removed(s, removal(op), null, NONE) !== undefined,
    ),
    refuse(
      'ENOENT',
      {
        id: 'unmap/not-mapped',
        says: 'What an unmap reports removed was mapped, all of it in one domain.',
        cite: UNMAP,
      },
      always,
    ),
  ],
};
