// Which memory may a user map where?

import { pageOf } from '../../kit/pages.js';
import { ending, refuse } from '../../law/clause.js';
import type { Errno } from '../../protocol/errno.js';
import { mappedIn, type Obstacle, pinObstacle, regionObstacle, type Source } from '../memory.js';
import { aligned } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';
import { cleared, effective } from '../table.js';
import { containerOf, type Rule, vfio } from './ioctl.js';
import { beginning, countFor, indexFor, ready, rowFor, runsOver, tableFor } from './map-range.js';

type Map = Extract<Op, { op: 'map' }>;

const MAP = vfio('VFIO_IOMMU_MAP_DMA');
const BUILD = vfio('tce_iommu_build_v2');

const source = (s: State, o: Map): Source => ({
  mm: o.mm,
  ua: pageOf(o.ua),
  count: countFor(s, o),
  shift: tableFor(s, o).shift,
});

const obstacle = (s: State, o: Map): Obstacle => {
  const { mm, ua, count, shift } = source(s, o);
  const find = containerOf(s, o).version === 1 ? pinObstacle : regionObstacle;
  return find(s, mm, ua, count, shift);
};

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
  // The default window that the call would have made was empty before, and goes with the refusal.
  if (p['map-failure'] === 'undone' || before === 0 || containerOf(s, o).pending) return s;
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
  refuse(
    'ENOMEM',
    {
      id: 'map/no-memory',
      says: 'The call may fail for want of memory for a level of the table as soon as a page can be mapped, with everything undone.',
      cite: [BUILD, vfio('pnv_tce: alloc')],
    },
    (s, o) => obstacle(s, o).before > 0,
    'may',
  ),
  fails(
    'EFAULT',
    'not-memory',
    'Version 1 pins each page, so each page must be there.',
    'tce_iommu_use_page',
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
