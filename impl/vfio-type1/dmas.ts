// How are mappings found, made and removed?
import { EINVAL, ENOMEM } from '../errno.js';
import { type Core, fails } from './core.js';
import type { Container, Device, Dma, Domain } from './objects.js';

/** A bitmap has at most this many bits. */
export const MOST_BITS = 2 ** 31 - 1;

/** Position of the first mapping that ends at or behind the page. */
export function positionOf(container: Container, page: number): number {
  const { dmas } = container;
  let low = 0;
  let high = dmas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { page: at, pages } = dmas[middle];
    if (at + pages - 1 < page) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Some mapping that reaches into the range: the lowest. */
export function find(_: Core, container: Container, first: number, last: number): Dma | null {
  const dma = container.dmas[positionOf(container, first)];
  return dma !== undefined && dma.page <= last ? dma : null;
}

/** Does a mapping stick out of the range at one of its ends? */
export function bisects(core: Core, container: Container, first: number, last: number): boolean {
  const low = core.steps.find(core, container, first, first);
  if (low !== null && low.page !== first) return true;
  const high = core.steps.find(core, container, last, last);
  return high !== null && high.page + high.pages - 1 !== last;
}

export function link(container: Container, dma: Dma): void {
  container.dmas.splice(positionOf(container, dma.page), 0, dma);
}

function unlink(container: Container, dma: Dma): void {
  container.dmas.splice(container.dmas.indexOf(dma), 1);
}

export function mapInto(_: Core, domain: Domain, dma: Dma, mm: number): void {
  const { page, pages, vaddr, prot } = dma;
  domain.table.set(page, { page, pages, mm, vaddr, prot });
}

export function unmapFrom(_: Core, domain: Domain, dma: Dma): void {
  domain.table.delete(dma.page);
}

/** Nobody translates it any more, in all domains but the first, then in that; then its pages are unpinned. */
export function unmapUnpin(core: Core, container: Container, dma: Dma, charges: boolean): number {
  if (container.domains.length === 0) return 0;
  const [first, ...others] = container.domains;
  for (const domain of others) core.steps.unmapFrom(core, domain, dma);
  core.steps.unmapFrom(core, first, dma);
  dma.mapped = false;
  const unlocked = dma.locked;
  if (charges) core.steps.account(core, dma, -unlocked);
  return unlocked;
}

export function remove(core: Core, container: Container, dma: Dma): void {
  unmapUnpin(core, container, dma, true);
  unlink(container, dma);
  dma.marks = null;
  if (dma.invalid) container.invalid--;
  container.avail++;
}

export function removeAll(core: Core, container: Container): void {
  while (container.dmas.length > 0) core.steps.remove(core, container, container.dmas[0]);
}

/** The last domain goes, emulated devices stay: mappings stay as well, and only what devices have pinned is charged. */
export function reaccount(core: Core, container: Container): void {
  for (const dma of container.dmas) {
    const unlocked = unmapUnpin(core, container, dma, false);
    core.steps.account(core, dma, dma.pfns.size - unlocked);
  }
}

/** Every open emulated device is told, and lets go. */
export function tell(core: Core, container: Container, dma: Dma): void {
  for (const device of container.told) letGo(core, container, device, dma);
}

/** A device lets go of what it has pinned in a mapping. */
export function letGo(core: Core, container: Container, device: Device, dma: Dma): void {
  for (const [page, uses] of [...device.pins]) {
    if (page < dma.page || page >= dma.page + dma.pages) continue;
    device.pins.delete(page);
    for (let i = 0; i < uses; i++) unpinPage(core, container, dma, page);
  }
}

/** One use of a page less; with the last it is unpinned, and its owner pays no longer unless a domain has it. */
export function unpinPage(core: Core, container: Container, dma: Dma, page: number): void {
  const uses = dma.pfns.get(page);
  if (uses === undefined) return;
  if (uses > 1) {
    dma.pfns.set(page, uses - 1);
    return;
  }
  dma.pfns.delete(page);
  if (container.domains.length === 0) core.steps.account(core, dma, -1);
}

/** A bitmap for a mapping, with what is pinned marked. */
export function startMarks(core: Core, dma: Dma): number {
  if (dma.pages > MOST_BITS) return -EINVAL;
  if (fails(core, 'bitmap-memory')) return -ENOMEM;
  dma.marks = { all: false, pages: new Set(dma.pfns.keys()) };
  return 0;
}

/** After a report: only what is pinned now. */
export function remark(_: Core, dma: Dma): void {
  if (dma.marks !== null) dma.marks = { all: false, pages: new Set(dma.pfns.keys()) };
}

/** How many pages of a mapping are dirty: all, where a device writes unseen. */
export function reported(_: Core, container: Container, dma: Dma): number {
  if (dma.marks === null) return 0;
  if (container.domains.length > 0 && dma.mapped) dma.marks.all = true;
  return dma.marks.all ? dma.pages : dma.marks.pages.size;
}
