// Which profiles have a generator of calls? The one place that names them.
import type { AnyCalls } from './calls.js';
import { hardwareCalls } from './hardware.js';
import { iommuCoreCalls } from './iommu-core.js';
import { iommuCoreRacesCalls } from './iommu-core-races.js';
import { spaprTceCalls } from './spapr-tce.js';
import { vfio2011Calls } from './vfio-2011.js';
import { vfioType1Calls } from './vfio-type1.js';

/** Without `linux-dma`: its events are what a kernel reports by itself, and nobody can ask for one. */
export const CALLS: { readonly [profile: string]: AnyCalls } = {
  'vfio-2011': vfio2011Calls,
  hardware: hardwareCalls,
  'iommu-core': iommuCoreCalls,
  'iommu-core-races': iommuCoreRacesCalls,
  'spapr-tce': spaprTceCalls,
  'vfio-type1': vfioType1Calls,
};
