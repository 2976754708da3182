// How does KVM make a guest's window, and lead it to a table of the hardware?
import { EBADF, EBUSY, EINVAL, ENODEV, ENOENT, ENOMEM } from '../errno.js';
import { pagesIn } from './addresses.js';
import { type Core, fails } from './core.js';
import type { Group, GuestWindow, HwTable } from './objects.js';
import { groupNamed } from './ownership.js';
import { makeWindow } from './rtas.js';

const LEAST_SHIFT = 12;
const MOST_SHIFT = 34;

/** An emulated guest has no KVM. */
const hasKvm = (core: Core): boolean => core.hardware.guest !== undefined && core.choices.dialect !== 'qemu';

/** `offset` and `size` in pages of 2^shift. */
export function create(core: Core, liobn: bigint, shift: number, offset: bigint, size: bigint): number {
  if (!hasKvm(core)) return -ENODEV;
  if (size === 0n || shift < LEAST_SHIFT || shift > MOST_SHIFT) return -EINVAL;
  if (offset + size > (1n << BigInt(64 - shift)) - 1n) return -EINVAL;
  if (fails(core, 'kvm-table')) return -ENOMEM;
  if (core.windows.has(liobn)) return -EBUSY;
  const shape = {
    liobn,
    bridge: -1,
    slot: -1,
    shift,
    offset: Number(offset),
    size: Number(size),
    isDefault: false,
  };
  return makeWindow(core, shape) === null ? -ENOMEM : 0;
}

export function close(core: Core, liobn: bigint): number {
  const window = core.windows.get(liobn);
  if (window === undefined || window.bridge >= 0) return -EBADF;
  core.steps.dropWindow(core, window);
  return 0;
}

export function attach(core: Core, liobn: bigint, name: number): number {
  if (!hasKvm(core)) return -ENODEV;
  const group = groupNamed(core, name);
  if (group === undefined) return -ENOENT;
  const window = core.windows.get(liobn);
  if (window === undefined) return -EBADF;
  const table = group.windows.find(t => t !== null && core.steps.fits(core, t, window)) ?? null;
  if (table === null) return -EINVAL;
  if (fails(core, 'kvm-link')) return -ENOMEM;
  core.steps.unlink(core, window, group);
  window.links.set(group, table);
  table.guests.add(window);
  return 0;
}

/** Could every page of the guest's window be written through to the table? */
export function fits(core: Core, table: HwTable, window: GuestWindow): boolean {
  if (table.mm < 0 || table.mm !== core.hardware.guest?.mm || table.shift > window.shift) return false;
  const own = pagesIn(table.shift);
  const its = pagesIn(window.shift);
  return table.offset * own === window.offset * its && table.size * own >= window.size * its;
}

export function release(core: Core, name: number): number {
  if (!hasKvm(core)) return -ENODEV;
  const group = groupNamed(core, name);
  if (group === undefined) return -ENOENT;
  for (const window of core.windows.values()) core.steps.unlink(core, window, group);
  return 0;
}

export function unlink(core: Core, window: GuestWindow, group: Group): void {
  const table = window.links.get(group);
  if (table === undefined) return;
  window.links.delete(group);
  for (const other of window.links.values()) if (other === table) return;
  table.guests.delete(window);
  core.steps.freeIfUnused(core, table);
}
