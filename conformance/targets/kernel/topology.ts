// Which machine is this guest, in the words of the profile, and how is it put back to its start?
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import type { Address, Process } from './agent.js';

const PCI = '/sys/bus/pci';
const GROUPS = '/sys/kernel/iommu_groups';

/** What the host knows of the guest's IOMMU because it made it. */
export interface Host {
  readonly iommu: Machine['iommus'][number];
  /** Devices that take part, by bus address, and the driver that each has at the start. */
  readonly devices: readonly { readonly name: string; readonly driver: 'none' | 'vfio' | 'kernel' }[];
  /** Names of drivers that are the kernel's own, for binding. */
  readonly kernelDriver: string;
  readonly unsafeInterrupts?: true;
}

/** Two processes: one that may lock what it likes, one with a limit; each with memory to write and to read only. */
export const MEMORY = { rw: { at: 0x2_0000_0000, pages: 64 }, r: { at: 0x2_4000_0000, pages: 4 } } as const;
export const LOCK_LIMIT_PAGES = 16;
const PAGE = 4096;

const MMS: Machine['mms'] = [null, LOCK_LIMIT_PAGES].map(lockLimit => ({
  lockLimit,
  memory: [
    { start: BigInt(MEMORY.rw.at), size: BigInt(MEMORY.rw.pages * PAGE), prot: 'rw' as const },
    { start: BigInt(MEMORY.r.at), size: BigInt(MEMORY.r.pages * PAGE), prot: 'r' as const },
  ],
}));

export const pathOf = (device: string): string => `${PCI}/devices/${device}`;

/** The group's number of a device, as sysfs has it. */
async function groupOf(agent: Process, device: string): Promise<number> {
  const link = await agent.link(`${pathOf(device)}/iommu_group`);
  if (link === undefined) throw new Error(`${device} is in no IOMMU group`);
  return Number(link.split('/').pop());
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
  const numbers = await Promise.all(host.devices.map(d => groupOf(agent, d.name)));
  const ids = [...new Set(numbers)];
  const groups: Machine['groups'][number][] = [];
  for (const id of ids) {
    const reserved = await reservedOf(agent, id);
    groups.push({ id, behind: 0, ...(reserved.length === 0 ? {} : { reserved }) });
  }
  const devices: Machine['devices'][number][] = [];
  for (const [i, d] of host.devices.entries()) {
    const methods = (await agent.file(`${pathOf(d.name)}/reset_method`)).text.trim();
    const reset = methods === '' ? { reset: false } : {};
    devices.push({ name: d.name, group: ids.indexOf(numbers[i]!), driver: d.driver, ...reset });
  }
  return {
    iommus: [host.iommu],
    groups,
    devices,
    mms: MMS,
    ...(host.unsafeInterrupts === undefined ? {} : { unsafeInterrupts: true }),
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

/** Makes every device of the machine present, and gives it the driver that it has at the start. */
export async function restored(agent: Process, host: Host): Promise<void> {
  await agent.put(`${PCI}/rescan`, '1');
  for (const { name, driver } of host.devices) {
    const wanted = driver === 'vfio' ? 'vfio-pci' : driver === 'kernel' ? host.kernelDriver : undefined;
    const has = await driverOf(agent, name);
    if (has === wanted) continue;
    await unbound(agent, name);
    if (wanted !== undefined) await bind(agent, name, wanted);
  }
}

/** Lets a process have the memory and the limits of the machine's address space `mm`. */
export async function furnished(worker: Process, mm: number): Promise<void> {
  const there = (at: Address, wanted: Address): void => {
    if (at !== wanted) throw new Error(`no memory at 0x${wanted.toString(16)}: ${at}`);
  };
  there(await worker.memory(MEMORY.rw.at, MEMORY.rw.pages * PAGE), MEMORY.rw.at);
  there(await worker.memory(MEMORY.r.at, MEMORY.r.pages * PAGE, 'r'), MEMORY.r.at);
  const { lockLimit } = MMS[mm]!;
  if (lockLimit === null) return;
  await worker.lockLimit(lockLimit * PAGE);
  await worker.mayPassLockLimit(false);
}
