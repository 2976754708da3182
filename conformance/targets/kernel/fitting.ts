// Which machines can a guest be, and which of its devices stand for those of a recording?
import { canonical } from '../../../spec/kit/canonical.js';
import type { Machine } from '../../../spec/protocol/vfio-type1.js';
import { type Host, SPARE_BYTES } from './topology.js';

type Device = Machine['devices'][number];
type Mm = Machine['mms'][number];

/** Where the agent's own program, its stack and the kernel's part of the addresses are not, as long as nothing is put at random. */
const ROOM = { from: 0x1000_0000n, end: 0x7ff8_0000_0000n } as const;
const MOST_MMS = 8;
/** All memory of all processes: each page of it is written for a DMA. */
const MOST_BYTES = 600n << 20n;

const sizeOf = ({ memory }: Mm): bigint => memory.reduce((n, r) => n + r.size, 0n);

/** Why a process with this memory and these rights cannot be had; undefined: it can. */
function mmMisfit(mm: Mm, spare: string | undefined): string | undefined {
  if (mm.rawio === false) return 'its processes have CAP_SYS_RAWIO';
  for (const { start, size, device } of mm.memory) {
    if (start < ROOM.from || start + size > ROOM.end) return 'a process has no memory at such an address';
    if (device === true && (spare === undefined || size > SPARE_BYTES))
      return 'there is no device with so much memory';
  }
  return undefined;
}

/** The members of a group, by their names. */
const membersOf = (m: Machine, group: number): readonly Device[] => m.devices.filter(d => d.group === group);

/**
 * Why the guest cannot be this machine, in which devices, groups and IOMMUs are called as the guest's; undefined: it
 * can. A group of it comes with all its members.
 */
export function misfit(machine: Machine, whole: Machine, host: Host): string | undefined {
  if (canonical(machine.iommus) !== canonical(whole.iommus)) return 'its IOMMU is another one';
  for (const [g, group] of machine.groups.entries()) {
    const at = whole.groups.findIndex(w => canonical(w) === canonical(group));
    if (at < 0) return `it has no such group ${group.id}`;
    const names = (list: readonly Device[]) => canonical(list.map(d => d.name).sort());
    if (names(membersOf(machine, g)) !== names(membersOf(whole, at)))
      return `other devices are in its group ${group.id}`;
  }
  for (const { driver, group, ...is } of machine.devices) {
    const { driver: own, group: at, ...has } = whole.devices.find(d => d.name === is.name)!;
    if (canonical(is) !== canonical(has)) return `its device ${is.name} is another one`;
    if (driver === 'kernel' && own !== 'kernel') return `its kernel has no driver for ${is.name}`;
  }
  return memoryMisfit(machine, host);
}

function memoryMisfit(machine: Machine, host: Host): string | undefined {
  if (machine.mms.length > MOST_MMS) return `it has at most ${MOST_MMS} processes`;
  if (machine.mms.reduce((n, mm) => n + sizeOf(mm), 0n) > MOST_BYTES) return 'it has not so much memory';
  return machine.mms.map(mm => mmMisfit(mm, host.spare)).find(text => text !== undefined);
}

/** Can this member of a guest's group stand for the device of a recording? The fewer points the better. */
function unlike(asked: Device, own: Device): number | undefined {
  if (asked.driver === 'kernel' && own.driver !== 'kernel') return undefined;
  // A bridge: VFIO takes none.
  if (asked.driver !== 'none' && own.driver === 'none') return undefined;
  return (asked.reset ?? true) === (own.reset ?? true) ? 0 : 1;
}

/** The members of the guest's group in the order of the devices that they stand for. */
function standIns(asked: readonly Device[], own: readonly Device[]) {
  const left = [...own];
  let points = 0;
  const chosen: Device[] = [];
  // Those that only some can stand for choose first.
  const order = [...asked.keys()].sort(
    (a, b) => Number(asked[b]!.driver === 'kernel') - Number(asked[a]!.driver === 'kernel'),
  );
  for (const i of order) {
    const best = left
      .map(d => ({ d, points: unlike(asked[i]!, d) }))
      .filter((c): c is { d: Device; points: number } => c.points !== undefined)
      .sort((a, b) => a.points - b.points)[0];
    if (best === undefined) return undefined;
    left.splice(left.indexOf(best.d), 1);
    chosen[i] = best.d;
    points += best.points;
  }
  return { chosen, left, points: points + 4 * left.length };
}

/**
 * The machine that the guest is when its groups stand for those of a recording: the recording's processes, drivers and
 * parameters, and of everything else the truth. The places of its devices and groups stay what they were; members that
 * the recording's group does not have come last, without a driver. A text: why none can stand for them.
 */
export function moved(asked: Machine, whole: Machine): Machine | string {
  if (asked.groups.some(g => typeof g.behind !== 'number'))
    return 'a group of it is emulated, or has no IOMMU';
  if (asked.iommus.some(u => u.coherent === false)) return 'its IOMMU is incoherent';
  const free = new Set(whole.groups.keys());
  const devices: Device[] = [];
  const besides: Device[] = [];
  const groups: Machine['groups'][number][] = [];
  for (const g of asked.groups.keys()) {
    const members = membersOf(asked, g);
    const best = [...free]
      .map(at => ({ at, found: standIns(members, membersOf(whole, at)) }))
      .filter(c => c.found !== undefined)
      .sort((a, b) => a.found!.points - b.found!.points)[0];
    if (best === undefined) return 'it has no such groups, or not so many';
    free.delete(best.at);
    groups.push(whole.groups[best.at]!);
    for (const [i, own] of best.found!.chosen.entries()) {
      const { driver } = members[i]!;
      devices[asked.devices.indexOf(members[i]!)] = { ...own, group: g, driver };
    }
    besides.push(...best.found!.left.map(own => ({ ...own, group: g, driver: 'none' as const })));
  }
  const { dmaLimit, unsafeInterrupts, noiommu, mms } = asked;
  return {
    iommus: whole.iommus,
    groups,
    devices: [...devices, ...besides],
    mms,
    ...(dmaLimit === undefined ? {} : { dmaLimit }),
    ...(unsafeInterrupts === undefined ? {} : { unsafeInterrupts }),
    ...(noiommu === undefined ? {} : { noiommu }),
  };
}
