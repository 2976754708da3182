// Which memory may a user map where?

import { pageOf } from '../../kit/pages.js';
import { always } from '../../law/clause.js';
import type { Errno } from '../../protocol/errno.js';
import { mappedIn, type Obstacle, pinObstacle, regionObstacle, type Source } from '../memory.js';
import { aligned } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';
import { cleared, effective } from '../table.js';
import { about, containerOf, linux, type Rule } from './ioctl.js';
import { beginning, countFor, indexFor, ready, rowFor, runsOver, tableFor } from './map-range.js';

type Map = Extract<Op, { op: 'map' }>;

const MAP = linux('VFIO_IOMMU_MAP_DMA');
const BUILD = linux('tce_iommu_build_v2');

const on = about<Map>('map', MAP);

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
  ...on.ends(
    why,
    says,
    (s, o, p) => ({ outcome: { is: 'refused', errno }, state: undone(s, o, p) }),
    (s, o) => obstacle(s, o).why === why,
    { cite: [linux(at)], status: 'disputed' },
  ),
  errno,
});

function undone(s: State, o: Map, p: PolicyValues): State {
  const { before } = obstacle(s, o);
  // The default window that the call would have made was empty before, and goes with the refusal.
  if (p['map-failure'] === 'undone' || before === 0 || containerOf(s, o).pending) return s;
  return cleared(ready(s, o), rowFor(s, o), indexFor(s, o), before, p);
}

export const map: readonly Rule<Map>[] = [
  ...beginning<Map>('map'),
  on.must(
    'misaligned-memory',
    'EINVAL',
    "Memory and size must be whole pages of the window's size.",
    (s, o) => !aligned(o.ua | o.size, tableFor(s, o).shift),
  ),
  on.must('no-permission', 'EINVAL', 'A mapping must be readable or writable.', (_, o) => o.prot === 'none'),
  on.must(
    'misaligned',
    'EINVAL',
    'The bus address must be a whole page.',
    (s, o) => !aligned(o.iova, tableFor(s, o).shift),
    { cite: [linux('iommu_tce_check_ioba')] },
  ),
  on.must(
    'past-window',
    'EINVAL',
    'All pages must be in the window.',
    (s, o, p) => p['range-check'] === 'every-page' && runsOver(s, o),
    { cite: [linux('iommu_tce_put_param_check')], status: 'disputed' },
  ),
  on.may(
    'no-memory',
    'ENOMEM',
    'There may be no memory for a level of the table as soon as a page can be mapped; everything is undone.',
    (s, o) => obstacle(s, o).before > 0,
    { cite: [BUILD, linux('pnv_tce: alloc')] },
  ),
  fails('EFAULT', 'not-memory', 'Version 1 pins each page, so each must be memory.', 'tce_iommu_use_page'),
  fails(
    'EINVAL',
    'not-registered',
    'Version 2 maps only registered memory: each page must be in one region.',
    'tce_iommu_prereg_ua_to_hpa',
  ),
  fails(
    'EINVAL',
    'page-too-large',
    "The window's pages must not be larger than those that the region can be mapped with.",
    'mm_iommu_ua_to_hpa: pageshift',
  ),
  on.ends(
    'mapped',
    'Every page translates for every group of the container, over whatever was mapped there. On powernv an entry that permits writing permits reading.',
    (s, o, p) => {
      const mirror = containerOf(s, o).version === 2;
      const prot = effective(s, o.prot);
      const state = mappedIn(ready(s, o), rowFor(s, o), indexFor(s, o), source(s, o), prot, mirror, p);
      return { outcome: { is: 'ok' }, state };
    },
    always,
    { cite: [MAP, BUILD, linux('pnv_tce_xchg: TCE_PCI_WRITE')] },
  ),
];
