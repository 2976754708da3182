// What does unmapping leave?
import { always } from '../../law/clause.js';
import { aligned } from '../pages.js';
import type { Op } from '../state.js';
import { cleared } from '../table.js';
import { about, linux, type Rule } from './ioctl.js';
import { beginning, countFor, indexFor, ready, rowFor, runsOver, tableFor } from './map-range.js';

type Unmap = Extract<Op, { op: 'unmap' }>;

const UNMAP = linux('VFIO_IOMMU_UNMAP_DMA');
const on = about<Unmap>('unmap', UNMAP);

export const unmap: readonly Rule<Unmap>[] = [
  ...beginning<Unmap>('unmap'),
  on.must(
    'misaligned-size',
    'EINVAL',
    "The size must be whole pages of the window's size.",
    (s, o) => !aligned(o.size, tableFor(s, o).shift),
  ),
  on.must(
    'misaligned',
    'EINVAL',
    'The bus address must be a whole page.',
    (s, o) => !aligned(o.iova, tableFor(s, o).shift),
    { cite: [linux('iommu_tce_check_ioba')] },
  ),
  on.must('past-window', 'EINVAL', 'All pages must be in the window.', (s, o) => runsOver(s, o), {
    cite: [linux('iommu_tce_clear_param_check')],
  }),
  on.ends(
    'unmapped',
    'No page of the range translates any more for any group of the container; holes are passed over.',
    (s, o, p) => ({
      outcome: { is: 'ok' },
      state: cleared(ready(s, o), rowFor(s, o), indexFor(s, o), countFor(s, o), p),
    }),
    always,
    { cite: [UNMAP, linux('tce_iommu_clear')] },
  ),
];
