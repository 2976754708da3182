// Which memory does a device reach through its endpoint's windows?
import { ENODEV } from '../errno.js';
import { FOUND_HI } from '../tce/format.js';
import { bytesOf, frameOf, offsetOf, pageOf, pagesIn } from './addresses.js';
import { type Core, fails } from './core.js';
import { HIGH_PAGE, indexIn, NUMBERS } from './dynamic.js';
import { guestReaches } from './hypercalls.js';
import { ABSENT, type Group } from './objects.js';

/** What `dma` answers beside an address and -ENODEV: outside of the range of errnos. */
export const DMA_FAULT = -4096n;

const HIGH = BigInt(HIGH_PAGE) << 12n;

/** The address that an access (1 read, 2 write) reaches, DMA_FAULT, or -ENODEV. */
export function dma(core: Core, d: number, iova: bigint, access: number): bigint {
  if (!(d >= 0 && d < core.devices.length) || core.devices[d] === ABSENT) return BigInt(-ENODEV);
  const group = core.groups[core.hardware.devices[d].group];
  if (core.choices.domainIs === 'hardware' && group.blocked) return DMA_FAULT;
  const page = pageOf(iova);
  const reached = fails(core, 'tce-cache')
    ? remembered(group, page, access)
    : walked(core, group, page, access);
  if (reached >= 0) return bytesOf(reached, offsetOf(iova));
  const straight = iova - HIGH;
  const bypasses = group.bypass && group.windows[1] === null && straight >= 0n;
  return bypasses && straight < core.hardware.bypass ? straight : DMA_FAULT;
}

/** The page behind the first window that holds the address, -1: none, or not for this access. */
function walked(core: Core, group: Group, page: number, access: number): number {
  for (const number of NUMBERS) {
    const table = group.windows[number];
    const index = table === null ? -1 : indexIn(table, page);
    if (table === null || index < 0) continue;
    const low = table.tces.read(index);
    if ((low & access) === 0) return -1;
    return within(frameOf(core.arena.found[FOUND_HI], low), table.shift, page);
  }
  return -1;
}

/** The same by what the endpoint remembers. */
function remembered(group: Group, page: number, access: number): number {
  for (const number of NUMBERS) {
    for (const [index, entry] of group.remembered[number]) {
      if (Math.floor(page / pagesIn(entry.shift)) - entry.offset !== index) continue;
      return (entry.prot & access) === 0 ? -1 : within(entry.frame, entry.shift, page);
    }
  }
  return -1;
}

/** The address of an entry is whole pages of the table, whatever its lower bits are. */
function within(frame: number, shift: number, page: number): number {
  const per = pagesIn(shift);
  return Math.floor(frame / per) * per + (page % per);
}

/** The guest's address that an emulated device reaches, DMA_FAULT, or -ENODEV. */
export function guestDma(core: Core, liobn: bigint, ioba: bigint, access: number): bigint {
  const window = core.windows.get(liobn);
  if (window === undefined) return BigInt(-ENODEV);
  return guestReaches(core, window, ioba, access) ?? DMA_FAULT;
}
