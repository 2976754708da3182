// How is memory mapped and unmapped by a user?
import { EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, ENOMEM, ENOSPC, EOVERFLOW } from '../errno.js';
import { type Core, fails } from './core.js';
import { link, positionOf, startMarks } from './dmas.js';
import { containerAt, SHORT, UNREADABLE, UNWRITABLE } from './files.js';
import { LAST } from './iova.js';
import { type Container, type Dma, READ, WRITE } from './objects.js';

const BITS = 12n;
const OFFSET = (1n << BITS) - 1n;
const TOP = 1n << 64n;

/** Bits of a map's flags: READ and WRITE of objects.ts, and these. */
export const VADDR = 4;
export const UNKNOWN = 128;

export const pageOf = (address: bigint): number => Number(address >> BITS);
export const wraps = (start: bigint, size: bigint): boolean => size > 0n && start + size > TOP;
export const unaligned = (bytes: bigint): boolean => (bytes & OFFSET) !== 0n;

export interface MapRequest {
  readonly iova: bigint;
  readonly vaddr: bigint;
  readonly size: bigint;
  readonly flags: number;
  readonly mm: number;
  readonly arg: number;
}

/** A container with a type1 backend. */
export function type1At(
  core: Core,
  name: number,
  number: 'nothing' | 'hot-reset' = 'nothing',
): Container | number {
  const container = containerAt(core, name, number);
  return typeof container === 'number' ? container : core.steps.backendFor(core, container);
}

export function map(core: Core, name: number, request: MapRequest): number {
  const container = type1At(core, name, 'hot-reset');
  if (typeof container === 'number') return container;
  if (request.arg === UNREADABLE) return -EFAULT;
  if (request.arg === SHORT || (request.flags & UNKNOWN) !== 0) return -EINVAL;
  const refused = core.kernel.release === '7.2' ? shape(request) : shapeOld(request);
  if (refused < 0) return refused;
  const first = pageOf(request.iova);
  const last = first + pageOf(request.size) - 1;
  const there = core.steps.find(core, container, first, last);
  if ((request.flags & VADDR) !== 0) return renew(core, container, there, first, last, request);
  if (there !== null) return -EEXIST;
  if (container.avail === 0) return -ENOSPC;
  if (!core.steps.isValid(core, container, first, last)) return -EINVAL;
  if (fails(core, 'map-memory')) return -ENOMEM;
  return add(core, container, request, first);
}

/** Either permissions or the flag VADDR. */
const permits = ({ flags }: MapRequest): boolean =>
  ((flags & (READ | WRITE)) !== 0) !== ((flags & VADDR) !== 0);

function shape(r: MapRequest): number {
  if (r.size === 0n) return -EINVAL;
  if (wraps(r.iova, r.size) || wraps(r.vaddr, r.size)) return -EOVERFLOW;
  if (!permits(r)) return -EINVAL;
  return unaligned(r.size | r.iova | r.vaddr) ? -EINVAL : 0;
}

function shapeOld(r: MapRequest): number {
  if (!permits(r) || r.size === 0n || unaligned(r.size | r.iova | r.vaddr)) return -EINVAL;
  return wraps(r.iova, r.size) || wraps(r.vaddr, r.size) ? -EINVAL : 0;
}

function renew(
  core: Core,
  container: Container,
  dma: Dma | null,
  first: number,
  last: number,
  { vaddr, mm }: MapRequest,
): number {
  if (dma === null) return -ENOENT;
  if (!dma.invalid || dma.page !== first || dma.page + dma.pages - 1 !== last) return -EINVAL;
  const code = core.steps.changeOwner(core, dma, mm);
  if (code < 0) return code;
  dma.vaddr = pageOf(vaddr);
  dma.invalid = false;
  container.invalid--;
  return 0;
}

/** The charge moves with the mapping, and the right to go over the limit is that of the new owner. */
export function changeOwner(core: Core, dma: Dma, mm: number): number {
  if (mm === dma.mm) return 0;
  const lockCap = core.hardware.processes[mm].lockLimit < 0;
  if (!lockCap && dma.locked > core.steps.room(core, mm)) return -ENOMEM;
  core.locked[dma.mm] -= dma.locked;
  core.locked[mm] += dma.locked;
  dma.mm = mm;
  dma.lockCap = lockCap;
  return 0;
}

function add(core: Core, container: Container, request: MapRequest, page: number): number {
  const { mm } = request;
  const dma: Dma = {
    page,
    pages: pageOf(request.size),
    vaddr: pageOf(request.vaddr),
    prot: request.flags & (READ | WRITE),
    mm,
    lockCap: core.hardware.processes[mm].lockLimit < 0,
    invalid: false,
    mapped: false,
    locked: 0,
    pfns: new Map(),
    marks: null,
  };
  container.avail--;
  link(container, dma);
  if (container.domains.length > 0) {
    const { code } = core.steps.pin(core, dma, mm);
    if (code < 0) {
      core.steps.remove(core, container, dma);
      return code;
    }
    for (const domain of container.domains) core.steps.mapInto(core, domain, dma, mm);
    dma.mapped = true;
  }
  if (!container.tracking) return 0;
  const code = startMarks(core, dma);
  if (code < 0) core.steps.remove(core, container, dma);
  return code;
}

export interface Bitmap {
  readonly size: bigint;
  readonly pgsize: bigint;
  readonly arg: 'fine' | 'unreadable' | 'short' | 'outside' | 'unwritable';
}

export interface UnmapRequest {
  readonly iova: bigint;
  readonly size: bigint;
  readonly all: boolean;
  readonly invalidate: boolean;
  readonly unknown: boolean;
  readonly bitmap: Bitmap | null;
  readonly arg: number;
}

/** Pages that were removed, and of these the dirty ones. */
export interface Unmapped {
  readonly pages: number;
  readonly dirty: number;
}

const MOST_BYTES = 1n << 28n;

/** 0, or what is wrong with a bitmap for so many bytes. */
export function bitmapRefused(b: Bitmap, size: bigint): number {
  if (b.arg === 'outside') return -EINVAL;
  const pages = size / (b.pgsize & -b.pgsize);
  const needed = ((pages + 63n) / 64n) * 8n;
  return pages === 0n || b.size === 0n || b.size > MOST_BYTES || b.size < needed ? -EINVAL : 0;
}

export const smallestPage = (b: Bitmap): boolean => b.pgsize === 1n << BITS;

export function unmap(core: Core, name: number, request: UnmapRequest): Unmapped | number {
  const container = type1At(core, name);
  if (typeof container === 'number') return container;
  const refused = requestRefused(request);
  if (refused < 0) return refused;
  const done = doUnmap(core, container, request);
  return typeof done !== 'number' && request.arg === UNWRITABLE ? -EFAULT : done;
}

function requestRefused({ arg, unknown, bitmap, all, invalidate, size }: UnmapRequest): number {
  if (arg === UNREADABLE) return -EFAULT;
  if (arg === SHORT || unknown) return -EINVAL;
  if (bitmap === null) return 0;
  if (all || invalidate || bitmap.arg === 'short') return -EINVAL;
  return bitmap.arg === 'unreadable' ? -EFAULT : bitmapRefused(bitmap, size);
}

const second = (container: Container): boolean => container.backend !== 'type1';

function doUnmap(core: Core, container: Container, request: UnmapRequest): Unmapped | number {
  const { iova, size, all, invalidate, bitmap } = request;
  if (invalidate && container.emulated.length > 0) return -EBUSY;
  if (unaligned(iova)) return -EINVAL;
  if (all && (iova !== 0n || size !== 0n)) return -EINVAL;
  if (!all && (size === 0n || unaligned(size))) return -EINVAL;
  if (!all && wraps(iova, size)) return core.kernel.release === '7.2' ? -EOVERFLOW : -EINVAL;
  if (bitmap !== null && (!container.tracking || !smallestPage(bitmap))) return -EINVAL;
  const first = all ? 0 : pageOf(iova);
  const last = all ? LAST : first + pageOf(size) - 1;
  if (second(container) && !all && core.steps.bisects(core, container, first, last)) return -EINVAL;
  return invalidate ? invalidated(container, first, last) : removed(core, container, first, last, bitmap);
}

/** In version 1 nothing is done if the first mapping begins before the range. */
function* within(container: Container, first: number, last: number): Generator<Dma> {
  for (;;) {
    const dma = container.dmas[positionOf(container, first)];
    if (dma === undefined || dma.page > last || (!second(container) && dma.page < first)) return;
    yield dma;
  }
}

function removed(
  core: Core,
  container: Container,
  first: number,
  last: number,
  bitmap: Bitmap | null,
): Unmapped | number {
  let pages = 0;
  let dirty = 0;
  for (const dma of within(container, first, last)) {
    if (dma.pfns.size > 0) core.steps.tell(core, container, dma);
    if (bitmap !== null) {
      const count = core.steps.reported(core, container, dma);
      if (bitmap.arg === 'unwritable') return -EFAULT;
      dirty += count;
    }
    pages += dma.pages;
    core.steps.remove(core, container, dma);
  }
  return { pages, dirty };
}

/** All in the range, or none if one of them is invalid already. */
function invalidated(container: Container, first: number, last: number): Unmapped | number {
  const from = positionOf(container, first);
  let at = from;
  let pages = 0;
  for (; at < container.dmas.length && container.dmas[at].page <= last; at++) {
    const dma = container.dmas[at];
    if (!second(container) && dma.page < first) break;
    if (dma.invalid) {
      for (const undone of container.dmas.slice(from, at)) undone.invalid = false;
      container.invalid -= at - from;
      return -EINVAL;
    }
    dma.invalid = true;
    container.invalid++;
    pages += dma.pages;
  }
  return { pages, dirty: 0 };
}
