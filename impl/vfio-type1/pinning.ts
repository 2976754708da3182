// Which memory can be pinned, and who pays for it?
import { EFAULT, ENOMEM } from '../errno.js';
import type { Memory } from './configuration.js';
import type { Core } from './core.js';
import { type Dma, type Pinned, WRITE } from './objects.js';

/** The run of memory that holds a page. */
export function memoryAt(core: Core, mm: number, page: number): Memory | null {
  const { memory } = core.hardware.processes[mm];
  let low = 0;
  let high = memory.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (memory[middle].start <= page) low = middle + 1;
    else high = middle;
  }
  const run = low === 0 ? undefined : memory[low - 1];
  return run !== undefined && page < run.start + run.pages ? run : null;
}

/** Is the page there, for reading, or for writing as well? */
export function touches(core: Core, mm: number, page: number, write: boolean): boolean {
  const run = memoryAt(core, mm, page);
  return run !== null && (run.writable || !write);
}

/** Pages that a process may still lock. */
export function room(core: Core, mm: number): number {
  const { lockLimit } = core.hardware.processes[mm];
  return lockLimit < 0 ? Number.POSITIVE_INFINITY : lockLimit - core.locked[mm];
}

/** Moves the account of a mapping's owner, and that of the mapping. A process may not go over its limit. */
export function account(core: Core, dma: Dma, pages: number): number {
  if (pages > 0 && !dma.lockCap && pages > core.steps.room(core, dma.mm)) return -ENOMEM;
  core.locked[dma.mm] += pages;
  dma.locked += pages;
  return 0;
}

/**
 * Pins a whole mapping in the memory of `mm`, run after run in the order of its pages, and charges its owner. Nothing is
 * charged if a page is not there, or one too many. Pages that emulated devices have pinned are charged already.
 */
export function pin(core: Core, dma: Dma, mm: number): Pinned {
  const end = dma.vaddr + dma.pages;
  let charge = 0;
  const own = dma.lockCap ? Number.POSITIVE_INFINITY : core.steps.room(core, dma.mm);
  const callers = dma.lockCap || mm === dma.mm || core.steps.room(core, mm) > 0;
  for (let page = dma.vaddr; page < end; ) {
    const run = memoryAt(core, mm, page);
    if (run === null || ((dma.prot & WRITE) !== 0 && !run.writable)) return { code: -EFAULT, charge: 0 };
    const next = Math.min(run.start + run.pages, end);
    if (!run.device) charge += next - page - pinnedBetween(dma, page, next);
    if (charge > 0 && (charge > own || !callers)) return { code: -ENOMEM, charge: 0 };
    page = next;
  }
  return { code: core.steps.account(core, dma, charge), charge };
}

/** How many of these user pages emulated devices have pinned. */
function pinnedBetween(dma: Dma, from: number, to: number): number {
  let count = 0;
  for (const page of dma.pfns.keys()) {
    const user = dma.vaddr + (page - dma.page);
    if (user >= from && user < to) count++;
  }
  return count;
}
