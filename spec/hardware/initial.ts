// How does a machine of the profile hardware start?
import { orderedTable } from '../kit/ordered-table.js';
import { slotTable } from '../kit/table.js';
import { observed } from './caches.js';
import { NO_ENTRY, NO_WAY, NOTHING_OWED, type Setup, type State } from './state.js';

/** All tables are empty and no device is anywhere; where that is cached, it may be cached. */
export function initial(setup: Setup, _: unknown, bounded: boolean): State {
  const { devices, pasids, tables, spaces, architecture, cachingMode, nonLeafRange, lazy, levels, bits } =
    setup;
  const slots = tables.length * 2 ** bits;
  return observed({
    iommu: { architecture, cachingMode, nonLeafRange, lazy, levels, bits },
    devices: devices.map(({ ats }) => ({ ats })),
    pasids: pasids.map(pasid => ({ pasid })),
    tables: tables.map(({ free }) => ({ use: free ? 'free' : 'used', by: -1 })),
    memory: bounded ? slotTable(slots, NO_ENTRY) : orderedTable(NO_ENTRY),
    contexts: devices.map(() => NO_WAY),
    processes: devices.flatMap(() => pasids.map(() => NO_WAY)),
    spaces: spaces.map(({ tag, table }) => ({ tag, table, ...NOTHING_OWED })),
    caches: { now: [], after: [], open: null },
  });
}
