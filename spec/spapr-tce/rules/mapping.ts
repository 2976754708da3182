// Which memory may a user map where, and what does unmapping leave?

import { ending, refuse } from '../../law/clause.js';
import type { Errno } from '../../protocol/errno.js';
import { cleared, effective } from '../changing.js';
import { prepared } from '../containing.js';
import { indexIn, tableHolding } from '../looking.js';
import { mappedIn, type Obstacle, pinObstacle, regionObstacle, type Source } from '../mapping.js';
import { aligned, entryOf, pagesOf } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State, TceTable } from '../state.js';
import {
  argument,
  boundHere,
  containerOf,
  defaultWindowFits,
  groupForDefaultWindow,
  isOpen,
  noFlags,
  type Rule,
  rowOf,
  vfio,
} from './asking.js';

type Map = Extract<Op, { op: 'map' }>;
type Unmap = Extract<Op, { op: 'unmap' }>;

const MAP = vfio('VFIO_IOMMU_MAP_DMA');
const UNMAP = vfio('VFIO_IOMMU_UNMAP_DMA');
const BUILD = vfio('tce_iommu_build_v2');

/** The state with the default window made, and the row of the table that holds the address there. */
const ready = (s: State, o: Map | Unmap): State => prepared(s, rowOf(s, o));
const rowFor = (s: State, o: Map | Unmap): number => tableHolding(ready(s, o), rowOf(s, o), o.iova);
const tableFor = (s: State, o: Map | Unmap): TceTable => ready(s, o).tables[rowFor(s, o)]!;
const indexFor = (s: State, o: Map | Unmap): number => indexIn(tableFor(s, o), o.iova);
const countFor = (s: State, o: Map | Unmap): number => entryOf(o.size, tableFor(s, o).shift);

const beginning = <O extends Map | Unmap>(op: string): readonly Rule<O>[] => [
  isOpen(op),
  boundHere(op),
  refuse(
    'EPERM',
    {
      id: `${op}/not-enabled`,
      says: 'A container is enabled first: by its own command in version 1, by registered memory in version 2.',
      cite: [vfio('tce_iommu_ioctl: container->enabled')],
    },
    (s, o) => !containerOf(s, o).enabled,
  ),
  ...argument<O>(op),
  noFlags(op),
  groupForDefaultWindow(op),
  ...defaultWindowFits<O>(op),
  refuse(
    'ENXIO',
    {
      id: `${op}/no-window`,
      says: 'Some window of the container holds the first address.',
      cite: [vfio('tce_iommu_find_table')],
    },
    (s, o) => rowFor(s, o) < 0,
  ),
];

const runsOver = (s: State, o: Map | Unmap): boolean => countFor(s, o) > tableFor(s, o).size - indexFor(s, o);

const source = (s: State, o: Map): Source => ({
  mm: o.mm,
  ua: pagesOf(o.ua),
  count: countFor(s, o),
  shift: tableFor(s, o).shift,
});

const obstacle = (s: State, o: Map): Obstacle =>
  containerOf(s, o).version === 1 ? pinObstacle(s, source(s, o)) : regionObstacle(s, source(s, o));

/** A page in the middle that cannot be mapped: what was written before it is undone, or cleared. */
const fails = (errno: Errno, why: Obstacle['why'], says: string, at: string): Rule<Map> => ({
  id: `map/${why}`,
  says,
  cite: [vfio(at)],
  status: 'disputed',
  kind: 'must',
  errno,
  when: (s, o) => obstacle(s, o).why === why,
  then: (s, o, p) => ({ outcome: { is: 'refused', errno }, state: undone(s, o, p) }),
});

function undone(s: State, o: Map, p: PolicyValues): State {
  const { before } = obstacle(s, o);
  if (p['map-failure'] === 'undone' || before === 0) return s;
  return cleared(ready(s, o), rowFor(s, o), indexFor(s, o), before, p);
}

export const map: readonly Rule<Map>[] = [
  ...beginning<Map>('map'),
  refuse(
    'EINVAL',
    {
      id: 'map/misaligned-memory',
      says: "Memory and size are whole pages of the window's size.",
      cite: [MAP],
    },
    (s, o) => !aligned(o.ua | o.size, tableFor(s, o).shift),
  ),
  refuse(
    'EINVAL',
    { id: 'map/no-permission', says: 'A mapping is readable or writable.', cite: [MAP] },
    (_, o) => o.prot === 'none',
  ),
  refuse(
    'EINVAL',
    {
      id: 'map/misaligned',
      says: 'The bus address is a whole page.',
      cite: [vfio('iommu_tce_check_ioba')],
    },
    (s, o) => !aligned(o.iova, tableFor(s, o).shift),
  ),
  refuse(
    'EINVAL',
    {
      id: 'map/past-window',
      says: 'All pages lie in the window.',
      cite: [vfio('iommu_tce_put_param_check')],
      status: 'disputed',
    },
    (s, o, p) => p['range-check'] === 'every-page' && runsOver(s, o),
  ),
  fails(
    'EFAULT',
    'not-memory',
    'Version 1 pins each page, so each page must be there.',
    'tce_iommu_use_page',
  ),
  fails(
    'EPERM',
    'not-contained',
    'A page that is backed by smaller pages than those of the window would expose its neighbours.',
    'tce_page_is_contained',
  ),
  fails(
    'EINVAL',
    'not-registered',
    'Version 2 maps only pages that lie in one registered region each.',
    'tce_iommu_prereg_ua_to_hpa',
  ),
  fails(
    'EINVAL',
    'page-too-large',
    'A window with larger pages than a region can be mapped with does not map it.',
    'mm_iommu_ua_to_hpa: pageshift',
  ),
  refuse(
    'ENOMEM',
    {
      id: 'map/no-memory',
      says: 'The call may fail for want of memory for a level of the table, with everything undone.',
      cite: [BUILD, vfio('pnv_tce: alloc')],
    },
    (s, o) => countFor(s, o) > 0,
    'may',
  ),
  ending(
    {
      id: 'map/mapped',
      says: 'Every page translates for every group of the container, over whatever was mapped there before; on bare metal whoever may write may read.',
      cite: [MAP, BUILD, vfio('pnv_tce_xchg: TCE_PCI_WRITE')],
    },
    (s, o, p) => {
      const mirror = containerOf(s, o).version === 2;
      const prot = effective(s, o.prot);
      const state = mappedIn(ready(s, o), rowFor(s, o), indexFor(s, o), source(s, o), prot, mirror, p);
      return { outcome: { is: 'ok' }, state };
    },
  ),
];

export const unmap: readonly Rule<Unmap>[] = [
  ...beginning<Unmap>('unmap'),
  refuse(
    'EINVAL',
    { id: 'unmap/misaligned-size', says: "The size is whole pages of the window's size.", cite: [UNMAP] },
    (s, o) => !aligned(o.size, tableFor(s, o).shift),
  ),
  refuse(
    'EINVAL',
    {
      id: 'unmap/misaligned',
      says: 'The bus address is a whole page.',
      cite: [vfio('iommu_tce_check_ioba')],
    },
    (s, o) => !aligned(o.iova, tableFor(s, o).shift),
  ),
  refuse(
    'EINVAL',
    {
      id: 'unmap/past-window',
      says: 'All pages lie in the window.',
      cite: [vfio('iommu_tce_clear_param_check')],
    },
    (s, o) => runsOver(s, o),
  ),
  ending(
    {
      id: 'unmap/unmapped',
      says: 'No page of the range translates any more for any group of the container; holes are passed over.',
      cite: [UNMAP, vfio('tce_iommu_clear')],
    },
    (s, o, p) => ({
      outcome: { is: 'ok' },
      state: cleared(ready(s, o), rowFor(s, o), indexFor(s, o), countFor(s, o), p),
    }),
  ),
];
