// Whose is a group: the kernel's, with its own table, or somebody's who was given it?
import { EBUSY, EINVAL, ENODEV, ENOENT, ENOMEM, EPERM } from '../errno.js';
import { isWhole, pageOf, pagesIn } from './addresses.js';
import type { Core } from './core.js';
import { addKernelTable } from './hardware.js';
import { ABSENT, type Group, type HwTable, PRESENT, READ, VFIO, WRITE } from './objects.js';

export const groupNamed = (core: Core, name: number): Group | undefined =>
  core.groups[name]?.exists ? core.groups[name] : undefined;

const knows = (core: Core, d: number): boolean => d >= 0 && d < core.devices.length;

export function probe(core: Core, d: number): number {
  const device = core.hardware.devices[d];
  if (device === undefined || device.bridge < 0) return -ENODEV;
  if (core.devices[d] !== ABSENT) return -EBUSY;
  const operated = operates(core, device.bridge);
  if (operated && !core.hardware.bridges[device.bridge].deviceGroup) return -ENOENT;
  const group = groupNamed(core, device.group);
  if (group === undefined) return -ENODEV;
  core.devices[d] = PRESENT;
  joins(core, group, operated);
  return 0;
}

/** Are there IOMMU operations for the bridge? */
export const operates = (core: Core, bridge: number): boolean =>
  core.choices.operations && bridge >= 0 && core.hardware.bridges[bridge].iommu;

/** A device takes a reference; and the core puts the one of device_group, which somebody should have taken. */
export function joins(core: Core, group: Group, asked: boolean): void {
  group.refs++;
  if (asked && core.choices.deviceGroupReference === 'missing') group.refs--;
}

export function remove(core: Core, d: number): number {
  if (!knows(core, d) || core.devices[d] === ABSENT) return -ENODEV;
  const group = core.groups[core.hardware.devices[d].group];
  if (core.devices[d] === VFIO && group.blocked) return -EBUSY;
  core.devices[d] = ABSENT;
  group.refs--;
  if (group.refs <= 0) group.exists = false;
  return 0;
}

/** 1 if the device's DMA is cache coherent, 0 if not, or -ENODEV. */
export function capable(core: Core, d: number): number {
  if (!knows(core, d)) return -ENODEV;
  const { bridge } = core.hardware.devices[d];
  return core.devices[d] !== ABSENT && operates(core, bridge) ? 1 : 0;
}

/** VFIO takes the device, if its DMA is coherent. */
export function bindDevice(core: Core, d: number): number {
  if (!knows(core, d)) return -ENODEV;
  if (core.devices[d] === ABSENT) return -EINVAL;
  if (core.devices[d] === VFIO) return -EINVAL;
  if (capable(core, d) !== 1) return -EINVAL;
  core.devices[d] = VFIO;
  return 0;
}

/** The blocking domain is attached. */
export function claim(core: Core, name: number): number {
  const group = groupNamed(core, name);
  if (group === undefined) return -ENODEV;
  if (!operates(core, core.hardware.groups[name].bridge)) return -EINVAL;
  if (group.blocked) return -EPERM;
  const how = core.choices.blockingAttach;
  if (how === 'refuses-live' && (group.windows[0]?.live ?? 0) > 0) return -EBUSY;
  group.blocked = true;
  if (how !== 'empties-nothing') core.steps.takeOver(core, group);
  return 0;
}

/** No translation of the kernel is left after this. */
export function takeOver(core: Core, group: Group): void {
  core.steps.unpoint(core, group, 0);
  if (core.choices.takeEmpties === 'table-and-bypass') group.bypass = false;
}

/** The platform's domain is attached again. */
export function release(core: Core, name: number): number {
  const group = groupNamed(core, name);
  if (group === undefined) return -ENODEV;
  if (!group.blocked) return -EINVAL;
  if (group.container !== null) return -EBUSY;
  group.blocked = false;
  if (group.windows[0] === null) addKernelTable(core, group);
  group.bypass = core.hardware.bypass > 0n;
  return 0;
}

/** Where in the kernel's table a call of the DMA API lies, or why it is refused. */
function kernelRange(
  core: Core,
  name: number,
  bytes: bigint,
  iova: bigint,
  size: bigint,
): { table: HwTable; index: number; count: number } | number {
  const group = groupNamed(core, name);
  if (group === undefined) return -ENODEV;
  if (group.blocked) return -EPERM;
  const table = group.windows[0];
  if (table === null) return -ENODEV;
  if (!isWhole(bytes, table.shift) || size === 0n) return -EINVAL;
  const index = pageOf(iova) / pagesIn(table.shift) - table.offset;
  const count = pageOf(size) / pagesIn(table.shift);
  if (index < 0 || count > table.size || index > table.size - count) return -EINVAL;
  return { table, index, count };
}

export function kernelMap(
  core: Core,
  name: number,
  iova: bigint,
  pa: bigint,
  size: bigint,
  prot: number,
): number {
  const range = kernelRange(core, name, iova | pa | size, iova, size);
  if (typeof range === 'number') return range;
  const { table, index, count } = range;
  // Bus address 0 is never given out: too many drivers take it for no address.
  if ((index === 0 && table.offset === 0) || anyEntry(table, index, count)) return -EBUSY;
  if (table.tces.prepare(index, count) !== 0) return -ENOMEM;
  const stored = (prot & WRITE) !== 0 ? prot | READ : prot;
  const step = pagesIn(table.shift);
  const frame = pageOf(pa);
  for (let i = 0; i < count; i++) core.steps.putEntry(core, table, index + i, frame + i * step, stored, 0);
  core.steps.tell(core, table, index, count);
  return 0;
}

export function kernelUnmap(core: Core, name: number, iova: bigint, size: bigint): number {
  const range = kernelRange(core, name, iova | size, iova, size);
  if (typeof range === 'number') return range;
  if (entriesIn(range.table, range.index, range.count) < range.count) return -EINVAL;
  core.steps.clearEntries(core, range.table, range.index, range.count);
  return 0;
}

function entriesIn(table: HwTable, index: number, count: number): number {
  let found = 0;
  if (table.live > 0)
    table.tces.eachEntry(index, count, () => {
      found++;
    });
  return found;
}

const anyEntry = (table: HwTable, index: number, count: number): boolean =>
  entriesIn(table, index, count) > 0;
