// When does registered memory go?
import { released } from '../container.js';
import { holdersOf, mappedOf } from '../region.js';
import type { Op } from '../state.js';
import { about, argument, containerOf, linux, noFlags, type Rule, rowOf } from './ioctl.js';
import { beginning, holds, misaligned, named } from './region.js';

type Unregister = Extract<Op, { op: 'unregister' }>;

const on = about<Unregister>('unregister', linux('mm_iommu_put'), linux('mm_iommu_release'));

export const unregister: readonly Rule<Unregister>[] = [
  ...beginning<Unregister>('unregister'),
  on.must(
    'not-bound',
    'EPERM',
    'The container must be bound to an address space.',
    (s, o) => containerOf(s, o).mm < 0,
    { cite: [linux('VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY: container->mm')] },
  ),
  ...argument<Unregister>('unregister'),
  noFlags('unregister'),
  misaligned<Unregister>('unregister', 'Address and size must be whole pages of the host.', () => false),
  on.must(
    'not-registered',
    'ENOENT',
    'The container must hold a region that is exactly the same.',
    (s, o) => !holds(s, o),
    { cite: [linux('tce_iommu_unregister_pages: mm_iommu_get, prereg_list')] },
  ),
  on.must(
    'mapped',
    'EBUSY',
    'The last holder of a region keeps it while entries in it are live.',
    (s, o, p) => {
      const region = named(s, o);
      const last = holdersOf(s, region) === 1 && s.regions[region]!.kept === 0;
      return p['unregister-mapped'] === 'refused' && last && mappedOf(s, region) !== 1;
    },
    {
      cite: [linux('mm_iommu_put: mapped'), linux('tce_iommu_unregister_pages: mm_iommu_get')],
      status: 'disputed',
    },
  ),
  on.ends(
    'unregistered',
    'The container lets go of the region. With its last holder it is unpinned and off the account.',
    (s, o, p) => ({ outcome: { is: 'ok' }, state: released(s, rowOf(s, o), named(s, o), p) }),
  ),
];
