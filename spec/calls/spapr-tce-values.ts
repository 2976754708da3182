// Which names, addresses and sizes does a random call of spapr-tce carry?
import type { Container, Device, Group, State, TceTable } from '../spapr-tce/state.js';
import type { Digits } from './digits.js';

/** Containers are named 0 to 3. */
const NAMES = 4;
const PAGE = 4096n;

export const access = (d: Digits): 'read' | 'write' => (d.next(2) === 0 ? 'read' : 'write');
export const prot = (d: Digits): 'none' | 'r' | 'w' | 'rw' =>
  d.of(['rw', 'rw', 'rw', 'r', 'w', 'none'] as const);
export const argument = (d: Digits): { arg?: 'unreadable' | 'short' | 'flags' } =>
  d.rarely(14) ? { arg: d.of(['unreadable', 'short', 'flags'] as const) } : {};

/** One of the first pages. */
export const atPage = (d: Digits, below: number): bigint => BigInt(d.next(Math.max(1, below))) * PAGE;

/** Mostly a device in that state; now and then any, or one past the end. */
export function deviceIn(d: Digits, s: State, states: readonly Device['state'][]): number {
  if (d.rarely(24)) return s.devices.length;
  const some = s.devices.flatMap((v, at) => (states.includes(v.state) ? [at] : []));
  if (some.length > 0 && !d.rarely(8)) return d.of(some);
  return s.devices.length === 0 ? 0 : d.next(s.devices.length);
}

export function group(d: Digits, s: State, fits: (g: Group) => boolean = () => true): number {
  if (d.rarely(24)) return s.groups.length;
  const some = s.groups.flatMap((g, at) => (g.exists && fits(g) ? [at] : []));
  if (some.length > 0 && !d.rarely(8)) return d.of(some);
  return s.groups.length === 0 ? 0 : d.next(s.groups.length);
}

export const containerOf = (s: State, name: number): Container | undefined =>
  s.containers.find(c => c.kind === 'open' && c.name === name);

/** Mostly one that is open, of that version; now and then another name, or none. */
export function container(d: Digits, s: State, version?: 1 | 2): number {
  if (d.rarely(16)) return d.next(NAMES + 1) - 1;
  const open = s.containers.filter(c => c.kind === 'open');
  const fits = version === undefined ? open : open.filter(c => c.version === version);
  const all = fits.length > 0 && !d.rarely(8) ? fits : open;
  const manned = all.filter(c => s.groups.some(g => g.container >= 0 && s.containers[g.container] === c));
  const some = manned.length > 0 && !d.rarely(6) ? manned : all;
  return some.length === 0 ? d.next(NAMES) : d.of(some).name;
}

export function freshName(d: Digits, s: State): number {
  const name = d.next(NAMES);
  if (d.rarely(16)) return name;
  for (let n = 0; n < NAMES; n++) {
    const at = (name + n) % NAMES;
    if (containerOf(s, at) === undefined) return at;
  }
  return name;
}

/** Mostly whoever the container is bound to. */
export const space = (d: Digits, s: State, c: Container | undefined): number =>
  c !== undefined && c.mm >= 0 && !d.rarely(10) ? c.mm : d.next(s.mms.length);

/** Mostly a page size that some group or guest bridge has. */
export function shiftOf(d: Digits, s: State): number {
  if (d.rarely(10)) return d.of([0, 11, 13, 21, 24, 34, 63]);
  const masks = [...s.groups, ...s.guestBridges].map(g => g.pageSizes);
  const shifts = [12, 16, 24].filter(n => masks.some(m => ((m >> BigInt(n)) & 1n) === 1n));
  return shifts.length === 0 ? 12 : d.of(shifts);
}

/** A few pages of 2^shift; now and then nothing, half a page, or more than there is. */
export function pages(d: Digits, shift: number): bigint {
  if (d.rarely(12)) return d.of([0n, 0x800n, 1n << 40n, (1n << 64n) - PAGE]);
  return BigInt(1 + d.next(3)) << BigInt(Math.min(Math.max(12, shift), 40));
}

/** Mostly in the caller's memory; now and then beside it, or between pages. */
export function userAddress(d: Digits, s: State, mm: number): bigint {
  const some = s.memory.filter(m => m.mm === mm);
  if (some.length === 0 || d.rarely(10)) return d.of([0n, 0x123n, 0x7fff_0000_0000n, (1n << 64n) - PAGE]);
  const run = d.of(some);
  const step = 2 ** (Math.max(s.platform.pageShift, d.rarely(4) ? 12 : run.shift) - 12);
  return BigInt(run.ua + step * d.next(Math.min(Math.ceil(run.pages / step) + 1, 20))) * PAGE;
}

export function physical(d: Digits, s: State): bigint {
  if (s.memory.length === 0 || d.rarely(10)) return d.of([0n, 0x800n, (1n << 52n) - PAGE]);
  return BigInt(d.of(s.memory).pa + d.next(3)) * PAGE;
}

const startOf = (t: TceTable): bigint => BigInt(t.offset) << BigInt(t.shift);

/** Mostly in a window of the container; now and then where the default window, or the second one, would be. */
export function busAddress(d: Digits, s: State, c: Container | undefined): bigint {
  const rows = c === undefined ? [] : [c.window0, c.window1].filter(t => t >= 0);
  if (rows.length === 0 || d.rarely(10)) return d.of([0n, PAGE, 0x800n, 1n << 59n, (1n << 64n) - PAGE]);
  const table = s.tables[d.of(rows)]!;
  return startOf(table) + (BigInt(d.next(Math.min(table.size + 1, 4))) << BigInt(table.shift));
}

/** Mostly the number of a window that is there; those that RTAS gives out are found there, too. */
export function liobn(d: Digits, s: State): bigint {
  const there = s.windows.filter(w => w.kind !== 'free').map(w => w.liobn);
  if (there.length > 0 && !d.rarely(5)) return d.of(there);
  return d.of([1n, 2n, 0x8000_0000n, 0x8000_0001n, 0xffff_ffff_ffff_ffffn]);
}

/** A window of the guest, and an address that mostly lies in it. */
export function guestWindow(d: Digits, s: State): { readonly liobn: bigint; readonly ioba: bigint } {
  const number = liobn(d, s);
  const w = s.windows.find(v => v.kind !== 'free' && v.liobn === number);
  if (w === undefined || d.rarely(12)) return { liobn: number, ioba: d.of([0n, PAGE, 0x800n, 1n << 59n]) };
  const at = BigInt(w.offset) << BigInt(w.shift);
  return { liobn: number, ioba: at + (BigInt(d.next(Math.min(w.size + 1, 5))) << BigInt(w.shift)) };
}

export const buid = (d: Digits, s: State): bigint =>
  s.guestBridges.length === 0 || d.rarely(10) ? 0x99n : d.of(s.guestBridges).buid;

/** Mostly guest memory with permission; now and then without, beside all memory, or with bits that mean nothing. */
export function tce(d: Digits, s: State): bigint {
  const permission = BigInt(d.of([3, 3, 3, 1, 2, 0]));
  if (s.slots.length === 0 || d.rarely(8)) return d.of([0n, 0x4n, (1n << 60n) | 3n, 0x7_0000_0003n]);
  const slot = d.of(s.slots);
  return (BigInt(slot.gpa + d.next(Math.min(slot.pages, 17))) * PAGE) | permission;
}
