// Which memory of a process may its devices reach, and how is that registered and counted?
import { EBUSY, EFAULT, EINVAL, ENOENT, ENOMEM, EPERM } from '../errno.js';
import { isWhole, pageOf } from './addresses.js';
import { argumentRefused, bind, boundContainer } from './calls.js';
import { type Core, charge, fails } from './core.js';
import type { Container, Region } from './objects.js';

const END = 1n << 64n;

/** The run of an address space's memory that holds a page, or undefined. */
function runAt(core: Core, mm: number, ua: number): Core['hardware']['memory'][number] | undefined {
  return core.hardware.memory.find(
    run => run.mm === mm && ua >= pageOf(run.ua) && ua < pageOf(run.ua) + pageOf(run.size),
  );
}

/** The physical page behind a user's page, and the shift of what backs it; null: no memory. */
export function backing(
  core: Core,
  mm: number,
  ua: number,
): { frame: number; shift: number; pages: number } | null {
  const run = runAt(core, mm, ua);
  if (run === undefined) return null;
  const at = ua - pageOf(run.ua);
  return { frame: pageOf(run.pa) + at, shift: run.shift, pages: pageOf(run.size) - at };
}

/** The region that holds all of a range. */
export function regionAt(core: Core, mm: number, ua: number, pages: number): Region | null {
  for (const region of core.regions) {
    if (region.mm === mm && region.ua <= ua && ua + pages <= region.ua + region.pages) return region;
  }
  return null;
}

export function register(
  core: Core,
  name: number,
  mm: number,
  ua: bigint,
  size: bigint,
  arg: number,
): number {
  const container = boundContainer(core, name, mm, 2);
  if (typeof container === 'number') return container;
  const refused = argumentRefused(arg);
  if (refused < 0) return refused;
  const { pageShift } = core.hardware;
  if (!isWhole(ua | size, pageShift) || ua + size >= END) return -EINVAL;
  const start = pageOf(ua);
  const pages = pageOf(size);
  const same = exactly(core, mm, start, pages);
  if (same !== null && container.holds.has(same)) return -EBUSY;
  // The region's own record is made first, that of the container's hold of it last.
  if (fails(core, 'region-object')) return -ENOMEM;
  const region = same ?? core.steps.newRegion(core, mm, start, pages);
  if (typeof region === 'number') return region;
  if (fails(core, 'region-object')) {
    if (same === null) dropRegion(core, region);
    return -ENOMEM;
  }
  region.used++;
  core.orphans.delete(region);
  container.holds.add(region);
  container.enabled = true;
  bind(container, mm);
  return 0;
}

function exactly(core: Core, mm: number, ua: number, pages: number): Region | null {
  for (const region of core.regions)
    if (region.mm === mm && region.ua === ua && region.pages === pages) return region;
  return null;
}

/** Charged first, then pinned, then looked at beside the others: each with its own refusal. */
export function newRegion(core: Core, mm: number, ua: number, pages: number): Region | number {
  const hostPages = hostPagesIn(core, pages);
  if (pages === 0 || !charge(core, mm, hostPages)) return -ENOMEM;
  const shift = core.steps.largestPage(core, mm, ua, pages);
  let refused = shift < 0 ? -EFAULT : 0;
  for (const other of core.regions) {
    const meets = other.mm === mm && other.ua < ua + pages && ua < other.ua + other.pages;
    if (refused === 0 && meets) refused = -EINVAL;
  }
  if (refused < 0) {
    core.locked[mm] -= hostPages;
    return refused;
  }
  const region = { mm, ua, pages, shift, used: 0, mapped: 1 };
  core.regions.add(region);
  return region;
}

/** Shift of the largest page that alignment and backing allow everywhere in the range; -1: not all of it is memory. */
export function largestPage(core: Core, mm: number, ua: number, pages: number): number {
  let shift = Math.min(alignment(ua), alignment(pages));
  for (let at = ua; at < ua + pages; ) {
    const found = backing(core, mm, at);
    if (found === null) return -1;
    shift = Math.min(shift, found.shift);
    at += found.pages;
  }
  return shift;
}

/** Shift of the largest page that a number of 4 KiB pages is a multiple of. */
function alignment(pages: number): number {
  let shift = 12;
  while (shift < 64 && pages % 2 ** (shift + 1 - 12) === 0) shift++;
  return shift;
}

const hostPagesIn = (core: Core, pages: number): number => pages / 2 ** (core.hardware.pageShift - 12);

/** Regions that nobody holds go once no entry needs them. */
export function sweep(core: Core): void {
  for (const region of core.orphans) if (region.mapped === 1) dropRegion(core, region);
}

function dropRegion(core: Core, region: Region): void {
  core.orphans.delete(region);
  core.locked[region.mm] -= hostPagesIn(core, region.pages);
  core.regions.delete(region);
}

export function unregister(
  core: Core,
  name: number,
  mm: number,
  ua: bigint,
  size: bigint,
  arg: number,
): number {
  const container = boundContainer(core, name, mm, 2);
  if (typeof container === 'number') return container;
  if (container.mm < 0) return -EPERM;
  const refused = argumentRefused(arg);
  if (refused < 0) return refused;
  if (!isWhole(ua | size, core.hardware.pageShift)) return -EINVAL;
  const region = exactly(core, mm, pageOf(ua), pageOf(size));
  if (region === null || !container.holds.has(region)) return -ENOENT;
  const busy = region.used === 1 && region.mapped !== 1;
  if (busy && core.choices.unregisterMapped === 'refused') return -EBUSY;
  core.steps.letGoOfRegion(core, container, region);
  return 0;
}

/** The container lets the region go. Entries of others may still be live in one that nobody else holds. */
export function letGoOfRegion(core: Core, container: Container, region: Region): void {
  container.holds.delete(region);
  const last = region.used === 1;
  if (last && region.mapped !== 1 && core.choices.regionOfClosed === 'leaks') return;
  region.used--;
  if (!last) return;
  core.orphans.add(region);
  core.steps.sweep(core);
}
