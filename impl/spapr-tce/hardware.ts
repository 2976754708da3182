// How do the hardware's tables come, change and go, and who is told?
import { ENTRY_SHIFT, FOUND_HI } from '../tce/format.js';
import { type Geometry, MOST_LEVELS } from '../tce/geometry.js';
import { newTable } from '../tce/kinds.js';
import { frameHigh, frameLow, frameOf, pagesIn } from './addresses.js';
import type { Core } from './core.js';
import { type Group, type HwTable, type Place, READ, WRITE } from './objects.js';
import { regionAt } from './regions.js';

const PROT = 3;
/** Entries of a block of 4 KiB. */
const BLOCK_SHIFT = 9;

/** A geometry that costs little where most of a table stays empty. */
export function sparse(entries: number): Geometry {
  let entriesShift = 0;
  while (2 ** entriesShift < entries) entriesShift++;
  const levels = Math.min(Math.max(Math.ceil(entriesShift / BLOCK_SHIFT), 1), MOST_LEVELS);
  const levelShift = Math.max(BLOCK_SHIFT, Math.ceil(entriesShift / levels));
  return { levels, levelShift, entriesShift: Math.max(entriesShift, BLOCK_SHIFT) };
}

/** What a table is, beside its memory. */
export type Shape = Pick<HwTable, 'shift' | 'offset' | 'size' | 'mm' | 'charged' | 'chargedMm'>;

/** Part of the memory that one level in one piece may take. */
const LARGEST_PIECE = 1 / 8;

/**
 * A level is one piece of memory. One that would need more of it than a machine in here has is laid out in levels that
 * nobody sees: whether such a table can be had is up to the host, and a host that has the memory must be believed.
 */
function laidOut(core: Core, geometry: Geometry): Geometry {
  const shift = geometry.levels === 1 ? geometry.entriesShift : geometry.levelShift;
  const fits = 2 ** (shift + ENTRY_SHIFT) <= core.arena.bytes * LARGEST_PIECE;
  return fits ? geometry : sparse(2 ** geometry.entriesShift);
}

/** A new table, with a mirror of user addresses if its entries count in somebody's regions; null without memory. */
export function makeTable(core: Core, shape: Shape, geometry: Geometry): HwTable | null {
  const layout = laidOut(core, geometry);
  const tces = newTable(core.arena, layout);
  if (typeof tces === 'number') return null;
  const mirror = shape.mm < 0 ? null : newTable(core.arena, layout);
  if (typeof mirror === 'number') {
    tces.destroy();
    return null;
  }
  const holders = { places: [], containers: new Set<never>(), guests: new Set<never>() };
  const table: HwTable = { ...shape, ...holders, tces, mirror, live: 0, seen: null };
  core.tables.add(table);
  return table;
}

/** The default window of firmware. */
const FIRMWARE_SHIFT = 12;

/** The kernel's own table stands in the group's first window: as long as the 32-bit window, of pages of the host or the firmware. */
export function addKernelTable(core: Core, group: Group): void {
  const { hardware } = core;
  const { window } = hardware.groups[group.name];
  const shift = hardware.platform === 'pseries' ? FIRMWARE_SHIFT : hardware.pageShift;
  const bits = BigInt(shift);
  const size = Number(window.size >> bits);
  const shape = { shift, offset: Number(window.start >> bits), size, mm: -1, charged: 0, chargedMm: -1 };
  const table = makeTable(core, shape, sparse(size));
  if (table === null) throw new RangeError('the memory for tables has no room for those of the kernel');
  point(table, group, 0);
}

/** Points a group's window at the table, and makes the endpoint forget all that it knew there. */
export function point(table: HwTable, group: Group, number: 0 | 1): void {
  group.windows[number] = table;
  table.places.push({ group, number });
  // A window and a bypass are one entry of the hardware: the one takes the place of the other.
  if (number === 1) group.bypass = false;
  forgetAll(group, number);
}

/** Unsets a group's window; the table goes if that was the last who pointed at it. */
export function unpoint(core: Core, group: Group, number: 0 | 1): void {
  const table = group.windows[number];
  if (table === null) return;
  group.windows[number] = null;
  const at = table.places.findIndex(place => place.group === group && place.number === number);
  table.places.splice(at, 1);
  forgetAll(group, number);
  core.steps.freeIfUnused(core, table);
}

function forgetAll(group: Group, number: 0 | 1): void {
  group.remembered[number].clear();
  group.kills++;
}

export function freeIfUnused(core: Core, table: HwTable): void {
  if (table.places.length > 0 || table.containers.size > 0 || table.guests.size > 0) return;
  table.tces.destroy();
  table.mirror?.destroy();
  core.tables.delete(table);
}

export function dropTables(core: Core): void {
  for (const table of core.tables) {
    table.tces.destroy();
    table.mirror?.destroy();
  }
  core.tables.clear();
}

/** What bare metal stores: who may write may read. */
export const storedProt = (core: Core, prot: number): number =>
  core.hardware.platform === 'powernv' && (prot & WRITE) !== 0 ? prot | READ : prot;

/**
 * Puts one entry over whatever is there. Its levels exist, and its region has counted it; nobody is told: `tell` ends
 * the batch.
 */
export function putEntry(
  core: Core,
  table: HwTable,
  index: number,
  frame: number,
  prot: number,
  ua: number,
): void {
  const low = table.tces.read(index);
  const hi = core.arena.found[FOUND_HI];
  const next = frameLow(frame) | prot;
  if ((low & PROT) !== 0) {
    if (low !== next || hi !== frameHigh(frame)) remember(core, table, index, hi, low);
    core.steps.letGo(core, table, index);
  }
  table.tces.put(index, frameHigh(frame), next);
  table.mirror?.put(index, frameHigh(ua), frameLow(ua));
  table.live++;
  table.seen = null;
}

/** Clears what there is in a range and tells it at once. */
export function clearEntries(core: Core, table: HwTable, index: number, count: number): void {
  core.steps.emptyEntries(core, table, index, count);
  if (count > 0) core.steps.tell(core, table, index, count);
}

/** Clears all of a table, and what ran past its end where nobody checked: see `roomFor` in dynamic.ts. */
export function clearTable(core: Core, table: HwTable): void {
  core.steps.clearEntries(core, table, 0, table.tces.size);
}

/** Clears what there is in a range, counted back; nobody is told yet. */
export function emptyEntries(core: Core, table: HwTable, index: number, count: number): void {
  if (table.live === 0) return;
  table.seen = null;
  table.tces.eachEntry(index, count, (at, hi, low) => {
    remember(core, table, at, hi, low);
    core.steps.letGo(core, table, at);
  });
  table.tces.clear(index, count);
  table.mirror?.clear(index, count);
}

/** An entry that was there is not there any more: its region counts one less. */
export function letGo(core: Core, table: HwTable, index: number): void {
  table.live--;
  if (table.mirror === null) return;
  const mirrored = table.mirror.read(index);
  const ua = frameOf(core.arena.found[FOUND_HI], mirrored);
  const region = regionAt(core, table.mm, ua, pagesIn(table.shift));
  if (region !== null) region.mapped--;
}

/** Who is told that entries changed: every endpoint that is linked, or the first of them by position. */
function whoIsTold(core: Core, table: HwTable): readonly Place[] {
  if (core.choices.invalidation === 'every-linked-group') return table.places;
  const names = table.places.map(place => place.group.name);
  const first = Math.min(...names);
  return table.places.filter(place => place.group.name === first);
}

/** The TCE caches of those who are not told keep an old entry. */
function remember(core: Core, table: HwTable, index: number, hi: number, low: number): void {
  const toldToo = whoIsTold(core, table);
  if (toldToo.length === table.places.length) return;
  const entry = { frame: frameOf(hi, low), prot: low & PROT, shift: table.shift, offset: table.offset };
  for (const place of table.places) {
    if (!toldToo.includes(place)) place.group.remembered[place.number].set(index, entry);
  }
}

/** The end of a batch: one invalidation for the range, towards the endpoints that are told. */
export function tell(core: Core, table: HwTable, index: number, count: number): void {
  for (const { group, number } of whoIsTold(core, table)) {
    group.kills++;
    for (const at of group.remembered[number].keys()) {
      if (at >= index && at < index + count) group.remembered[number].delete(at);
    }
  }
  core.steps.sweep(core);
}
