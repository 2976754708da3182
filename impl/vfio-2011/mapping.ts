// How are pages mapped, unmapped and reached?
import { EBUSY, EFAULT, EINVAL, ENODEV, ENOMEM, EPERM } from '../errno.js';
import { IOVA_PAGES, OUTPUT_PAGES } from '../iotlb/translator.js';
import { MAPPED } from '../paging/codes.js';
import type { PageTable } from '../paging/table.js';
import { foreign, SHORT, slotFor, UNREADABLE } from './calls.js';
import { charge } from './contexts.js';
import { type Core, fails } from './core.js';
import { anyMapped, isMiddle } from './extent.js';
import { CONTEXT } from './handles.js';
import { ABSENT } from './objects.js';

/** Page frames of 64 bits of address. */
const ADDRESS_FRAMES = 2 ** 52;

/** What `dma` answers beside a frame and -ENODEV: outside of the range of errnos. */
export const DMA_FAULT = -4096;
/** The device is not ours to translate: it is with the kernel's own domain. */
export const DMA_OUTSIDE = -4097;

/** The context behind a handle that may be used by this address space and with this argument, or an error. */
function contextFor(core: Core, handle: number, mm: number, arg: number): number {
  const slot = slotFor(core, handle, CONTEXT);
  if (slot < 0) return slot;
  const c = core.handles.target[slot];
  if (foreign(core, c, mm)) return -EPERM;
  if (arg === UNREADABLE) return -EFAULT;
  return arg === SHORT ? -EINVAL : c;
}

/**
 * Maps `pages` pages from frame `iova` to those from frame `pfn`. `offsets` has the bits of addresses and
 * size that are below a page, or-ed: there must be none.
 */
export function map(
  core: Core,
  handle: number,
  mm: number,
  iova: number,
  pfn: number,
  pages: number,
  prot: number,
  offsets: number,
  arg: number,
): number {
  const c = contextFor(core, handle, mm, arg);
  if (c < 0) return c;
  if (prot === 0 || offsets !== 0 || pages === 0) return -EINVAL;
  if (iova + pages > ADDRESS_FRAMES || pfn + pages > ADDRESS_FRAMES) return -EINVAL;
  const limit = mm < core.spaces.count ? core.spaces.limit[mm] : -1;
  const over = limit >= 0 && core.spaces.locked[mm] + pages > limit;
  const wide = iova + pages > IOVA_PAGES || pfn + pages > OUTPUT_PAGES;
  if (over || wide || core.faulty) {
    const table = core.translator.table(c) as PageTable;
    if (anyMapped(table, iova, pages)) return -EBUSY;
    if (over) return -ENOMEM;
    if (wide) return -EFAULT;
    return core.steps.pinAndMap(core, c, iova, pfn, pages, prot);
  }
  return mapAll(core, c, iova, pfn, pages, prot);
}

/** Page by page as it were: those before a failing one are pinned and mapped, and are given back. */
export function pinAndMap(
  core: Core,
  c: number,
  iova: number,
  pfn: number,
  pages: number,
  prot: number,
): number {
  const unpinned = core.faults.fails('page-pin', pages);
  const noTable = core.faults.fails('table-memory', pages);
  if (unpinned < 0 && noTable < 0) return mapAll(core, c, iova, pfn, pages, prot);
  const pinFirst = noTable < 0 || (unpinned >= 0 && unpinned <= noTable);
  const done = pinFirst ? unpinned : noTable;
  if (done > 0) {
    const partial = mapAll(core, c, iova, pfn, done, prot);
    if (partial < 0) return partial;
    charge(core, c, -core.translator.unmap(c, iova, done));
  }
  return pinFirst ? -EFAULT : -ENOMEM;
}

/** The pages are locked first, as they must not go away between pinning and mapping. */
function mapAll(core: Core, c: number, iova: number, pfn: number, pages: number, prot: number): number {
  charge(core, c, pages);
  const result = core.translator.map(c, iova, pfn, pages, prot);
  if (result === 0) return 0;
  charge(core, c, -pages);
  // A table that ran out of memory may have stopped looking before it met what is in the way.
  const taken = result === MAPPED || anyMapped(core.translator.table(c) as PageTable, iova, pages);
  return taken ? -EBUSY : -ENOMEM;
}

export function unmap(
  core: Core,
  handle: number,
  mm: number,
  iova: number,
  pages: number,
  offsets: number,
  arg: number,
): number {
  const c = contextFor(core, handle, mm, arg);
  if (c < 0) return c;
  if (offsets !== 0) return -EINVAL;
  if (iova >= IOVA_PAGES || pages === 0) return 0;
  const end = Math.min(iova + pages, IOVA_PAGES);
  if (core.faulty) {
    const table = core.translator.table(c) as PageTable;
    if (isMiddle(table, iova, end - iova) && fails(core, 'split-memory')) return -ENOMEM;
  }
  const removed = core.translator.unmap(c, iova, end - iova);
  if (removed < 0) return -ENOMEM;
  charge(core, c, -removed);
  return 0;
}

/** The frame that a device's access (1 read, 2 write) to a page reaches; -ENODEV, DMA_FAULT, DMA_OUTSIDE. */
export function dma(core: Core, d: number, iova: number, access: number): number {
  const { devices } = core;
  if (!(d >= 0 && d < devices.count) || devices.driver[d] === ABSENT) return -ENODEV;
  const domain = devices.domain[d];
  if (domain < 0) return DMA_OUTSIDE;
  const frame = core.translator.translate(domain, iova, access);
  return frame < 0 ? DMA_FAULT : frame;
}
