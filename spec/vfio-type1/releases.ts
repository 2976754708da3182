// Which kernels does the profile vfio-type1 speak for?
import type { Release } from '../law/release.js';

export const RELEASES: readonly Release[] = [
  {
    name: 'linux-7.2',
    source: 'linux-7.2',
    says: 'Nothing wraps: what passes 2^64 is EOVERFLOW. Nesting has been taken out.',
  },
  {
    name: 'linux-6.12',
    source: 'linux-6.12',
    says: 'A container may be an iommufd as well, so what is neither is EBADFD; a device that leaves is not opened again.',
  },
  {
    name: 'linux-6.1',
    source: 'linux-6.1',
    says: 'The core before iommufd; a device that leaves can be opened again as long as it is open.',
  },
];
