// What may a line say about the addresses that the DMA API gives to a device?

import { chapter } from '../../kit/chapter.js';
import { always, type Clause } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import {
  allocated,
  type ByDevice,
  held,
  heldBy,
  isHeldUnpresented,
  isMappedUnpresented,
  mapped,
  member,
} from '../dma-api.js';
import { memberNamed, withDevice } from '../iommu-group.js';
import type { Policies } from '../policies.js';
import { happened, NO_DOMAIN, type State } from '../state.js';
import { pastUnknown } from './late.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'dma_map' | 'dma_alloc'>;
type Law<O> = Clause<State, O, Policies>;

const API = [
  cite('linux-6.12', 'kernel/dma/mapping.c: dma_map_page_attrs, __dma_map_sg_attrs, dma_alloc_attrs'),
  cite('linux-7.2', 'kernel/dma/mapping.c: dma_map_phys, __dma_map_sg_attrs, dma_alloc_attrs'),
];
const BOUNCE = [
  cite('linux-6.12', 'drivers/iommu/dma-iommu.c: dev_use_swiotlb, iommu_dma_map_page'),
  cite('linux-7.2', 'drivers/iommu/dma-iommu.c: dev_use_swiotlb, iommu_dma_map_phys'),
];
const CACHING = [
  cite('linux-6.12-7.2', 'drivers/iommu/intel/cache.c: cache_tag_flush_range_np'),
  cite('linux-5.10-7.2', 'drivers/iommu/iommu.c: iommu_map'),
  cite('vt-d', 'Caching Mode'),
];
const DIRECT = [cite('linux-6.12-7.2', 'kernel/dma/mapping.c: dma_go_direct')];

/** The two ways in which a line says nothing about mappings. */
export function outside<O extends ByDevice>(name: string): readonly Law<O>[] {
  const api = chapter<State, O, Policies>(name, ...DIRECT);
  return [
    api.ends(
      'behind-no-iommu',
      'Of a device that is in no group the law says nothing.',
      s => happened(s),
      (s, op) => memberNamed(s, op.device) === undefined,
    ),
    api.ends(
      'passed-through',
      'A device on no domain of its own reaches memory by physical address.',
      s => happened(s),
      (s, op) => member(s, op).dma === 'direct' || (s.machine.tags && member(s, op).domain === NO_DOMAIN),
    ),
  ];
}

/** Without tags, a device that was not seen to be translated may be passed through. */
const isUnseen = (s: State, op: ByDevice): boolean => !s.machine.tags && member(s, op).dma === 'unseen';
const isDirect = (s: State, op: ByDevice): State => withDevice(s, op.device, { dma: 'direct' });

const dmaMap = chapter<State, Extract<Op, { op: 'dma_map' }>, Policies>('dma-map', ...API);
const dmaAlloc = chapter<State, Extract<Op, { op: 'dma_alloc' }>, Policies>('dma-alloc', ...API);

export const handingOut: Chapter = {
  dma_map: [
    pastUnknown('dma-map'),
    ...outside<Extract<Op, { op: 'dma_map' }>>('dma-map'),
    dmaMap.must(
      'before-invalidation',
      'EBUSY',
      'Where the hardware caches absent entries, a device gets an address only after what was mapped was flushed.',
      isMappedUnpresented,
      { cite: CACHING },
    ),
    dmaMap.ends(
      'mapped',
      'What the device may use lies in live mappings of its domain, with the memory behind it that the driver named.',
      (s, op) => happened(mapped(s, op, true)),
      (s, op) => heldBy(s, op, true) !== undefined,
    ),
    dmaMap.ends(
      'bounced',
      'Where copies are possible, other memory may be behind the address.',
      (s, op) => happened(mapped(s, op, false)),
      (s, op, { bounce }) => bounce === 'possible' && heldBy(s, op, false) !== undefined,
      { cite: BOUNCE, status: 'disputed' },
    ),
    dmaMap.ends(
      'first-shows-passed-through',
      'Without tags, a first use whose address is the physical address shows a device that is passed through.',
      (s, op) => happened(isDirect(s, op)),
      (s, op) => isUnseen(s, op) && op.phys !== undefined && op.phys === op.segments[0]?.addr,
      { cite: DIRECT },
    ),
    dmaMap.must(
      'other-memory',
      'EFAULT',
      'The memory behind the address is the memory that the driver named.',
      (s, op) => heldBy(s, op, false) !== undefined,
    ),
    dmaMap.must(
      'not-mapped',
      'EFAULT',
      'No device is given an address that its domain does not translate.',
      always,
    ),
  ],
  dma_alloc: [
    pastUnknown('dma-alloc'),
    ...outside<Extract<Op, { op: 'dma_alloc' }>>('dma-alloc'),
    dmaAlloc.must(
      'before-invalidation',
      'EBUSY',
      'Where the hardware caches absent entries, a device gets a buffer only after what was mapped was flushed.',
      isHeldUnpresented,
      { cite: CACHING },
    ),
    dmaAlloc.ends(
      'mapped',
      "A coherent buffer lies in live mappings of its device's domain.",
      (s, op) => happened(allocated(s, op)),
      (s, op) => held(s, op) !== undefined,
    ),
    dmaAlloc.ends(
      'first-shows-passed-through',
      'Without tags, a first buffer where nothing is mapped shows a device that is passed through.',
      (s, op) => happened(isDirect(s, op)),
      isUnseen,
      { cite: DIRECT },
    ),
    dmaAlloc.must(
      'not-mapped',
      'EFAULT',
      'No device is given a buffer that its domain does not translate.',
      always,
    ),
  ],
};
