// Which worlds are there, and which of them was made for which debate?
import type { AnyWorld } from './explore/world.js';
import { HARDWARE_WORLDS } from './worlds/hardware.js';
import { IOMMU_CORE_WORLDS } from './worlds/iommu-core.js';
import { IOMMU_CORE_RACE_WORLDS } from './worlds/iommu-core-races.js';
import { LINUX_DMA_WORLDS } from './worlds/linux-dma.js';
import { SPAPR_TCE_WORLDS } from './worlds/spapr-tce.js';
import { VFIO_2011_WORLDS } from './worlds/vfio-2011.js';
import { VFIO_TYPE1_WORLDS } from './worlds/vfio-type1.js';

/** All worlds, of all profiles. */
export const WORLDS: readonly AnyWorld[] = [
  ...VFIO_TYPE1_WORLDS,
  ...VFIO_2011_WORLDS,
  ...IOMMU_CORE_WORLDS,
  ...IOMMU_CORE_RACE_WORLDS,
  ...LINUX_DMA_WORLDS,
  ...SPAPR_TCE_WORLDS,
  ...HARDWARE_WORLDS,
];

export const worldNamed = (name: string): AnyWorld | undefined => WORLDS.find(w => w.name === name);

/** By policy: the worlds in which its values are told apart, first of all those that a stranger should read. */
export const DEBATES: { readonly [policy: string]: readonly string[] } = {
  'merge-incoming': ['attack-window', 'trio-idle'],
  'unmerge-names': ['pair'],
  'last-context-handle': ['attack-window'],
  'group-identity': ['two-buses'],
  'hot-add-in-use': ['hotplug'],
  'failed-hot-add': ['hotplug'],
  'hot-remove-in-use': ['timeout-kill'],
  'group-handle-is-use': ['unplug-merged'],
  'aux-flag': ['aux'],
  'pasid-allocator': ['pasid-numbers'],
  'rid-while-pasid': ['pasids'],
  'blocking-attach': ['leak', 'tce-mapped', 'tce-ownership'],
  'device-group-reference': ['drivers', 'tce-devices'],
  'failed-replace': ['handles', 'no-static-blocked'],
  'free-trusts-detach': ['no-static-blocked'],
  'reset-state': ['resets'],
  'attach-by': ['attach-unplug', 'attach-unplug-all'],
  'attach-lock': ['attach-unplug', 'attach-while-open'],
  'invalidate-lock': ['attach-invalidate'],
  'attach-order': ['attach-invalidate'],
  'probe-lock': ['probe-probe'],
  dialect: ['tce-batches'],
  'take-empties': ['tce-ownership'],
  'domain-is': ['tce-mapped'],
  'indirect-no-permission': ['tce-guest'],
  'default-window': ['tce-firmware'],
  'detach-clears': ['tce-shared'],
  'unregister-mapped': ['tce-memory'],
  'region-of-closed-container': ['tce-two-tables'],
  'map-failure': ['tce-memory'],
  'range-check': ['tce-memory'],
  invalidation: ['tce-shared'],
  'attach-flush': ['hw-attach'],
  'leaf-hint': ['hw-tables'],
  'table-free': ['hw-tables'],
  'map-flush': ['hw-caching-mode'],
  'device-tlb': ['hw-device-tlb'],
  'flush-range': ['hw-range'],
  'iova-reuse': ['hw-lazy'],
};
