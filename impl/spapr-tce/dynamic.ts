// How does a user of VFIO make and remove the windows that all groups of a container share?
import { EEXIST, EINVAL, ENODEV, ENOMEM, ENOSPC, ENXIO, EPERM } from '../errno.js';
import { chargedBytes, type Geometry, geometryOf, leastPart, MOST_LEVELS } from '../tce/geometry.js';
import { ADDRESS_PAGES, pageOf, pagesIn } from './addresses.js';
import { argumentRefused, bind, boundContainer } from './calls.js';
import { type Core, charge, fails } from './core.js';
import { makeTable, point, type Shape, sparse } from './hardware.js';
import type { Container, Group, HwTable } from './objects.js';

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
    if (!canBeDefault(core, size)) return -EINVAL;
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

/** Could the 32-bit window be one of pages of 4 KiB, and its table of one level? */
const canBeDefault = (core: Core, size: bigint): boolean =>
  core.hardware.platform === 'pseries'
    ? logOf(size) >= 0
    : core.steps.windowGeometry(core, DEFAULT_SHIFT, size, 1, 1) !== null;

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
  const group = container.groups[0];
  const hardware = core.hardware.groups[group.name];
  const wanted = { core, container, group, number, shift, size, levels };
  if (((hardware.pageSizes >> BigInt(shift)) & 1n) === 0n && !isFirmwares(wanted)) return -EINVAL;
  if (!hasPrice(core, shift, size, levels)) return -EINVAL;
  const charged = core.steps.accountOf(core, shift, size, levels);
  if (!charge(core, mm, charged)) return -ENOMEM;
  const first = number === 0 ? pageOf(hardware.window.start) : HIGH_PAGE;
  const shape = {
    shift,
    offset: Math.floor(first / pagesIn(shift)),
    size: entriesFor(core, shift, size),
    mm: container.version === 2 ? mm : -1,
    charged,
    chargedMm: mm,
  };
  const table =
    core.hardware.platform === 'pseries' ? firmwareTable(wanted, shape) : bareTable(wanted, shape);
  if (typeof table === 'number') {
    core.locked[mm] -= charged;
    return table;
  }
  container.windows[number] = table;
  table.containers.add(container);
  for (const other of container.groups) point(table, other, number);
  return table;
}

/** A window that is asked for. */
interface Wanted {
  readonly core: Core;
  readonly container: Container;
  readonly group: Group;
  readonly number: 0 | 1;
  readonly shift: number;
  readonly size: bigint;
  readonly levels: number;
}

/** A table of bare metal has at least a page of the host full of entries. */
const entriesFor = ({ hardware }: Core, shift: number, size: bigint): number =>
  Math.max(
    Number(size >> BigInt(shift)),
    hardware.platform === 'pseries' ? 1 : 2 ** (hardware.pageShift - 3),
  );

/** The table with its memory, programmed; or why that cannot be. */
function bareTable({ core, shift, size, levels }: Wanted, shape: Shape): HwTable | number {
  if (fails(core, 'table-memory')) return -ENOMEM;
  const geometry = core.steps.windowGeometry(core, shift, size, levels, MOST_LEVELS);
  if (geometry === null) return -EINVAL;
  // OPAL's own numbers are taken for errnos: OPAL_PARAMETER and OPAL_HARDWARE.
  if (fails(core, 'program-window')) return -EPERM;
  if (fails(core, 'program-window-hardware')) return -ENXIO;
  return makeTable(core, shape, roomFor(core, geometry)) ?? -ENOMEM;
}

/** The firmware's default window, cut short: of pages of 4 KiB, in place of the 32-bit window. */
const isDefaultSized = ({ core, group }: Wanted, shift: number, size: bigint): boolean =>
  shift === DEFAULT_SHIFT && size <= core.hardware.groups[group.name].window.size;
const isFirmwares = (wanted: Wanted): boolean =>
  wanted.core.hardware.platform === 'pseries' && wanted.container.pending && wanted.number === 0;

/** Where the host has firmware of its own, which makes the windows; once it has failed it is not asked again. */
function firmwareTable(wanted: Wanted, shape: Shape): HwTable | number {
  const { core, container, group, number, shift, size, levels } = wanted;
  const log = logOf(size);
  if (log < 0 || levels > 1) return -EINVAL;
  if (group.failed || (container.pending && fails(core, 'table-memory'))) return -ENODEV;
  const [low, high] = container.windows;
  if (number === 0 && high !== null) return -EPERM;
  const isDefault = number === 0 && isDefaultSized(wanted, shift, size);
  const failed = log < shift || (!isDefault && fails(core, 'firmware-window'));
  const second = low !== null && !isDefaultSized(wanted, low.shift, BigInt(low.size) << BigInt(low.shift));
  if (failed || second) {
    group.failed = true;
    return failed ? -ENODEV : -EEXIST;
  }
  // The table is of the group that made it, and set for no other.
  if (container.groups.length > 1) return -EPERM;
  const geometry = core.steps.windowGeometry(core, shift, size, 1, 1);
  return makeTable(core, shape, roomFor(core, geometry ?? sparse(shape.size))) ?? -ENODEV;
}

/** What a size is two to the power of, -1 where it is no such power. */
const logOf = (size: bigint): number => (size === 0n || (size & (size - 1n)) !== 0n ? -1 : shiftOf(size));

/** Has the table a price? On bare metal: a power of two, of a page or a part of one, in as many levels as there can be. */
function hasPrice(core: Core, shift: number, size: bigint, levels: number): boolean {
  if (core.hardware.platform === 'pseries') return priceOnPseries(shift, size, levels) > 0n;
  const log = logOf(size);
  return log >= 0 && log - shift >= leastPart(levels) && levels >= 1 && levels <= MOST_LEVELS;
}

/** Bytes; several levels cost as much as 32 bits can say, and are refused later. */
const priceOnPseries = (shift: number, size: bigint, levels: number): bigint =>
  levels > 1 ? 0xffff_ffffn : size >> BigInt(shift - 3);

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
      ? Number(priceOnPseries(shift, size, levels))
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
