// Is every world held against the plain explorer by one of the tests?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HARDWARE_WORLDS } from '../../../model/worlds/hardware.js';
import { IOMMU_CORE_WORLDS } from '../../../model/worlds/iommu-core.js';
import { IOMMU_CORE_RACE_WORLDS } from '../../../model/worlds/iommu-core-races.js';
import { LINUX_DMA_WORLDS } from '../../../model/worlds/linux-dma.js';
import { SPAPR_TCE_WORLDS } from '../../../model/worlds/spapr-tce.js';
import { VFIO_2011_WORLDS } from '../../../model/worlds/vfio-2011.js';
import { VFIO_TYPE1_WORLDS } from '../../../model/worlds/vfio-type1.js';
import { WORLDS } from '../../../model/worlds.js';

test('all worlds are those of the three files beside this one', () => {
  const held = [
    VFIO_2011_WORLDS,
    VFIO_TYPE1_WORLDS,
    LINUX_DMA_WORLDS,
    IOMMU_CORE_WORLDS,
    IOMMU_CORE_RACE_WORLDS,
    SPAPR_TCE_WORLDS,
    HARDWARE_WORLDS,
  ];
  assert.deepEqual(WORLDS.map(w => w.name).sort(), held.flatMap(ws => ws.map(w => w.name)).sort());
});
