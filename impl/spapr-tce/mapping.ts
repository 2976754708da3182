// How does a user of VFIO map memory into a window, and unmap it?
import { EFAULT, EINVAL, ENOMEM, ENXIO, EPERM } from '../errno.js';
import { isWhole, pageOf, pagesIn } from './addresses.js';
import { argumentRefused, boundContainer } from './calls.js';
import { type Core, fails } from './core.js';
import { indexIn, windowAt, withDefault } from './dynamic.js';
import type { HwTable, Piece } from './objects.js';
import { backing, regionAt } from './regions.js';

/** Checks all that map and unmap check on the way to the window, and calls with it. */
function inWindow(
  core: Core,
  name: number,
  mm: number,
  iova: bigint,
  arg: number,
  call: (table: HwTable) => number,
): number {
  const container = boundContainer(core, name, mm, 0);
  if (typeof container === 'number') return container;
  if (!container.enabled) return -EPERM;
  const refused = argumentRefused(arg);
  if (refused < 0) return refused;
  return withDefault<never>(core, container, mm, () => {
    const table = windowAt(container, pageOf(iova));
    return table === null ? -ENXIO : call(table);
  });
}

export function map(
  core: Core,
  name: number,
  mm: number,
  iova: bigint,
  ua: bigint,
  size: bigint,
  prot: number,
  arg: number,
): number {
  return inWindow(core, name, mm, iova, arg, table => mapInto(core, table, mm, iova, ua, size, prot));
}

function mapInto(
  core: Core,
  table: HwTable,
  mm: number,
  iova: bigint,
  ua: bigint,
  size: bigint,
  prot: number,
): number {
  if (!isWhole(ua | size, table.shift) || prot === 0 || !isWhole(iova, table.shift)) return -EINVAL;
  const index = indexIn(table, pageOf(iova));
  const count = pageOf(size) / pagesIn(table.shift);
  if (core.choices.rangeCheck === 'every-page' && count > table.size - index) return -EINVAL;
  const pieces: Piece[] = [];
  const refused = core.steps.check(core, table, mm, pageOf(ua), count, pieces);
  if (pieces.length > 0 && fails(core, 'level-memory')) return -ENOMEM;
  if (refused < 0) {
    // Linux keeps no record of what was there, so what it has written by then is cleared.
    if (core.choices.mapFailure === 'cleared') core.steps.clearEntries(core, table, index, pieces.length);
    return refused;
  }
  if (!prepared(table, index, count)) return -ENOMEM;
  const stored = core.steps.storedProt(core, prot);
  for (const { region } of pieces) if (region !== null) region.mapped++;
  pieces.forEach((piece, i) => {
    core.steps.putEntry(core, table, index + i, piece.frame, stored, piece.ua);
  });
  if (count > 0) core.steps.tell(core, table, index, count);
  return 0;
}

/** The memory behind `count` pages of the table from the user's page `ua` on, as far as it can be mapped. */
export function check(
  core: Core,
  table: HwTable,
  mm: number,
  ua: number,
  count: number,
  pieces: Piece[],
): number {
  const step = pagesIn(table.shift);
  for (let i = 0; i < count; i++) {
    const at = ua + i * step;
    const found = table.mirror === null ? pinned(core, mm, at) : core.steps.registered(core, table, at);
    if (typeof found === 'number') return found;
    pieces.push(found);
  }
  return 0;
}

/** Version 1: whatever is there. Its one window has pages of 4 KiB, and no memory is backed by smaller ones. */
function pinned(core: Core, mm: number, ua: number): Piece | number {
  const found = backing(core, mm, ua);
  return found === null ? -EFAULT : { frame: found.frame, ua: 0, region: null };
}

/** Version 2: what was registered before. */
export function registered(core: Core, table: HwTable, ua: number): Piece | number {
  const region = regionAt(core, table.mm, ua, pagesIn(table.shift));
  if (region === null || table.shift > region.shift) return -EINVAL;
  const found = backing(core, table.mm, ua);
  return found === null ? -EINVAL : { frame: found.frame, ua, region };
}

/** Makes the levels of a range, in the table and in its mirror. */
export function prepared(table: HwTable, index: number, count: number): boolean {
  return table.tces.prepare(index, count) === 0 && (table.mirror?.prepare(index, count) ?? 0) === 0;
}

export function unmap(core: Core, name: number, mm: number, iova: bigint, size: bigint, arg: number): number {
  return inWindow(core, name, mm, iova, arg, table => {
    if (!isWhole(size | iova, table.shift)) return -EINVAL;
    const index = indexIn(table, pageOf(iova));
    const count = pageOf(size) / pagesIn(table.shift);
    if (count > table.size - index) return -EINVAL;
    core.steps.clearEntries(core, table, index, count);
    return 0;
  });
}
