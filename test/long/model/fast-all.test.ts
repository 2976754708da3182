// Is every world held against the plain explorer, and against its implementation, by one of the tests?
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { hasImplementation } from '../../../model/machine.js';
import { HARDWARE_WORLDS } from '../../../model/worlds/hardware.js';
import { IOMMU_CORE_WORLDS } from '../../../model/worlds/iommu-core.js';
import { IOMMU_CORE_RACE_WORLDS } from '../../../model/worlds/iommu-core-races.js';
import { LINUX_DMA_WORLDS } from '../../../model/worlds/linux-dma.js';
import { SPAPR_TCE_WORLDS } from '../../../model/worlds/spapr-tce.js';
import { VFIO_2011_WORLDS } from '../../../model/worlds/vfio-2011.js';
import { VFIO_TYPE1_WORLDS } from '../../../model/worlds/vfio-type1.js';
import { WORLDS } from '../../../model/worlds.js';

test('all worlds are those of the files fast-... beside this one', () => {
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

test('every profile with an implementation has its file of transitions, covered-...', () => {
  const implemented = [...new Set(WORLDS.map(w => w.profile.name))].filter(hasImplementation);
  for (const name of implemented) {
    // Its worlds are all small: those that the quick tests have not are in a file of walks.
    const file = name === 'hardware' ? 'lockstep-hardware' : `covered-${name}`;
    assert.ok(existsSync(new URL(`./${file}.test.js`, import.meta.url)), `${name} has none`);
  }
});
