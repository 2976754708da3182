// Which profiles have a generator of calls? The one place that names them.
import type { AnyCalls } from './calls.js';
import { iommuCoreCalls } from './iommu-core.js';
import { spaprTceCalls } from './spapr-tce.js';
import { vfio2011Calls } from './vfio-2011.js';

export const CALLS: { readonly [profile: string]: AnyCalls } = {
  'vfio-2011': vfio2011Calls,
  'iommu-core': iommuCoreCalls,
  'spapr-tce': spaprTceCalls,
};
