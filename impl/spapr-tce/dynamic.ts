// How does a user of VFIO make and remove the windows that all groups of a container share?
import { EINVAL, EIO, ENODEV, ENOMEM, ENOSPC, ENXIO } from '../errno.js';
import { chargedBytes, type Geometry, geometryOf } from '../tce/geometry.js';
import { ADDRESS_PAGES, pageOf, pagesIn } from './addresses.js';
import { argumentRefused, bind, boundContainer } from './calls.js';
import { type Core, charge, fails } from './core.js';
import { makeTable, point, type Shape } from './hardware.js';
import type { Container, HwTable } from './objects.js';

/** The numbers of an endpoint's windows. */
export const NUMBERS = [0, 1] as const;
/** Window 1 and a bypass start at 2^59. */
export const HIGH_PAGE = 2 ** 47;
const DEFAULT_SHIFT = 12;

/** The new window, or why there is none. `start` is its first page. */
export function createWindow(
  core: Core,
  name: number,
  mm: number,
  shift: number,
  size: bigint,
  levels: number,
  arg: number,
): { readonly start: number } | number {
  const container = boundContainer(core, name, mm, 2);
  if (typeof container === 'number') return container;
  if (container.groups.length === 0) return -ENXIO;
  const refused = argumentRefused(arg);
  if (refused < 0) return refused;
  const made = withDefault(core, container, mm, () => addWindow(core, container, mm, shift, size, levels));
  if (typeof made === 'number') return made;
  bind(container, mm);
  return { start: made.offset * pagesIn(made.shift) };
}

/**
 * The window that a user expects to find is made by the first call that needs it: pages of 4 KiB, one level. If that call
 * is refused, the window goes again.
 */
export function withDefault<A>(
  core: Core,
  container: Container,
  mm: number,
  call: () => A | number,
): A | number {
  const { pending } = container;
  if (pending) {
    const [first] = container.groups;
    if (first === undefined) return -ENODEV;
    const { size } = core.hardware.groups[first.name].window;
    if (core.steps.windowGeometry(core, DEFAULT_SHIFT, size, 1, 1) === null) return -EINVAL;
    const made = addWindow(core, container, mm, DEFAULT_SHIFT, size, 1);
    if (typeof made === 'number') return made;
    container.pending = false;
  }
  const answer = call();
  if (pending && typeof answer === 'number' && answer < 0) {
    for (const group of container.groups) core.steps.unpoint(core, group, 0);
    core.steps.dropTable(core, container, 0);
    container.pending = true;
  }
  return answer;
}

function addWindow(
  core: Core,
  container: Container,
  mm: number,
  shift: number,
  size: bigint,
  levels: number,
): HwTable | number {
  const number = NUMBERS.find(n => container.windows[n] === null);
  if (number === undefined) return -ENOSPC;
  const hardware = core.hardware.groups[container.groups[0].name];
  if (((hardware.pageSizes >> BigInt(shift)) & 1n) === 0n) return -EINVAL;
  if (!hasPrice(core, shift, size, levels, hardware.levels)) return -EINVAL;
  const charged = core.steps.accountOf(core, shift, size, levels);
  if (!charge(core, mm, charged)) return -ENOMEM;
  const first = number === 0 ? pageOf(hardware.window.start) : HIGH_PAGE;
  const shape = {
    shift,
    offset: Math.floor(first / pagesIn(shift)),
    size: Number(size >> BigInt(shift)),
    mm: container.version === 2 ? mm : -1,
    charged,
    chargedMm: mm,
  };
  const table = builtTable(
    core,
    shape,
    core.steps.windowGeometry(core, shift, size, levels, hardware.levels),
  );
  if (typeof table === 'number') {
    core.locked[mm] -= charged;
    return table;
  }
  container.windows[number] = table;
  table.containers.add(container);
  for (const group of container.groups) point(table, group, number);
  return table;
}

/** The table with its memory, programmed; or why that cannot be. */
function builtTable(core: Core, shape: Shape, geometry: Geometry | null): HwTable | number {
  if (fails(core, 'table-memory')) return -ENOMEM;
  if (geometry === null) return -EINVAL;
  if (fails(core, 'program-window')) return -EIO;
  return makeTable(core, shape, roomFor(core, geometry)) ?? -ENOMEM;
}

/** A power of two of whole pages, in as many levels as there can be: what is priced before it is made. */
function hasPrice(core: Core, shift: number, size: bigint, levels: number, most: number): boolean {
  const highest = core.hardware.platform === 'pseries' ? 1 : most;
  const isPower = size !== 0n && (size & (size - 1n)) === 0n;
  return isPower && levels >= 1 && levels <= highest && shiftOf(size) >= shift;
}

const shiftOf = (size: bigint): number => size.toString(2).length - 1;

export function windowGeometry(
  core: Core,
  shift: number,
  size: bigint,
  levels: number,
  most: number,
): Geometry | null {
  const { platform, pageShift } = core.hardware;
  if (size === 0n || (size & (size - 1n)) !== 0n || levels > most) return null;
  if (platform === 'pseries' && levels !== 1) return null;
  return geometryOf(shiftOf(size), shift, levels, pageShift);
}

/** Pages of the host that a table is charged with, all its levels counted. */
export function accountOf(core: Core, shift: number, size: bigint, levels: number): number {
  const { platform, pageShift } = core.hardware;
  const bytes =
    platform === 'pseries'
      ? 8 * Number(size >> BigInt(shift))
      : chargedBytes(shiftOf(size), shift, levels, pageShift);
  return Math.floor(bytes / 2 ** pageShift);
}

/** Where only the first page is checked, what runs past the end falls into memory behind the table: here, into ours. */
function roomFor(core: Core, geometry: Geometry): Geometry {
  if (core.choices.rangeCheck === 'every-page') return geometry;
  const entriesShift = geometry.entriesShift + 1;
  const levelShift = Math.max(geometry.levelShift, Math.ceil(entriesShift / geometry.levels));
  return { ...geometry, entriesShift, levelShift };
}

/** The window of a container that holds a page, or null. */
export function windowAt(container: Container, page: number): HwTable | null {
  for (const table of container.windows) if (table !== null && indexIn(table, page) >= 0) return table;
  return null;
}

/** Index of a page's entry, -1 outside of the window. */
export function indexIn(table: Pick<HwTable, 'shift' | 'offset' | 'size'>, page: number): number {
  const index = Math.floor(page / pagesIn(table.shift)) - table.offset;
  return index >= 0 && index < table.size && page < ADDRESS_PAGES ? index : -1;
}

export function removeWindow(core: Core, name: number, mm: number, start: bigint, arg: number): number {
  const container = boundContainer(core, name, mm, 2);
  if (typeof container === 'number') return container;
  if (container.groups.length === 0) return -ENXIO;
  const refused = argumentRefused(arg);
  if (refused < 0) return refused;
  if (container.pending && start === 0n) {
    container.pending = false;
    bind(container, mm);
    return 0;
  }
  const table = windowAt(container, pageOf(start));
  if (table === null) return -EINVAL;
  const number = container.windows[0] === table ? 0 : 1;
  // Cleared before it is unset: afterwards nobody would give back what the entries hold.
  core.steps.clearTable(core, table);
  for (const group of container.groups) core.steps.unpoint(core, group, number);
  core.steps.dropTable(core, container, number);
  return 0;
}

/** A guest's windows lead to a table no longer than the container keeps it. */
function unlinkAll(table: HwTable): void {
  for (const window of table.guests) {
    for (const [group, linked] of window.links) if (linked === table) window.links.delete(group);
  }
  table.guests.clear();
}

/** The container lets one of its tables go. */
export function dropTable(core: Core, container: Container, number: 0 | 1): void {
  const table = container.windows[number];
  if (table === null) return;
  core.steps.clearTable(core, table);
  container.windows[number] = null;
  table.containers.delete(container);
  unlinkAll(table);
  core.locked[table.chargedMm] -= table.charged;
  core.steps.freeIfUnused(core, table);
}
