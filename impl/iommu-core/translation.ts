// How are domains made and filled, and what does a device reach?
import { EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, ENOMEM, ENXIO, ERANGE } from '../errno.js';
import { STATIC_BLOCKED, STATIC_IDENTITY } from './attach.js';
import { type Core, type Doing, fails, groupAt, groupOf, warnedOf } from './core.js';
import { driverOfMachine } from './kernel-6-1.js';
import { type Device, Domain, type Instance } from './objects.js';

/** The device's access is not translated; the kernel's own DMA mappings decide. */
export const DMA_FAULT = -1001;
export const DMA_OUTSIDE = -1002;
/** Nothing is mapped there. */
export const NOWHERE = -1003;

function* allocate(core: Core, driver: string, instance: Instance | undefined): Doing {
  yield;
  if (fails(core, 'domain')) return -ENOMEM;
  const domain = new Domain('paging', driver, instance);
  domain.handle = core.domains.add(domain);
  return domain.handle < 0 ? -ENOMEM : domain.handle;
}

/** A handle of a new domain for the IOMMU of a device. */
export function* allocForDevice(core: Core, index: number): Doing {
  const device = core.devices[index];
  if (groupOf(device) === undefined || device?.instance === undefined) return -ENODEV;
  return yield* allocate(core, device.instance.setup.driver, device.instance);
}

/** The same, for the IOMMU of the first member of a group. */
export function* allocForGroup(core: Core, index: number): Doing {
  const instance = core.groups[index]?.first?.instance;
  return instance === undefined ? -ENODEV : yield* allocate(core, instance.setup.driver, instance);
}

/** The instance of the first device of the bus, if one driver serves it. */
function onlyDriver(core: Core, bus: number): Instance | number {
  if (core.onBus.get(bus)?.size !== 1) return -ENODEV;
  const first = core.devices.find(
    d => d.setup.bus === bus && d.group !== undefined && d.instance !== undefined,
  );
  return first?.instance ?? -ENODEV;
}

/** For whichever IOMMU driver serves the bus; for which IOMMU is seen when it is attached. */
export function* allocForBus(core: Core, bus: number): Doing {
  const { kernel } = core.choices;
  const asked = kernel === '6.1' ? driverOfMachine(core) : onlyDriver(core, bus);
  if (typeof asked === 'number') return asked;
  // Until 6.12 VT-d and AMD make a table at once.
  const atOnce = kernel !== '7.2' && asked.setup.tables !== 'arm';
  return yield* allocate(core, asked.setup.driver, atOnce ? asked : undefined);
}

/** -EBUSY while anybody is on it, or anything written down says so. */
export function freeDomain(core: Core, handle: number): number {
  const domain = core.domains.get(handle);
  if (domain === undefined) return -ENOENT;
  if (domain.users > 0) return -EBUSY;
  if (domain.attachments > 0 && core.choices.freeTrustsDetach === 'no') return -EBUSY;
  domain.freed = true;
  core.domains.remove(handle);
  return 0;
}

const isStatic = (name: number): boolean => name === STATIC_IDENTITY || name === STATIC_BLOCKED;

/** Bits of an address or a size below 4 KiB. */
export interface Odd {
  readonly addresses: number;
  readonly size: number;
}
export const EVEN: Odd = { addresses: 0, size: 0 };

/** The first page frame that no address of 52 bits reaches. */
const FRAMES = 2 ** 40;

/** All numbers in pages of 4 KiB. */
export function map(
  core: Core,
  name: number,
  page: number,
  frame: number,
  pages: number,
  odd: Odd = EVEN,
): number {
  if (isStatic(name)) return -EINVAL;
  const domain = core.domains.get(name);
  if (domain === undefined) return -ENOENT;
  const { table } = domain;
  if (table === undefined) return -ENODEV;
  const oddAddresses = odd.addresses !== 0 || page % table.unit !== 0 || frame % table.unit !== 0;
  if (table.generic) {
    if (frame >= FRAMES) return -ERANGE;
    if (pages === 0 && odd.size === 0) return -EINVAL;
    if (oddAddresses) return -ENXIO;
  }
  if (oddAddresses || odd.size !== 0 || pages % table.unit !== 0) return -EINVAL;
  if (pages === 0) return 0;
  const result = table.map(page, frame, pages, () => !fails(core, 'table'));
  // ARM's code warns of a caller that maps over what is mapped, or out of range.
  const warns = result === -EEXIST || (result === -ERANGE && domain.instance?.setup.tables === 'arm');
  return warns ? warnedOf(result) : result;
}

/** How many pages went, or -ENOENT. */
export function unmap(core: Core, name: number, page: number, pages: number, odd: Odd = EVEN): number {
  if (isStatic(name)) return 0;
  const domain = core.domains.get(name);
  if (domain === undefined) return -ENOENT;
  const { table } = domain;
  if (table === undefined || odd.addresses !== 0 || page % table.unit !== 0 || page >= table.limit) return 0;
  if (table.generic) {
    const all = pages + Number(odd.size !== 0);
    return page + all > table.limit ? 0 : table.unmap(page, all);
  }
  return odd.size !== 0 || pages % table.unit !== 0 ? 0 : table.unmap(page, pages);
}

/** The frame behind a page, or NOWHERE. */
export function frameOf(core: Core, name: number, page: number): number {
  if (name === STATIC_IDENTITY) return page;
  if (name === STATIC_BLOCKED) return NOWHERE;
  const domain = core.domains.get(name);
  if (domain === undefined) return -ENOENT;
  const found = domain.table?.frameOf(page) ?? -1;
  return found < 0 ? NOWHERE : found;
}

/** `pasid` -1: none. The frame that is reached, DMA_FAULT, DMA_OUTSIDE, or -ENODEV. */
export function dma(core: Core, index: number, pasid: number, page: number): number {
  const device = core.devices[index];
  if (device === undefined) return -ENODEV;
  if (device?.group === undefined) return DMA_OUTSIDE;
  if (pasid > 0) {
    const programmed = device.programmed.get(pasid);
    if (programmed === undefined) return DMA_FAULT;
    // The tables of a process go before it does.
    const dead = programmed.kind === 'sva' && !core.spaces[programmed.space].alive;
    return dead ? DMA_FAULT : through(programmed, page);
  }
  if (device.rid === undefined) return DMA_OUTSIDE;
  const reached = through(device.rid, page);
  const late = device.stale !== undefined && fails(core, 'late-invalidation', index);
  return late ? through(device.stale as Domain, page) : reached;
}

/** What a device reaches through memory that is no table any more, or a domain that was given up, nobody can say. */
function through(domain: Domain, page: number): number {
  if (domain.freed || domain.orphan) return DMA_OUTSIDE;
  switch (domain.kind) {
    case 'identity':
      return page;
    case 'paging': {
      const frame = domain.table?.frameOf(page) ?? -1;
      return frame < 0 ? DMA_FAULT : frame;
    }
    case 'blocked':
    case 'off':
    case 'empty':
      return DMA_FAULT;
    default:
      return DMA_OUTSIDE;
  }
}

export type Capability =
  | 'cache-coherency'
  | 'enforce-coherency'
  | 'dirty-tracking'
  | 'isolated-msi'
  | 'pasid';

function instanceCan(instance: Instance | undefined, what: Capability): boolean {
  if (instance === undefined) return false;
  const { coherent, enforces, dirty, msi, pasids } = instance.setup;
  switch (what) {
    case 'cache-coherency':
      return coherent;
    case 'enforce-coherency':
      return enforces;
    case 'dirty-tracking':
      return dirty;
    case 'isolated-msi':
      return msi;
    case 'pasid':
      return pasids > 0;
  }
}

const deviceCan = (device: Device, what: Capability): boolean =>
  instanceCan(device.instance, what) && (what !== 'pasid' || device.pasids > 0);

/** 1 or 0; -ENODEV, -ENOENT. A group can what all its members can. */
export function capable(core: Core, of: 'device' | 'group' | 'domain', at: number, what: Capability): number {
  if (of === 'domain') {
    const domain = core.domains.get(at);
    return domain === undefined ? -ENOENT : Number(instanceCan(domain.instance, what));
  }
  if (of === 'device') {
    const device = core.devices[at];
    return Number(device?.group !== undefined && deviceCan(device, what));
  }
  const group = groupAt(core, at);
  if (group === undefined) return -ENODEV;
  for (let d: Device | undefined = group.first; d !== undefined; d = d.next)
    if (!deviceCan(d, what)) return 0;
  return 1;
}
