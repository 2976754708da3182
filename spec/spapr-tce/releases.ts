// Which kernels does the profile spapr-tce speak for?
import type { Release } from '../law/release.js';

/** The dialects name who answers a guest; a release names the kernel of the host. */
export const RELEASES: readonly Release[] = [
  {
    name: 'linux-7.2',
    source: 'linux-7.2',
    says: 'IOMMU operations for every host bridge, so VFIO works; dynamic windows on pseries hosts too. Never run by us on POWER.',
  },
  {
    name: 'linux-6.12',
    source: 'linux-6.12',
    says: 'The same text as 7.2 where the profile looks, but for helpers of allocation and locking.',
  },
  {
    name: 'linux-6.1',
    source: 'linux-6.1',
    says: 'No bridge has IOMMU operations: no device is known to be coherent, no group can be claimed, and no container has a driver.',
  },
];

/** Has the kernel IOMMU operations for POWER at all? */
export const hasOperations = (p: { readonly release: string }): boolean => p.release !== 'linux-6.1';
