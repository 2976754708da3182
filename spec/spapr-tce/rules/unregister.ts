// When does registered memory go?
import { ending, refuse } from '../../law/clause.js';
import { released } from '../container.js';
import { holdersOf, mappedOf } from '../region.js';
import type { Op } from '../state.js';
import { argument, containerOf, noFlags, type Rule, rowOf, vfio } from './ioctl.js';
import { beginning, holds, misaligned, named } from './region.js';

type Unregister = Extract<Op, { op: 'unregister' }>;

export const unregister: readonly Rule<Unregister>[] = [
  ...beginning<Unregister>('unregister'),
  refuse(
    'EPERM',
    {
      id: 'unregister/not-bound',
      says: 'A container that belongs to no address space has registered nothing.',
      cite: [vfio('VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY: container->mm')],
    },
    (s, o) => containerOf(s, o).mm < 0,
  ),
  ...argument<Unregister>('unregister'),
  noFlags('unregister'),
  misaligned<Unregister>('unregister', 'Address and size are whole pages of the host.', () => false),
  refuse(
    'ENOENT',
    {
      id: 'unregister/not-registered',
      says: 'Only a region that is exactly the same, and that the container holds, is unregistered.',
      cite: [vfio('tce_iommu_unregister_pages: mm_iommu_get, prereg_list')],
    },
    (s, o) => !holds(s, o),
  ),
  refuse(
    'EBUSY',
    {
      id: 'unregister/mapped',
      says: 'The last holder keeps a region while entries in it are live.',
      cite: [vfio('mm_iommu_put: mapped'), vfio('tce_iommu_unregister_pages: mm_iommu_get')],
      status: 'disputed',
    },
    (s, o, p) => {
      const region = named(s, o);
      const last = holdersOf(s, region) === 1 && s.regions[region]!.kept === 0;
      return p['unregister-mapped'] === 'refused' && last && mappedOf(s, region) !== 1;
    },
  ),
  ending(
    {
      id: 'unregister/unregistered',
      says: 'The container lets go of the region; with its last holder it is unpinned and off the account.',
      cite: [vfio('mm_iommu_put'), vfio('mm_iommu_release')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: released(s, rowOf(s, o), named(s, o), p) }),
  ),
];
