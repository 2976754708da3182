// How does a machine with VFIO start?
import { orderedTable } from '../kit/ordered-table.js';
import { slotTable, type Table } from '../kit/table.js';
import { pagesOf } from './pages.js';
import {
  type Choice,
  FREE_HANDLE,
  FRESH_CONTAINER,
  type Group,
  NO_DMA,
  NO_MARK,
  NO_PIN,
  type Setup,
  type State,
  type Unit,
} from './state.js';

const UNBOUNDED = { handles: 0, containers: 1, pages: 0 };
const many = <R>(count: number, row: R): readonly R[] => Array.from({ length: count }, () => row);

function unitOf(u: Setup['iommus'][number]): Unit {
  return {
    driver: u.driver,
    kind: u.kind ?? 0,
    start: pagesOf(u.aperture.start),
    end: pagesOf(u.aperture.end),
    pageSizes: u.pageSizes,
    coherent: u.coherent ?? true,
    enforces: u.enforces ?? false,
    nesting: u.nesting ?? false,
    writeReads: u.writeReads ?? false,
  };
}

function groupOf(g: Setup['groups'][number]): Group {
  const apart = { container: -1, order: -1, domain: -1 };
  return typeof g.behind === 'number'
    ? { unit: g.behind, kind: 'iommu', ...apart }
    : { unit: -1, kind: g.behind, ...apart };
}

/** The state at the start: drivers are bound as the machine says, and nothing is open. */
export function initial(setup: Setup, _: Choice, bounded: boolean): State {
  const bounds = setup.bounds ?? UNBOUNDED;
  const table = <R>(slots: number, empty: R): Table<R> =>
    bounded ? slotTable(slots, empty) : orderedTable(empty);
  const rows = Math.max(1, bounds.containers);
  return {
    kernel: {
      dmaLimit: setup.dmaLimit ?? 65_535,
      unsafeInterrupts: setup.unsafeInterrupts ?? false,
      noiommu: setup.noiommu ?? false,
    },
    units: setup.iommus.map(unitOf),
    reserved: setup.groups.flatMap((g, group) =>
      (g.reserved ?? [])
        .filter(r => r.relaxable !== true)
        .map(r => ({ group, start: pagesOf(r.start), end: pagesOf(r.start + r.size) - 1 })),
    ),
    mms: setup.mms.map(m => ({ lockLimit: m.lockLimit ?? -1, rawio: m.rawio ?? true })),
    memory: setup.mms.flatMap((m, mm) =>
      m.memory.map(r => ({
        mm,
        start: pagesOf(r.start),
        pages: pagesOf(r.size),
        writable: r.prot === 'rw',
        device: r.device ?? false,
      })),
    ),
    devices: setup.devices.map(d => ({
      group: d.group,
      isolatedMsi: d.isolatedMsi ?? true,
      direct: d.direct ?? false,
      reset: d.reset ?? true,
      driver: d.driver,
      leaving: 'no',
    })),
    groups: setup.groups.map(groupOf),
    handles: table(bounds.handles, FREE_HANDLE),
    containers: many(rows, FRESH_CONTAINER),
    maps: many(rows, table(bounds.pages, NO_DMA)),
    marks: many(rows, table(bounds.pages, NO_MARK)),
    pins: many(setup.devices.length, table(bounds.pages, NO_PIN)),
  };
}
