// How are dirty pages tracked and reported?
import { EACCES, EFAULT, EINVAL, EOVERFLOW } from '../errno.js';
import type { Core } from './core.js';
import { positionOf, startMarks } from './dmas.js';
import { SHORT, UNREADABLE } from './files.js';
import { type Bitmap, bitmapRefused, pageOf, smallestPage, type1At, unaligned, wraps } from './mapping.js';
import type { Container, Dma } from './objects.js';

export interface ReportRequest {
  readonly what: 'start' | 'stop' | 'get' | 'many' | 'unknown';
  readonly iova: bigint;
  readonly size: bigint;
  readonly bitmap: Bitmap | null;
  readonly arg: number;
}

/** The number of dirty pages for `get`, else 0; a negative errno. */
export function dirtyPages(core: Core, name: number, request: ReportRequest): number {
  const container = type1At(core, name);
  if (typeof container === 'number') return container;
  if (container.backend === 'type1') return -EACCES;
  if (request.arg === UNREADABLE) return -EFAULT;
  if (request.arg === SHORT) return -EINVAL;
  if (request.what === 'start') return start(core, container);
  if (request.what === 'stop') return stop(container);
  return request.what === 'get' ? get(core, container, request) : -EINVAL;
}

/** Bitmaps for all mappings, or for none. */
function start(core: Core, container: Container): number {
  if (container.tracking) return 0;
  for (const dma of container.dmas) {
    const code = startMarks(core, dma);
    if (code < 0) {
      for (const done of container.dmas) done.marks = null;
      return code;
    }
  }
  container.tracking = true;
  return 0;
}

function stop(container: Container): number {
  container.tracking = false;
  for (const dma of container.dmas) dma.marks = null;
  return 0;
}

function get(core: Core, container: Container, { iova, size, bitmap, arg }: ReportRequest): number {
  if (bitmap === null || arg !== 0 || bitmap.arg === 'short') return -EINVAL;
  if (bitmap.arg === 'unreadable') return -EFAULT;
  if (core.kernel.release === '7.2') {
    if (size === 0n) return -EINVAL;
    if (wraps(iova, size)) return -EOVERFLOW;
  } else if (BigInt.asUintN(64, iova + size) < iova) return -EINVAL;
  const refused = bitmapRefused(bitmap, size);
  if (refused < 0) return refused;
  if (!smallestPage(bitmap) || unaligned(iova) || unaligned(size) || !container.tracking) return -EINVAL;
  return report(core, container, pageOf(iova), pageOf(iova + size) - 1, bitmap);
}

function report(core: Core, container: Container, first: number, last: number, bitmap: Bitmap): number {
  if (core.steps.bisects(core, container, first, last)) return -EINVAL;
  const found: Dma[] = [];
  for (let at = positionOf(container, first); at < container.dmas.length; at++) {
    if (container.dmas[at].page > last) break;
    found.push(container.dmas[at]);
  }
  let dirty = 0;
  for (const dma of found) {
    dirty += core.steps.reported(core, container, dma);
    if (bitmap.arg === 'unwritable') return -EFAULT;
    core.steps.remark(core, dma);
  }
  return dirty;
}
