// Which worlds are there, and which of them was made for which debate?
import type { AnyWorld } from './explore/world.js';
import { LINUX_DMA_WORLDS } from './worlds/linux-dma.js';
import { SPAPR_TCE_WORLDS } from './worlds/spapr-tce.js';
import { VFIO_2011_WORLDS } from './worlds/vfio-2011.js';

/** All worlds, of all profiles. */
export const WORLDS: readonly AnyWorld[] = [...VFIO_2011_WORLDS, ...LINUX_DMA_WORLDS, ...SPAPR_TCE_WORLDS];

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
  dialect: ['tce-batches'],
  'blocking-attach': ['tce-mapped', 'tce-ownership'],
  'take-empties': ['tce-ownership'],
  'device-group-reference': ['tce-devices'],
  'indirect-no-permission': ['tce-guest'],
  'default-window': ['tce-firmware'],
  'detach-clears': ['tce-shared'],
  'unregister-mapped': ['tce-memory'],
  'region-of-closed-container': ['tce-two-tables'],
  'map-failure': ['tce-memory'],
  'range-check': ['tce-memory'],
  invalidation: ['tce-shared'],
};
