// Which ranges may be mapped and unmapped, and what does that leave?
import { isAligned, pageOf, pagesIn, type Range, span, wraps } from '../../kit/pages.js';
import { patch } from '../../kit/record.js';
import { anyIn, besideRuns, splits, without } from '../../kit/runs.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { IOVA_LIMIT, mappings, PADDR_LIMIT } from '../mappings.js';
import { lockedPages } from '../sets.js';
import type { Op, State } from '../state.js';
import { contextBehind, longEnough, mmGate, onKind, type Rule, readable } from './handles.js';

type Map = Extract<Op, { op: 'map' }>;
type Unmap = Extract<Op, { op: 'unmap' }>;

const MAP = cite('vfio-rfc-2', 'vfio_dma_do_map');
const UNMAP = cite('vfio-rfc-2', 'vfio_dma_do_unmap');

const runs = (s: State, o: Map | Unmap) => s.maps[contextBehind(s, o.handle)]!;

const rangeOf = (o: Map | Unmap): Range => span(pageOf(o.iova), pagesIn(o.size));

const withRuns = (s: State, o: Map | Unmap, change: State['maps'][number]): State => {
  const maps = s.maps.slice();
  maps[contextBehind(s, o.handle)] = change;
  return patch(s, { maps });
};

const badRange: readonly Rule<Map>[] = [
  refuse(
    'EINVAL',
    { id: 'map/no-permission', says: 'A mapping must be readable or writable.', cite: [MAP] },
    (_, o) => o.prot === 'none',
  ),
  refuse(
    'EINVAL',
    { id: 'map/misaligned', says: 'Memory, IOVA and size must be whole pages.', cite: [MAP] },
    (_, o) => !isAligned(o.paddr) || !isAligned(o.iova) || !isAligned(o.size),
  ),
  refuse(
    'EINVAL',
    { id: 'map/wraps', says: 'Neither range may pass the end of 64 bits.', cite: [MAP] },
    (_, o) => wraps(o.iova, o.size) || wraps(o.paddr, o.size),
  ),
  refuse(
    'EINVAL',
    { id: 'map/empty', says: 'A mapping has at least one page.', cite: [MAP] },
    (_, o) => o.size === 0n,
  ),
];

export const map: readonly Rule<Map>[] = [
  ...onKind<Map>('map', 'context'),
  mmGate('map'),
  readable('map', 'VFIO_IOMMU_MAP_DMA: copy_from_user'),
  longEnough('map', 'VFIO_IOMMU_MAP_DMA: argsz, flags'),
  ...badRange,
  refuse(
    'EBUSY',
    {
      id: 'map/overlaps',
      says: 'A range that meets a live mapping of the context is refused whole.',
      cite: [MAP],
    },
    (s, o) => anyIn(runs(s, o), rangeOf(o), mappings),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'map/over-limit',
      says: 'The pages locked for the address space, with these, must stay within its RLIMIT_MEMLOCK unless CAP_IPC_LOCK lifts it.',
      cite: [MAP],
    },
    (s, o) => {
      const limit = s.mms[o.mm]?.lockLimit ?? -1;
      return limit >= 0 && lockedPages(s, o.mm) + pagesIn(o.size) > limit;
    },
  ),
  refuse(
    'EFAULT',
    {
      id: 'map/beyond-width',
      says: 'The range must lie within the 48 bits of IOVA and the 52 bits of memory that the domain can express.',
      cite: [
        cite('linux', 'intel_iommu_map (2011): address width not sufficient'),
        cite('vt-d', 'second-stage translation: address widths'),
      ],
    },
    (_, o) => o.iova + o.size > IOVA_LIMIT || o.paddr + o.size > PADDR_LIMIT,
  ),
  refuse(
    'EFAULT',
    {
      id: 'map/pin-fails',
      says: 'A page that cannot be pinned fails the call, and the pages before it are given back.',
      cite: [cite('vfio-rfc-2', '__vfio_dma_map: vaddr_get_pfn')],
    },
    () => true,
    'may',
  ),
  refuse(
    'ENOMEM',
    {
      id: 'map/no-memory',
      says: 'The call may fail for want of memory for tables or its own record, with everything undone.',
      cite: [MAP],
    },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'map/mapped',
      says: 'Every page of the range translates for every device of the set, and is locked on the account of the address space. Neighbours that continue each other are one mapping.',
      cite: [MAP],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: withRuns(
        s,
        o,
        besideRuns(
          runs(s, o),
          pageOf(o.iova),
          { pages: pagesIn(o.size), frame: pageOf(o.paddr), prot: o.prot },
          mappings,
        ),
      ),
    }),
  ),
];

export const unmap: readonly Rule<Unmap>[] = [
  ...onKind<Unmap>('unmap', 'context'),
  mmGate('unmap'),
  readable('unmap', 'VFIO_IOMMU_UNMAP_DMA: copy_from_user'),
  longEnough('unmap', 'VFIO_IOMMU_UNMAP_DMA: argsz, flags'),
  refuse(
    'EINVAL',
    { id: 'unmap/misaligned', says: 'IOVA and size must be whole pages.', cite: [UNMAP] },
    (_, o) => !isAligned(o.iova) || !isAligned(o.size),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'unmap/no-memory-to-split',
      says: 'A range inside one mapping leaves two pieces, and that may fail for want of memory, with nothing unmapped.',
      cite: [cite('vfio-rfc-2', 'vfio_remove_dma_overlap: split')],
    },
    (s, o) => splits(runs(s, o), rangeOf(o), mappings),
    'may',
  ),
  ending(
    {
      id: 'unmap/unmapped',
      says: 'No page of the range translates any more when the call returns; mappings that reach out of it are trimmed or split, holes are passed over, an empty range is no error, and what was removed is off the account.',
      cite: [UNMAP, cite('vfio-rfc-2', 'vfio_remove_dma_overlap')],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: withRuns(s, o, without(runs(s, o), rangeOf(o), mappings)),
    }),
  ),
];
