// Which systems have seeded faults? The one place that names them: a new profile is a new row.

import { hardware } from '../../spec/hardware/profile.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import { iommuCoreRaces } from '../../spec/iommu-core-races/profile.js';
import { linuxDma } from '../../spec/linux-dma/profile.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';
import { vfio2011 } from '../../spec/vfio-2011/profile.js';
import { vfioType1 } from '../../spec/vfio-type1/profile.js';
import { HARDWARE_WORLDS } from '../worlds/hardware.js';
import { IOMMU_CORE_WORLDS } from '../worlds/iommu-core.js';
import { IOMMU_CORE_RACE_WORLDS } from '../worlds/iommu-core-races.js';
import { LINUX_DMA_WORLDS } from '../worlds/linux-dma.js';
import { SPAPR_TCE_WORLDS } from '../worlds/spapr-tce.js';
import { VFIO_2011_WORLDS } from '../worlds/vfio-2011.js';
import { VFIO_TYPE1_WORLDS } from '../worlds/vfio-type1.js';
import type { FaultTable } from './fault.js';
import { cacheDesigns } from './hardware/design.js';
import { flushes } from './hardware/flushes.js';
import { sound as soundHardware } from './hardware/seed.js';
import { tableFaults } from './hardware/tables.js';
import { unitFaults } from './hardware/units.js';
import { coreDesigns } from './iommu-core/design.js';
import { groups } from './iommu-core/groups.js';
import { numbers } from './iommu-core/numbers.js';
import { sound as soundCore, soundTogether } from './iommu-core/seed.js';
import { concurrent, histories } from './iommu-core/together.js';
import { races } from './iommu-core-races/design.js';
import { holes } from './linux-dma/design.js';
import { recorded } from './linux-dma/recorded.js';
import { tceDesigns } from './spapr-tce/design.js';
import { entries } from './spapr-tce/entries.js';
import { guests } from './spapr-tce/guests.js';
import { owners } from './spapr-tce/owners.js';
import { sound as soundTce } from './spapr-tce/seed.js';
import { windows } from './spapr-tce/windows.js';
import { designs } from './vfio-2011/design.js';
import { lifetime } from './vfio-2011/lifetime.js';
import { memory } from './vfio-2011/memory.js';
import { sound } from './vfio-2011/seed.js';
import { sets } from './vfio-2011/sets.js';
import { attaching } from './vfio-type1/attaching.js';
import { type1Designs } from './vfio-type1/design.js';
import { lifetime as type1Lifetime } from './vfio-type1/lifetime.js';
import { mappings } from './vfio-type1/mappings.js';
import { sound as soundType1 } from './vfio-type1/seed.js';

export const FAULT_TABLES: readonly FaultTable[] = [
  {
    profile: 'vfio-2011',
    law: vfio2011,
    worlds: VFIO_2011_WORLDS,
    machine: sound,
    faults: [...sets, ...lifetime, ...memory, ...designs],
  },
  {
    profile: 'vfio-type1',
    law: vfioType1,
    worlds: VFIO_TYPE1_WORLDS,
    machine: soundType1,
    faults: [...type1Lifetime, ...attaching, ...mappings, ...type1Designs],
  },
  {
    profile: 'iommu-core',
    law: iommuCore,
    worlds: IOMMU_CORE_WORLDS,
    machine: soundCore,
    together: soundTogether,
    histories,
    faults: [...groups, ...numbers, ...concurrent, ...coreDesigns],
  },
  {
    profile: 'iommu-core-races',
    law: iommuCoreRaces,
    worlds: IOMMU_CORE_RACE_WORLDS,
    faults: races,
  },
  {
    profile: 'spapr-tce',
    law: spaprTce,
    worlds: SPAPR_TCE_WORLDS,
    machine: soundTce,
    faults: [...windows, ...owners, ...entries, ...guests, ...tceDesigns],
  },
  {
    profile: 'hardware',
    law: hardware,
    worlds: HARDWARE_WORLDS,
    machine: soundHardware,
    faults: [...flushes, ...tableFaults, ...unitFaults, ...cacheDesigns],
  },
  {
    profile: 'linux-dma',
    law: linuxDma,
    worlds: LINUX_DMA_WORLDS,
    faults: [...recorded, ...holes],
  },
];
