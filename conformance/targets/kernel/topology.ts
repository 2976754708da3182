// Which machine is this guest, in the words of the profile, and how is it put back to its start?
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import type { Address, Process } from './agent.js';

const PCI = '/sys/bus/pci';
const GROUPS = '/sys/kernel/iommu_groups';

/** What the host knows of the guest's IOMMU because it made it. */
export interface Host {
  readonly iommu: Machine['iommus'][number];
  /** Devices that take part, by bus address, and the driver that each has at the start: edu devices that of VFIO, bridges none. */
  readonly devices: readonly { readonly name: string; readonly driver: 'none' | 'vfio' | 'kernel' }[];
  /** The driver of the kernel's own that such devices get. */
  readonly kernelDriver: string;
  /** A device that takes no part: the memory of it is mapped where a process is to have memory of a device. */
  readonly spare?: string;
  /** Nothing isolates the devices' interrupts. */
  readonly isolatedMsi?: false;
}

/** A device and its driver at the start of a run. */
export type Start = Pick<Machine['devices'][number], 'name' | 'driver'>;

/** Two processes: one that may lock what it likes, one with a limit; each with memory to write and to read only. */
const MEMORY = { rw: { at: 0x2_0000_0000, pages: 64 }, r: { at: 0x2_4000_0000, pages: 4 } } as const;
const LOCK_LIMIT_PAGES = 16;
/** Registers of the spare device end before this, so that nobody writes to one. */
const SPARE_FROM = 0x1_0000n;
/** Of the spare device so many bytes can be had as memory. */
export const SPARE_BYTES = 0x1_0000n;
const PAGE = 4096;

const MMS: Machine['mms'] = [null, LOCK_LIMIT_PAGES].map(lockLimit => ({
  lockLimit,
  memory: [
    { start: BigInt(MEMORY.rw.at), size: BigInt(MEMORY.rw.pages * PAGE), prot: 'rw' as const },
    { start: BigInt(MEMORY.r.at), size: BigInt(MEMORY.r.pages * PAGE), prot: 'r' as const },
  ],
}));

export const pathOf = (device: string): string => `${PCI}/devices/${device}`;

/** All buses but this one are behind a bridge or a port, and can be reset by it. */
export const ROOT_BUS = '0000:00:';

/** A device beside others on a bus that is none of its own: the bus is not reset for one of them alone. */
export const sharesItsBus = (name: string, { devices }: Host): boolean =>
  !name.startsWith(ROOT_BUS) && devices.some(d => d.name !== name && d.name.startsWith(busOf(name)));
const busOf = (name: string): string => name.slice(0, ROOT_BUS.length);

/** The group's number of a device, as sysfs has it; undefined: it is in none. */
export async function groupOf(agent: Process, device: string): Promise<number | undefined> {
  const link = await agent.link(`${pathOf(device)}/iommu_group`);
  return link === undefined ? undefined : Number(link.split('/').pop());
}

/** Regions that the group's devices reserve; what a user may pass over is marked so, and software's own MSI window is none. */
async function reservedOf(agent: Process, group: number) {
  const { text } = await agent.file(`${GROUPS}/${group}/reserved_regions`);
  return text
    .split('\n')
    .map(line => /^(0x[0-9a-f]+) (0x[0-9a-f]+) (\S+)$/.exec(line))
    .filter(found => found !== null)
    .map(([, start, last, type]) => ({ start: BigInt(start!), end: BigInt(last!) + 1n, type: type! }))
    .map(({ start, end, type }) => ({
      start,
      size: end - start,
      ...(type === 'direct-relaxable' ? { relaxable: true as const } : {}),
    }));
}

/** The machine that the guest is now: groups in the order of their devices. */
export async function machineOf(agent: Process, host: Host): Promise<Machine> {
  const numbers: number[] = [];
  for (const { name } of host.devices) {
    const number = await groupOf(agent, name);
    if (number === undefined) throw new Error(`${name} is in no IOMMU group`);
    numbers.push(number);
  }
  const ids = [...new Set(numbers)];
  const groups: Machine['groups'][number][] = [];
  for (const id of ids) {
    const reserved = await reservedOf(agent, id);
    groups.push({ id, behind: 0, ...(reserved.length === 0 ? {} : { reserved }) });
  }
  const devices: Machine['devices'][number][] = [];
  for (const [i, d] of host.devices.entries()) {
    const methods = (await agent.file(`${pathOf(d.name)}/reset_method`)).text.trim();
    const reset = methods === '' || sharesItsBus(d.name, host) ? { reset: false } : {};
    const isolated = host.isolatedMsi === false ? { isolatedMsi: false } : {};
    const group = ids.indexOf(numbers[i]!);
    devices.push({ name: d.name, group, driver: d.driver, ...isolated, ...reset });
  }
  return {
    iommus: [host.iommu],
    groups,
    devices,
    mms: MMS,
  };
}

/** The name of the driver that a device is bound to; undefined: none. */
export async function driverOf(agent: Process, device: string): Promise<string | undefined> {
  return (await agent.link(`${pathOf(device)}/driver`))?.split('/').pop();
}

/** Gives a device this driver; the kernel's answer. */
export async function bind(agent: Process, device: string, driver: string): Promise<number> {
  await agent.put(`${pathOf(device)}/driver_override`, driver);
  const result = await agent.put(`${PCI}/drivers/${driver}/bind`, device);
  await agent.put(`${pathOf(device)}/driver_override`, '\n');
  return result;
}

/** Takes the driver off a device, if it has one. */
export async function unbound(agent: Process, device: string): Promise<void> {
  const has = await driverOf(agent, device);
  if (has !== undefined) await agent.put(`${PCI}/drivers/${has}/unbind`, device);
}

/** Gives every device that is present the driver that it has at the start. */
export async function restored(
  agent: Process,
  devices: readonly Start[],
  kernelDriver: string,
): Promise<void> {
  const drivers = { vfio: 'vfio-pci', stub: 'pci-stub', kernel: kernelDriver } as const;
  for (const { name, driver } of devices) {
    const wanted = driver === 'none' || driver === 'absent' ? undefined : drivers[driver];
    const has = await driverOf(agent, name);
    if (has === wanted) continue;
    await unbound(agent, name);
    if (wanted !== undefined) await bind(agent, name, wanted);
  }
}

/** Lets a process have the memory and the limit of an address space. */
export async function furnished(worker: Process, mm: Machine['mms'][number], spare?: string): Promise<void> {
  const there = (at: Address, wanted: Address): void => {
    if (at !== wanted) throw new Error(`no memory at 0x${wanted.toString(16)}: ${at}`);
  };
  for (const { start, size, prot, device } of mm.memory) {
    const [at, bytes] = [Number(start), Number(size)];
    if (device !== true) there(await worker.memory(at, bytes, prot), at);
    else {
      const fd = await worker.open(`${pathOf(spare ?? '')}/resource0`);
      there(await worker.mapped(fd, SPARE_FROM, bytes, at), at);
      await worker.close(fd);
    }
  }
  if (mm.lockLimit === null) return;
  await worker.lockLimit(mm.lockLimit * PAGE);
  await worker.mayPassLockLimit(false);
}
