// Which windows does a guest's firmware make, and when does the default one come back?
import type { Geometry } from '../tce/geometry.js';
import { newTable } from '../tce/kinds.js';
import { ADDRESS_PAGES, pageOf, pagesIn } from './addresses.js';
import { type Core, fails } from './core.js';
import { sparse } from './hardware.js';
import { type GuestWindow, tablesBehind } from './objects.js';

/** RTAS statuses beside success. */
export const RTAS_HW_ERROR = -1;
export const RTAS_PARAM_ERROR = -3;

/** LoPAR numbers page sizes in the order in which they were added: 2M came last. */
const LOPAR_BITS: ReadonlyMap<number, number> = new Map([
  [12, 0x1],
  [16, 0x2],
  [24, 0x4],
  [25, 0x8],
  [26, 0x10],
  [27, 0x20],
  [28, 0x40],
  [34, 0x80],
  [21, 0x100],
]);
const MOST_WINDOWS = 2;
const LARGEST = new Map([
  [5, 2 ** 31],
  [6, 2 ** 37],
]);
/** What LoPAR's six outputs can tell at most. */
const MOST_PAGES_SHIFT = 37;
/** QEMU counts the pages of a window in 32 bits. */
const MOST_PAGES_SHIFT_OF_QEMU = 31;
const FIRST_LIOBN = 0x8000_0000n;

const liobnOf = (bridge: number, slot: number): bigint => FIRST_LIOBN | (BigInt(bridge) << 8n) | BigInt(slot);

/** A guest's window with room for all its values, or null without memory. */
export function makeWindow(
  core: Core,
  shape: Omit<GuestWindow, 'values' | 'links'>,
  geometry: Geometry = sparse(shape.size),
): GuestWindow | null {
  const values = newTable(core.arena, geometry);
  if (typeof values === 'number') return null;
  const window: GuestWindow = { ...shape, values, links: new Map() };
  core.windows.set(window.liobn, window);
  return window;
}

/** The window goes, and with it the tables that only it still held. */
export function dropWindow(core: Core, window: GuestWindow): void {
  const behind = tablesBehind(window);
  window.links.clear();
  for (const table of behind) {
    table.guests.delete(window);
    core.steps.freeIfUnused(core, table);
  }
  window.values.destroy();
  core.windows.delete(window.liobn);
}

/** The default window has pages of 4 KiB. */
export function addDefaultWindow(core: Core, bridge: number): void {
  const { low } = guestBridge(core, bridge);
  const size = pageOf(low.size);
  const where = { liobn: liobnOf(bridge, 0), bridge, slot: 0 };
  // KVM's window of that number stays: it answers the hypercalls.
  if (core.windows.has(where.liobn)) return;
  makeWindow(core, { ...where, shift: 12, offset: pageOf(low.start), size, isDefault: true });
}

type GuestBridge = NonNullable<Core['hardware']['guest']>['bridges'][number];
const guestBridge = (core: Core, bridge: number): GuestBridge =>
  core.hardware.guest?.bridges[bridge] as GuestBridge;

/** Position of the guest bridge that has dynamic windows and this number, or -1. */
const bridgeOf = (core: Core, buid: bigint): number =>
  core.hardware.guest?.bridges.findIndex(b => b.buid === buid && b.ddw) ?? -1;

const windowsOf = (core: Core, bridge: number): GuestWindow[] =>
  [...core.windows.values()].filter(w => w.bridge === bridge);

/** Slots of a bridge whose number no window has, KVM's windows included, lowest first. */
const freeSlots = (core: Core, bridge: number): number[] =>
  [0, 1].filter(slot => !core.windows.has(liobnOf(bridge, slot)));

export interface Query {
  readonly windows: number;
  readonly largest: number;
  readonly pageSizes: number;
}

export function query(core: Core, buid: bigint, outputs: number, wrong: boolean): Query | number {
  const bridge = bridgeOf(core, buid);
  const largest = LARGEST.get(outputs);
  if (wrong || largest === undefined || bridge < 0) return RTAS_PARAM_ERROR;
  const { pageSizes } = guestBridge(core, bridge);
  let mask = 0;
  for (const [shift, bit] of LOPAR_BITS) if (((pageSizes >> BigInt(shift)) & 1n) === 1n) mask |= bit;
  // QEMU counts its own windows, whatever numbers KVM has given away.
  const windows =
    core.choices.dialect === 'strict'
      ? freeSlots(core, bridge).length
      : MOST_WINDOWS - windowsOf(core, bridge).length;
  return { windows, largest, pageSizes: mask };
}

/** A new window of 2^windowShift bytes, or a status. Only the architecture looks where a window ends. */
export function create(
  core: Core,
  buid: bigint,
  shift: number,
  windowShift: number,
  wrong: boolean,
): GuestWindow | number {
  const b = bridgeOf(core, buid);
  if (wrong || b < 0 || windowShift < shift) return RTAS_PARAM_ERROR;
  const bridge = guestBridge(core, b);
  if (core.choices.dialect !== 'strict') return createAsQemu(core, b, shift, windowShift);
  if (!LOPAR_BITS.has(shift) || !hasSize(bridge, shift)) return RTAS_PARAM_ERROR;
  const others = windowsOf(core, b);
  const start = pageOf(others.length === 0 ? bridge.low.start : bridge.high);
  const end = start + pagesIn(windowShift);
  if (freeSlots(core, b).length === 0 || windowShift - shift > MOST_PAGES_SHIFT || end > ADDRESS_PAGES)
    return RTAS_PARAM_ERROR;
  const meets = others.some(w => {
    const per = pagesIn(w.shift);
    return w.offset * per < end && start < (w.offset + w.size) * per;
  });
  return meets ? RTAS_HW_ERROR : added(core, b, shift, windowShift - shift);
}

const hasSize = (bridge: GuestBridge, shift: number): boolean =>
  ((bridge.pageSizes >> BigInt(shift)) & 1n) === 1n;

/** A shift of 64 or more is what the compiler and the processor make of it: an error, or (a fault) one modulo 64. */
function createAsQemu(core: Core, b: number, shift: number, windowShift: number): GuestWindow | number {
  const log = windowShift - shift;
  const undefinedShift = shift >= 64 || log >= 64;
  const modulo = undefinedShift && fails(core, 'shift-modulo');
  const full = freeSlots(core, b).length === 0;
  if (!modulo && shift >= 64) return fails(core, 'shift-undefined') ? RTAS_HW_ERROR : RTAS_PARAM_ERROR;
  if (!hasSize(guestBridge(core, b), shift % 64)) return RTAS_PARAM_ERROR;
  const pagesLog = modulo ? log % 64 : log;
  return full || pagesLog > MOST_PAGES_SHIFT_OF_QEMU ? RTAS_HW_ERROR : added(core, b, shift % 64, pagesLog);
}

/** The window, low where the bridge has no other, in the lowest slot. */
function added(core: Core, b: number, shift: number, pagesLog: number): GuestWindow | number {
  const bridge = guestBridge(core, b);
  const others = windowsOf(core, b);
  const [slot] = freeSlots(core, b);
  if (slot === undefined) return RTAS_HW_ERROR;
  const start = pageOf(others.length === 0 ? bridge.low.start : bridge.high);
  const shape = {
    liobn: liobnOf(b, slot),
    bridge: b,
    slot,
    shift,
    offset: Math.floor(start / pagesIn(shift)),
    size: 2 ** pagesLog,
    isDefault: slot === 0 && sticks(core),
  };
  return makeWindow(core, shape) ?? RTAS_HW_ERROR;
}

/** QEMU never takes the mark of the default window from the slot that it once was in. */
const sticks = ({ choices }: Core): boolean =>
  choices.defaultWindow === 'sticky' ||
  (choices.defaultWindow === 'by-dialect' && choices.dialect !== 'strict');

export function remove(core: Core, liobn: bigint, wrong: boolean): number {
  const window = core.windows.get(liobn);
  if (wrong || window === undefined || window.bridge < 0) return RTAS_PARAM_ERROR;
  if (!guestBridge(core, window.bridge).ddw) return RTAS_PARAM_ERROR;
  core.steps.dropWindow(core, window);
  // A guest that knows nothing of dynamic windows must find what it was started with.
  if (!window.isDefault && windowsOf(core, window.bridge).length === 0)
    core.steps.addDefaultWindow(core, window.bridge);
  return 0;
}

export function reset(core: Core, buid: bigint, wrong: boolean): number {
  const bridge = bridgeOf(core, buid);
  if (wrong || bridge < 0) return RTAS_PARAM_ERROR;
  for (const window of windowsOf(core, bridge)) core.steps.dropWindow(core, window);
  core.steps.addDefaultWindow(core, bridge);
  return 0;
}
