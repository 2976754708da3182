// Which profiles does the law have? The one place that names them.

import { hardware } from './hardware/profile.js';
import { iommuCore } from './iommu-core/profile.js';
import { iommuCoreRaces } from './iommu-core-races/profile.js';
import type { AnyProfile } from './law/profile.js';
import { linuxDma } from './linux-dma/profile.js';
import { spaprTce } from './spapr-tce/profile.js';
import { vfio2011 } from './vfio-2011/profile.js';
import { vfioType1 } from './vfio-type1/profile.js';

export const PROFILES: { readonly [name: string]: AnyProfile } = {
  'vfio-type1': vfioType1,
  'vfio-2011': vfio2011,
  'iommu-core': iommuCore,
  'iommu-core-races': iommuCoreRaces,
  hardware,
  'linux-dma': linuxDma,
  'spapr-tce': spaprTce,
};
