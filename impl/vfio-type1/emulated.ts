// How do the drivers of emulated devices pin, give back, read and write memory?
import { E2BIG, EACCES, EFAULT, EINVAL, ENOMEM, EOVERFLOW, EPERM } from '../errno.js';
import { type Core, fails } from './core.js';
import { unpinPage } from './dmas.js';
import { LAST } from './iova.js';
import { pageOf } from './mapping.js';
import { type Container, type Device, type Dma, READ, WRITE } from './objects.js';
import { memoryAt, touches } from './pinning.js';

const MOST = 512;
const SPACE = LAST + 1;
const TOP = 1n << 64n;
const PAGE = 4096n;

function openDevice(core: Core, name: number): Device | null {
  const device = core.devices[name];
  return device === undefined || device.opens === 0 ? null : device;
}

export function pin(core: Core, name: number, iova: bigint, pages: number, prot: number): number {
  const device = openDevice(core, name);
  if (pages === 0 || device === null) return -EINVAL;
  if (pages > MOST) return -E2BIG;
  const strict = core.kernel.release === '7.2';
  if (strict && pages < 0) return -EINVAL;
  const container = device.group!.container!;
  if (container.backend === 'type1') return -EACCES;
  if (strict && iova + BigInt(pages) * PAGE > TOP) return -EOVERFLOW;
  const first = pageOf(iova);
  for (let i = 0; i < pages; i++) {
    const page = (first + i) % SPACE;
    const code = pinPage(core, container, device, page, prot);
    if (code < 0) {
      for (let k = 0; k < i; k++) give(core, container, device, (first + k) % SPACE);
      return code;
    }
  }
  return 0;
}

function pinPage(core: Core, container: Container, device: Device, page: number, prot: number): number {
  const dma = core.steps.find(core, container, page, page);
  if (dma === null) return -EINVAL;
  if ((dma.prot & prot) !== prot) return -EPERM;
  const uses = dma.pfns.get(page);
  if (uses === undefined) {
    const code = firstPin(core, container, dma, page);
    if (code < 0) return code;
  }
  dma.pfns.set(page, (uses ?? 0) + 1);
  device.pins.set(page, (device.pins.get(page) ?? 0) + 1);
  return 0;
}

/** Nobody has it yet: it is looked for in the owner's memory, and the owner pays unless a domain has pinned it. */
function firstPin(core: Core, container: Container, dma: Dma, page: number): number {
  const user = dma.vaddr + (page - dma.page);
  if (!touches(core, dma.mm, user, (dma.prot & WRITE) !== 0)) return -EFAULT;
  const ordinary = memoryAt(core, dma.mm, user)?.device === false;
  const charges = container.domains.length === 0 && ordinary;
  if (charges) {
    const code = core.steps.account(core, dma, 1);
    if (code < 0) return code;
  }
  if (!ordinary) return -EINVAL;
  if (fails(core, 'pfn-memory')) {
    if (charges) core.steps.account(core, dma, -1);
    return -ENOMEM;
  }
  dma.marks?.pages.add(page);
  return 0;
}

function give(core: Core, container: Container, device: Device, page: number): void {
  const dma = core.steps.find(core, container, page, page)!;
  const uses = device.pins.get(page)! - 1;
  if (uses > 0) device.pins.set(page, uses);
  else device.pins.delete(page);
  unpinPage(core, container, dma, page);
}

/** A driver that gives back what it has not pinned is refused, and gives back nothing. */
export function unpin(core: Core, name: number, iova: bigint, pages: number): number {
  const device = openDevice(core, name);
  if (device === null) return -EINVAL;
  const first = pageOf(iova);
  for (let i = 0; i < pages; i++) if (!device.pins.has((first + i) % SPACE)) return -EINVAL;
  for (let i = 0; i < pages; i++) give(core, device.group!.container!, device, (first + i) % SPACE);
  return 0;
}

/** Where the bytes are: address space and page. */
export interface Reached {
  readonly mm: number;
  readonly vaddr: number;
}

/** `mm` -1: a thread of the kernel. */
export function rw(core: Core, name: number, iova: bigint, write: boolean, mm: number): Reached | number {
  const device = openDevice(core, name);
  if (device === null) return -EINVAL;
  const page = pageOf(iova);
  const dma = core.steps.find(core, device.group!.container!, page, page);
  if (dma === null) return -EINVAL;
  if ((write && (dma.prot & WRITE) === 0) || (dma.prot & READ) === 0) return -EPERM;
  if (mm >= 0 && mm !== dma.mm) return -EFAULT;
  const vaddr = dma.vaddr + (page - dma.page);
  if (!touches(core, dma.mm, vaddr, write)) return -EFAULT;
  if (write) dma.marks?.pages.add(page);
  return { mm: dma.mm, vaddr };
}
