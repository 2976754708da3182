// What do the hypercalls on a guest's window check, and in which order, in each dialect?

import { FOUND_HI } from '../tce/format.js';
import {
  frameHigh,
  frameOf,
  highOf,
  isWhole,
  lowOf,
  offsetOf,
  pageOf,
  pagesIn,
  wordOf,
} from './addresses.js';
import type { Core } from './core.js';
import { prepared } from './mapping.js';
import { type GuestWindow, type HwTable, tablesBehind } from './objects.js';

export const H_SUCCESS = 0;
export const H_FUNCTION = -2;
export const H_PARAMETER = -4;
/** The fourth parameter is wrong. */
export const H_P4 = -57;
/** For user space to do. */
export const H_TOO_HARD = 9999;

/** Entries that a list of 4 KiB holds. */
const MOST = 512;
const LIST_SHIFT = 12;
/** A number of tables, and not the number of one. */
const NEGATIVE = 1n << 63n;
const PERMISSIONS = 3;

const unknown = (core: Core): number => (core.choices.dialect === 'kvm' ? H_TOO_HARD : H_PARAMETER);

/** Index of the first of `count` entries, or H_PARAMETER. A batch of QEMU's begins before it looks where it ends. */
export function indexOf(core: Core, window: GuestWindow, ioba: bigint, count: number): number {
  const rounds = core.choices.dialect === 'qemu';
  if (!rounds && !isWhole(ioba, window.shift)) return H_PARAMETER;
  const index = placeOf(window, ioba);
  const last = rounds ? index + 1 : index + count;
  return last > window.size ? H_PARAMETER : index;
}

/** Where a bus address is, counted from the window's start; one that passes 2^64 goes on at 0. */
function placeOf(window: GuestWindow, ioba: bigint): number {
  const place = Math.floor(pageOf(ioba) / pagesIn(window.shift)) - window.offset;
  return place < 0 ? place + 2 ** (64 - window.shift) : place;
}

/** The user's page behind a guest's address, -1 outside of its memory. */
function userPage(core: Core, page: number): number {
  for (const slot of core.hardware.guest?.slots ?? []) {
    const at = page - pageOf(slot.gpa);
    if (at >= 0 && at < pageOf(slot.size)) return pageOf(slot.ua) + at;
  }
  return -1;
}

/** The pages of a table behind one page of a guest's window. */
function behind(window: GuestWindow, table: HwTable, index: number): { at: number; count: number } {
  const count = 2 ** (window.shift - table.shift);
  return { at: index * count, count };
}

/** May this value be stored, and would every linked table take it? Nothing is written. */
export function validate(core: Core, window: GuestWindow, hi: number, lo: number): number {
  if ((lo & PERMISSIONS) === 0) return H_SUCCESS;
  const refusal = unknown(core);
  if (!isWhole(wordOf(hi, lo & ~PERMISSIONS), window.shift)) return refusal;
  const ua = userPage(core, frameOf(hi, lo));
  if (ua < 0) return refusal;
  for (const table of tablesBehind(window)) if (!mappable(window, table, core, ua)) return refusal;
  return H_SUCCESS;
}

function mappable(window: GuestWindow, table: HwTable, core: Core, ua: number): boolean {
  const { count } = behind(window, table, 0);
  for (let i = 0; i < count; i++)
    if (typeof core.steps.registered(core, table, ua + i * pagesIn(table.shift)) === 'number') return false;
  return true;
}

/** The levels that the entries need, everywhere, before the first of them is written. */
function ready(window: GuestWindow, index: number, count: number): boolean {
  for (const table of tablesBehind(window)) {
    const each = behind(window, table, index);
    if (!prepared(table, each.at, each.count * count)) return false;
  }
  return window.values.prepare(index, count) === 0;
}

/** Writes an entry that was validated to every table, and to what the guest sees. Nobody is told yet. */
function write(core: Core, window: GuestWindow, index: number, hi: number, lo: number): void {
  const prot = lo & PERMISSIONS;
  const ua = prot === 0 ? -1 : userPage(core, frameOf(hi, lo));
  for (const table of tablesBehind(window)) {
    const { at, count } = behind(window, table, index);
    if (prot === 0) core.steps.emptyEntries(core, table, at, count);
    else mapPages(core, table, at, count, ua, prot);
  }
  window.values.put(index, hi, lo);
}

function mapPages(core: Core, table: HwTable, at: number, count: number, ua: number, prot: number): void {
  for (let i = 0; i < count; i++) {
    const page = core.steps.registered(core, table, ua + i * pagesIn(table.shift));
    if (typeof page === 'number') throw new Error('an entry that was validated cannot be mapped');
    if (page.region !== null) page.region.mapped++;
    core.steps.putEntry(core, table, at + i, page.frame, core.steps.storedProt(core, prot), page.ua);
  }
}

/** One invalidation for all of a batch, per table. */
export function tellAll(core: Core, window: GuestWindow, index: number, count: number): void {
  if (count === 0) return;
  for (const table of tablesBehind(window)) {
    const each = behind(window, table, index);
    core.steps.tell(core, table, each.at, each.count * count);
  }
}

export function putTce(core: Core, liobn: bigint, ioba: bigint, tce: bigint): number {
  const window = core.windows.get(liobn);
  if (window === undefined) return unknown(core);
  const index = core.steps.indexOf(core, window, ioba, 1);
  if (index < 0) return index;
  const hi = highOf(tce);
  const lo = lowOf(tce);
  if (core.choices.dialect === 'qemu')
    return window.values.put(index, hi, lo) === 0 ? H_SUCCESS : H_PARAMETER;
  const refused = core.steps.validate(core, window, hi, lo);
  if (refused !== H_SUCCESS) return refused;
  if ((lo & PERMISSIONS) !== 0 && !ready(window, index, 1)) return H_TOO_HARD;
  write(core, window, index, hi, lo);
  core.steps.tellAll(core, window, index, 1);
  return H_SUCCESS;
}

export function putIndirect(
  core: Core,
  liobn: bigint,
  ioba: bigint,
  list: bigint,
  count: bigint,
  tces: readonly bigint[],
): number {
  const { dialect } = core.choices;
  if (dialect === 'strict' && liobn >= NEGATIVE) return H_FUNCTION;
  const window = core.windows.get(liobn);
  if (window === undefined) return unknown(core);
  if (count > MOST || (count === 0n && dialect === 'qemu') || !isWhole(list, LIST_SHIFT)) return H_PARAMETER;
  const index = core.steps.indexOf(core, window, ioba, Number(count));
  if (index < 0) return index;
  const words = wordsOf(tces);
  if (dialect === 'qemu') return storeInside(window, index, words);
  if (userPage(core, pageOf(list)) < 0) return unknown(core);
  for (let i = 0; i < words.length; i += 2) {
    const refused = core.steps.validate(core, window, words[i], words[i + 1]);
    if (refused !== H_SUCCESS) return refused;
    if (!countable(core, window, words[i], words[i + 1])) return unknown(core);
  }
  if (!ready(window, index, words.length / 2)) return H_TOO_HARD;
  let refused = H_SUCCESS;
  let done = 0;
  for (; refused === H_SUCCESS && done < words.length / 2; done++) {
    const [hi, lo] = [words[2 * done], words[2 * done + 1]];
    refused = (lo & PERMISSIONS) === 0 ? unpermitted(core, window, hi, lo) : H_SUCCESS;
    if (refused === H_SUCCESS) write(core, window, index + done, hi, lo);
  }
  core.steps.tellAll(core, window, index, done);
  return refused;
}

/**
 * Where an entry of a list that permits nothing counts as a use: is there memory behind it that could count it? One
 * outside of guest memory is found later.
 */
function countable(core: Core, window: GuestWindow, hi: number, lo: number): boolean {
  if (core.choices.indirectNoPermission === 'clears' || (lo & PERMISSIONS) !== 0) return true;
  const ua = userPage(core, frameOf(hi, lo));
  return ua < 0 || [...tablesBehind(window)].every(table => mappable(window, table, core, ua));
}

/** What KVM does with an entry of a list that permits nothing: it looks for its memory like for any other's. */
function unpermitted(core: Core, window: GuestWindow, hi: number, lo: number): number {
  const { dialect, indirectNoPermission } = core.choices;
  const ua = userPage(core, frameOf(hi, lo));
  if (ua < 0) return dialect === 'kvm' ? H_PARAMETER : H_SUCCESS;
  if (indirectNoPermission === 'clears') return H_SUCCESS;
  for (const table of tablesBehind(window)) {
    const { count } = behind(window, table, 0);
    for (let i = 0; i < count; i++) {
      const page = core.steps.registered(core, table, ua + i * pagesIn(table.shift));
      if (typeof page !== 'number' && page.region !== null) page.region.mapped++;
    }
  }
  return H_SUCCESS;
}

function wordsOf(tces: readonly bigint[]): Int32Array {
  const words = new Int32Array(2 * tces.length);
  tces.forEach((tce, i) => {
    words[2 * i] = highOf(tce);
    words[2 * i + 1] = lowOf(tce);
  });
  return words;
}

/** QEMU's way: the entries up to the end of the window are stored, and then the first beyond it is refused. */
function storeInside(window: GuestWindow, index: number, words: Int32Array): number {
  const wanted = words.length / 2;
  const inside = Math.min(wanted, window.size - index);
  if (window.values.putWords(index, inside, words) !== 0) return H_PARAMETER;
  return inside < wanted ? H_PARAMETER : H_SUCCESS;
}

export function stuffTce(core: Core, liobn: bigint, ioba: bigint, tce: bigint, count: bigint): number {
  const { dialect } = core.choices;
  const window = core.windows.get(liobn);
  if (window === undefined) return unknown(core);
  const n = Number(count);
  if (dialect === 'qemu' && (n === 0 || n > window.size)) return H_PARAMETER;
  if (dialect === 'strict') {
    const first = core.steps.indexOf(core, window, ioba, 1);
    if (first < 0) return first;
    if (n > MOST) return H_P4;
  }
  const index = core.steps.indexOf(core, window, ioba, n);
  if (index < 0) return index;
  const hi = highOf(tce);
  const lo = lowOf(tce);
  if (dialect === 'qemu') {
    const inside = Math.min(n, window.size - index);
    return window.values.fill(index, inside, hi, lo) !== 0 || inside < n ? H_PARAMETER : H_SUCCESS;
  }
  if ((lo & PERMISSIONS) !== 0)
    return dialect === 'strict' ? duplicate(core, window, index, n, hi, lo) : H_PARAMETER;
  if (window.values.prepare(index, (hi | lo) === 0 ? 0 : n) !== 0) return H_TOO_HARD;
  for (const table of tablesBehind(window)) {
    const each = behind(window, table, index);
    core.steps.clearEntries(core, table, each.at, each.count * n);
  }
  window.values.fill(index, n, hi, lo);
  return H_SUCCESS;
}

/** One mapping in many places. */
function duplicate(
  core: Core,
  window: GuestWindow,
  index: number,
  n: number,
  hi: number,
  lo: number,
): number {
  const refused = n === 0 ? H_SUCCESS : core.steps.validate(core, window, hi, lo);
  if (refused !== H_SUCCESS) return refused;
  if (!ready(window, index, n)) return H_TOO_HARD;
  for (let i = 0; i < n; i++) write(core, window, index + i, hi, lo);
  core.steps.tellAll(core, window, index, n);
  return H_SUCCESS;
}

/** The value as it was written, or a code. */
export function getTce(core: Core, liobn: bigint, ioba: bigint): bigint | number {
  const window = core.windows.get(liobn);
  if (window === undefined) return unknown(core);
  const index = core.steps.indexOf(core, window, ioba, 1);
  if (index < 0) return index;
  const lo = window.values.read(index);
  return wordOf(core.arena.found[FOUND_HI], lo);
}

/** The guest's address that a device of its host reaches through its window; null where the window does not allow it. */
export function guestReaches(core: Core, window: GuestWindow, ioba: bigint, access: number): bigint | null {
  const per = pagesIn(window.shift);
  const page = pageOf(ioba);
  const index = Math.floor(page / per) - window.offset;
  if (index < 0 || index >= window.size) return null;
  const lo = window.values.read(index);
  const hi = core.arena.found[FOUND_HI];
  if ((lo & access) === 0) return null;
  const first = Math.floor(frameOf(hi, lo) / per) * per + (page % per);
  return wordOf(frameHigh(first), lowOf(BigInt(first % 2 ** 20) << 12n) | offsetOf(ioba));
}
