// Which POWER machine is this guest, in the words of the profile, and which of its groups stand for those of a recording?
import { canonical } from '../../../spec/kit/canonical.js';
import type { Machine } from '../../../spec/protocol/spapr-tce.js';
import type { Process } from '../kernel/agent.js';
import { bind, groupOf, unbound } from '../kernel/topology.js';
import { infoOf, SPAPR, TYPES, toldInfo, WHOLE } from './abi.js';

/** Devices that take part, by bus address: the domain is the host bridge. */
export interface Host {
  readonly devices: readonly string[];
}

type Group = Machine['groups'][number];
type Device = Machine['devices'][number];

const VFIO_PCI = 'vfio-pci';
/** The agent's own program lies there, and its heap; what no process may have is below and above. */
export const PROGRAM = 0x30_0000_0000n;
const ROOM = { from: 0x1_0000n, program: PROGRAM, beyond: PROGRAM + (1n << 32n), end: 1n << 45n } as const;
const MOST_MMS = 8;
const MOST_BYTES = 64n << 20n;
const SHIFT = 12;

const domainOf = (device: string): string => device.slice(0, 4);

/** The machine without processes: groups in the order of their devices, and what VFIO says of each. */
export async function machineOf(agent: Process, { devices }: Host): Promise<Machine> {
  const numbers: number[] = [];
  for (const name of devices) {
    const number = await groupOf(agent, name);
    if (number === undefined) throw new Error(`${name} is in no IOMMU group`);
    numbers.push(number);
  }
  const ids = [...new Set(numbers)];
  const domains = [...new Set(devices.map(domainOf))];
  const groups: Group[] = [];
  for (const id of ids) {
    const members = devices.filter((_, i) => numbers[i] === id);
    const bridge = domains.indexOf(domainOf(members[0]!));
    groups.push({ bridge, family: 0, ...(await asked(agent, id, members)) });
  }
  return {
    platform: 'powernv',
    pageShift: SHIFT,
    // The kernel uses one, but no device is tried while the group is the kernel's.
    bypass: 0n,
    bridges: domains.map(() => ({ iommu: true, deviceGroup: true })),
    groups,
    devices: devices.map((name, i) => ({
      name,
      bridge: domains.indexOf(domainOf(name)),
      group: ids.indexOf(numbers[i]!),
      present: true,
    })),
    mms: [],
    memory: [],
    guest: null,
  };
}

/** GET_INFO of a container of version 2 with this group alone. */
async function asked(agent: Process, id: number, members: readonly string[]) {
  for (const name of members) {
    const bound = await bind(agent, name, VFIO_PCI);
    if (bound < 0) throw new Error(`vfio-pci does not take ${name}: errno ${-bound}`);
  }
  const container = await agent.open('/dev/vfio/vfio');
  const group = await agent.open(`/dev/vfio/${id}`);
  const joined = await agent.ioctl(group, SPAPR.setContainer, Uint8Array.of(container, 0, 0, 0));
  const set = await agent.ioctlWith(container, SPAPR.setIommu, TYPES.v2);
  const { result, bytes } = await agent.ioctl(container, SPAPR.getInfo, infoOf(WHOLE.info, 0));
  await agent.close(group);
  await agent.close(container);
  for (const name of members) await unbound(agent, name);
  if (joined.result < 0 || set < 0 || result < 0)
    throw new Error(`VFIO says nothing of group ${id}: errno ${-joined.result}, ${-set}, ${-result}`);
  const { start, size, pageSizes = 0n, windows = 0, levels = 1 } = toldInfo(bytes) as Told;
  return { window: { start, size }, pageSizes, windows, levels };
}

interface Told {
  readonly start: bigint;
  readonly size: bigint;
  readonly pageSizes?: bigint;
  readonly windows?: number;
  readonly levels?: number;
}

/** Why the guest cannot be this machine, in which devices and groups are called as the guest's; undefined: it can. */
export function misfit(machine: Machine, whole: Machine): string | undefined {
  const { platform, pageShift, bypass, guest } = machine;
  if (canonical({ platform, pageShift, bypass, guest }) !== canonical(constants(whole)))
    return 'it is bare metal with pages of 4 KiB, no guest and no bypass that is looked at';
  const own = new Map(whole.devices.map(d => [d.name, d]));
  for (const [g, group] of machine.groups.entries()) {
    const members = machine.devices.filter(d => d.group === g);
    const at = own.get(members[0]?.name ?? '')?.group ?? undefined;
    if (at === undefined) return `its group ${g} has no device`;
    const names = (list: readonly Device[]) => canonical(list.map(d => d.name).sort());
    if (names(members) !== names(whole.devices.filter(d => d.group === at)))
      return `other devices are in its group ${g}`;
    const { bridge: _, ...is } = group;
    const { bridge: __, ...has } = whole.groups[at]!;
    if (canonical(is) !== canonical(has)) return `its group ${g} is another one`;
  }
  if (machine.devices.some(d => !d.present || d.group === null)) return 'all its devices are there';
  return memoryMisfit(machine);
}

const constants = ({ platform, pageShift, bypass, guest }: Machine) => ({
  platform,
  pageShift,
  bypass,
  guest,
});

function memoryMisfit({ mms, memory }: Machine): string | undefined {
  if (mms.length > MOST_MMS) return `it has at most ${MOST_MMS} processes`;
  if (memory.reduce((n, m) => n + m.size, 0n) > MOST_BYTES) return 'it has not so much memory';
  if (memory.some(m => m.shift !== SHIFT)) return 'its memory has pages of 4 KiB';
  const fits = memory.every(
    ({ ua, size }) =>
      ua >= ROOM.from &&
      ua + size <= ROOM.end &&
      (ua + size <= ROOM.program || ua >= ROOM.beyond) &&
      memory.filter(m => m.ua < ua + size && ua < m.ua + m.size).length <= mms.length,
  );
  return fits ? undefined : 'a process has no memory at such an address';
}

/**
 * The machine that the guest is when its groups stand for those of a recording: the recording's processes and their
 * addresses, and of everything else the truth. A text: why none can stand for them.
 */
export function moved(asked: Machine, whole: Machine): Machine | string {
  if (asked.devices.some(d => d.group === null)) return 'a device of it has no PE';
  const free = new Set(whole.groups.keys());
  const devices: Device[] = [];
  const besides: Device[] = [];
  const groups: Group[] = [];
  for (const g of asked.groups.keys()) {
    const members = asked.devices.filter(d => d.group === g);
    const room = (at: number) => whole.devices.filter(d => d.group === at).length;
    const best = [...free]
      .filter(at => room(at) >= Math.max(1, members.length))
      .sort((a, b) => room(a) - room(b))[0];
    if (best === undefined) return 'it has no such groups, or not so many';
    free.delete(best);
    groups.push(whole.groups[best]!);
    const own = whole.devices.filter(d => d.group === best).map(d => ({ ...d, group: g }));
    for (const [i, member] of members.entries()) devices[asked.devices.indexOf(member)] = own[i]!;
    besides.push(...own.slice(members.length));
  }
  return {
    ...whole,
    groups,
    devices: [...devices, ...besides],
    mms: asked.mms,
    memory: asked.memory.map(m => ({ ...m, shift: SHIFT })),
  };
}
