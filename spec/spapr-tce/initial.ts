// How does a POWER machine with TCE windows start?
import { orderedTable } from '../kit/ordered-table.js';
import { pageOf, pagesIn } from '../kit/pages.js';
import { slotTable, type Table } from '../kit/table.js';
import type { Machine } from '../protocol/spapr-tce.js';
import { liobnOf } from './pages.js';
import type { PolicyValues } from './policies.js';
import { hasOperations } from './releases.js';
import {
  type Bounds,
  FREE_CONTAINER,
  FREE_REGION,
  FREE_TABLE,
  FREE_WINDOW,
  type Group,
  NO_HOLD,
  NO_LINK,
  NO_RUN,
  NO_STALE,
  NO_VALUE,
  type Setup,
  type State,
  type TceTable,
  type Window,
} from './state.js';

const NO_BOUNDS: Bounds = { containers: 0, tables: 0, entries: 0, regions: 0, windows: 0 };
const many = <R>(count: number, row: R): readonly R[] => Array.from({ length: count }, () => row);

/**
 * The state at the start: devices that are present have been probed, every PE is in the platform's domain with
 * the kernel's table in its first window, and every guest bridge has its default window.
 */
export function initial(setup: Setup, policies: PolicyValues, bounded: boolean): State {
  const bounds = setup.bounds ?? NO_BOUNDS;
  const table = <R>(slots: number, empty: R): Table<R> =>
    bounded ? slotTable(slots, empty) : orderedTable(empty);
  const tables = kernelTables(setup);
  const windows = defaultWindows(setup);
  const tableRows = Math.max(1, bounds.tables, tables.length);
  const windowRows = Math.max(1, bounds.windows, windows.length);
  const containerRows = Math.max(1, bounds.containers);
  const pad = <R>(rows: readonly R[], count: number, empty: R): readonly R[] => [
    ...rows,
    ...many(count - rows.length, empty),
  ];
  return {
    ...constants(setup),
    devices: setup.devices.map(d => ({
      bridge: d.bridge ?? -1,
      group: d.group ?? -1,
      state: d.present ? 'present' : 'absent',
    })),
    groups: setup.groups.map((g, at) => groupOf(setup, policies, g, at)),
    containers: many(containerRows, FREE_CONTAINER),
    tables: pad(tables, tableRows, FREE_TABLE),
    entries: many(tableRows, table(bounds.entries, NO_RUN)),
    stale: many(2 * setup.groups.length, table(bounds.entries, NO_STALE)),
    regions: many(bounds.regions, FREE_REGION),
    holds: many(containerRows, table(bounds.regions, NO_HOLD)),
    windows: pad(windows, windowRows, FREE_WINDOW),
    shadow: many(windowRows, table(bounds.entries, NO_VALUE)),
    links: many(windowRows, table(setup.groups.length, NO_LINK)),
    guestSlots: (setup.guest?.bridges ?? []).flatMap(() => [{ isDefault: true }, { isDefault: false }]),
  };
}

function constants(
  setup: Setup,
): Pick<State, 'platform' | 'bridges' | 'memory' | 'slots' | 'guestBridges' | 'mms'> {
  return {
    platform: {
      name: setup.platform,
      pageShift: setup.pageShift,
      bypass: pageOf(setup.bypass),
      guestMm: setup.guest?.mm ?? -1,
    },
    bridges: setup.bridges,
    memory: setup.memory.map(m => ({
      mm: m.mm,
      ua: pageOf(m.ua),
      pa: pageOf(m.pa),
      pages: pagesIn(m.size),
      shift: m.shift,
    })),
    slots: (setup.guest?.slots ?? []).map(s => ({
      gpa: pageOf(s.gpa),
      ua: pageOf(s.ua),
      pages: pagesIn(s.size),
    })),
    guestBridges: (setup.guest?.bridges ?? []).map(b => ({
      buid: b.buid,
      low: pageOf(b.low.start),
      lowSize: pagesIn(b.low.size),
      high: pageOf(b.high),
      pageSizes: b.pageSizes,
      ddw: b.ddw,
    })),
    mms: setup.mms.map(m => ({ lockLimit: m.lockLimit ?? -1 })),
  };
}

function groupOf(setup: Setup, policies: PolicyValues, g: Machine['groups'][number], at: number): Group {
  return {
    bridge: g.bridge,
    start: pageOf(g.window.start),
    size: pagesIn(g.window.size),
    pageSizes: g.pageSizes,
    windows: g.windows,
    levels: g.levels,
    family: g.family,
    exists: true,
    domain: 'platform',
    container: -1,
    order: -1,
    window0: at,
    window1: -1,
    bypass: setup.bypass > 0n,
    failed: false,
    lost: policies['device-group-reference'] === 'taken' ? 0 : probed(setup, at, policies),
  };
}

/** How many devices of the group were probed before the start. */
const probed = (setup: Setup, group: number, policies: PolicyValues): number =>
  setup.devices.filter(
    d =>
      d.present &&
      d.group === group &&
      d.bridge !== null &&
      hasOperations(policies) &&
      setup.bridges[d.bridge]!.iommu,
  ).length;

/** One for each group, of pages of the host's size; on pseries of 4 KiB. */
function kernelTables(setup: Setup): readonly TceTable[] {
  const shift = setup.platform === 'pseries' ? 12 : setup.pageShift;
  return setup.groups.map(g => ({
    kind: 'kernel',
    shift,
    offset: Number(g.window.start >> BigInt(shift)),
    size: Number(g.window.size >> BigInt(shift)),
    levels: 1,
    mm: -1,
  }));
}

/** The default window of each guest bridge has pages of 4 KiB. */
function defaultWindows(setup: Setup): readonly Window[] {
  return (setup.guest?.bridges ?? []).map((b, at) => ({
    kind: 'rtas',
    liobn: liobnOf(at, 0),
    bridge: at,
    slot: 0,
    shift: 12,
    offset: pageOf(b.low.start),
    size: pagesIn(b.low.size),
  }));
}
