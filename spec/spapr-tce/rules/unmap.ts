// What does unmapping leave?
import { ending, refuse } from '../../law/clause.js';
import { aligned } from '../pages.js';
import type { Op } from '../state.js';
import { cleared } from '../table.js';
import { type Rule, vfio } from './ioctl.js';
import { beginning, countFor, indexFor, ready, rowFor, runsOver, tableFor } from './map-range.js';

type Unmap = Extract<Op, { op: 'unmap' }>;

const UNMAP = vfio('VFIO_IOMMU_UNMAP_DMA');

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
