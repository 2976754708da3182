// Which words does the profile spapr-tce speak: the POWER machine under judgement, and the operations on it?
import * as t from 'io-ts';
import { closed, type Defect, Hex64, list, tagged, text, whole, word } from './codec.js';

const index = (name: string) => whole(name, 0, 65_535);
/** A container's name in a recording: any small number that the recorder chose; -1 and below is not open. */
const container = whole('container', -1, 1_000_000);
const shift = whole('page shift', 0, 63);
const mm = index('mm');
/** How the argument structure reached the kernel; left out: readable, of full length, without flags. */
const arg = word('unreadable', 'short', 'flags');
const access = word('read', 'write');

/** A range in bytes. */
const Range = { start: Hex64, size: Hex64 };

/**
 * The machine that a recording was taken on. Everything is named by its position in these lists ever after; a
 * position past the end is a name that nobody knows. Addresses and sizes in bytes, whole pages of 4 KiB.
 */
export const Machine = closed('machine', {
  /** `powernv`: bare metal, a TCE that may be written may be read. `pseries`: tables of one level only. */
  platform: word('powernv', 'pseries'),
  /** PAGE_SHIFT of the host: 12 or 16. Locked memory is counted in pages of this size. */
  pageShift: t.union([t.literal(12), t.literal(16)]),
  /** How much memory a bypass window covers, from 2^59; 0: the kernel uses no bypass. */
  bypass: Hex64,
  /** PCI host bridges: is an IOMMU registered for it, and does its controller answer `device_group`? */
  bridges: list(closed('bridge', { iommu: t.boolean, deviceGroup: t.boolean })),
  /**
   * Partitionable endpoints (PEs). `window`: the 32-bit window, for the kernel and by default for a user; `pageSizes`: a mask
   * in which bit n stands for pages of 2^n; `windows`: how many dynamic windows it can have; `family`: groups of one
   * family have the same table operations.
   */
  groups: list(
    closed('group', {
      bridge: index('bridge'),
      window: closed('window', Range),
      pageSizes: Hex64,
      windows: whole('windows', 0, 2),
      levels: whole('levels', 1, 5),
      family: index('family'),
    }),
  ),
  /** Every device that ever exists. `group` null: no PE was set up for it; `present`: probed at the start. */
  devices: list(
    closed('device', {
      name: text('device name', 64),
      bridge: t.union([index('bridge'), t.null]),
      group: t.union([index('group'), t.null]),
      present: t.boolean,
    }),
  ),
  /** Address spaces (processes). `lockLimit` in pages of the host, null where CAP_IPC_LOCK lifts it. */
  mms: list(closed('mm', { lockLimit: t.union([whole('pages', 0, Number.MAX_SAFE_INTEGER), t.null]) })),
  /** The memory of address spaces: `size` bytes at `ua` are backed from `pa` on by pages of 2^`shift`. */
  memory: list(closed('memory', { mm, ua: Hex64, pa: Hex64, size: Hex64, shift })),
  /** A guest, or null: the address space that runs it, its memory slots, and its PCI host bridges. */
  guest: t.union([
    closed('guest', {
      mm,
      slots: list(closed('slot', { gpa: Hex64, ua: Hex64, size: Hex64 })),
      /** `low`: where the default window lies; `high`: where a second window starts. `ddw`: dynamic windows are on. */
      bridges: list(
        closed('guest bridge', {
          buid: Hex64,
          low: closed('window', Range),
          high: Hex64,
          pageSizes: Hex64,
          ddw: t.boolean,
        }),
      ),
    }),
    t.null,
  ]),
});
export type Machine = t.TypeOf<typeof Machine>;

const device = index('device');
const group = index('group');
const prot = word('none', 'r', 'w', 'rw');
/** A guest register: the number of a window, and an I/O bus address in it. */
const window = { liobn: Hex64, ioba: Hex64 };
/** `args` wrong: another number of inputs or outputs than the service has. */
const wrong = { args: word('wrong') };

const ops = {
  /** iommu_probe_device: the device joins its PE's group. */
  probe: closed('probe', { op: t.literal('probe'), device }),
  /** iommu_release_device. */
  remove: closed('remove', { op: t.literal('remove'), device }),
  /** Is the device's DMA cache coherent? */
  capable: closed('capable', { op: t.literal('capable'), device }),
  /** vfio_register_group_dev: VFIO takes the device. */
  bind: closed('bind', { op: t.literal('bind'), device }),
  /** The DMA API maps `size` bytes of physical memory at a bus address of the group's 32-bit window. */
  kernel_map: closed('kernel_map', {
    op: t.literal('kernel_map'),
    group,
    iova: Hex64,
    paddr: Hex64,
    size: Hex64,
    prot: word('r', 'w', 'rw'),
  }),
  kernel_unmap: closed('kernel_unmap', { op: t.literal('kernel_unmap'), group, iova: Hex64, size: Hex64 }),
  /** The blocking domain is attached to the group. */
  claim: closed('claim', { op: t.literal('claim'), group }),
  /** The platform's domain is attached to the group again. */
  release: closed('release', { op: t.literal('release'), group }),
  /** The SPAPR TCE driver's open: a container of version 1 or 2 (`other`: any other type). `as` names it. */
  open: closed('open', {
    op: t.literal('open'),
    as: whole('new container', 0, 1_000_000),
    type: word('v1', 'v2', 'other'),
  }),
  /** The driver's release. */
  close: closed('close', { op: t.literal('close'), container }),
  attach: closed('attach', { op: t.literal('attach'), container, group }),
  detach: closed('detach', { op: t.literal('detach'), container, group }),
  /** VFIO_IOMMU_ENABLE and VFIO_IOMMU_DISABLE. */
  enable: closed('enable', { op: t.literal('enable'), container, mm }),
  disable: closed('disable', { op: t.literal('disable'), container, mm }),
  /** VFIO_IOMMU_SPAPR_TCE_GET_INFO. */
  info: closed('info', { op: t.literal('info'), container, mm }, { arg }),
  /** VFIO_IOMMU_SPAPR_REGISTER_MEMORY and VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY: a range of user addresses. */
  register: closed('register', { op: t.literal('register'), container, mm, ua: Hex64, size: Hex64 }, { arg }),
  unregister: closed(
    'unregister',
    { op: t.literal('unregister'), container, mm, ua: Hex64, size: Hex64 },
    { arg },
  ),
  /** VFIO_IOMMU_SPAPR_TCE_CREATE: `size` in bytes. */
  create_window: closed(
    'create_window',
    {
      op: t.literal('create_window'),
      container,
      mm,
      shift,
      size: Hex64,
      levels: whole('levels', 0, 0xffff_ffff),
    },
    { arg },
  ),
  /** VFIO_IOMMU_SPAPR_TCE_REMOVE: the window that holds the bus address `start`. */
  remove_window: closed(
    'remove_window',
    { op: t.literal('remove_window'), container, mm, start: Hex64 },
    { arg },
  ),
  /** VFIO_IOMMU_MAP_DMA: `ua` is the user's address. */
  map: closed(
    'map',
    { op: t.literal('map'), container, mm, iova: Hex64, ua: Hex64, size: Hex64, prot },
    { arg },
  ),
  /** VFIO_IOMMU_UNMAP_DMA. */
  unmap: closed('unmap', { op: t.literal('unmap'), container, mm, iova: Hex64, size: Hex64 }, { arg }),
  /** KVM_CREATE_SPAPR_TCE_64: `offset` and `size` in pages of 2^`shift`. */
  kvm_create: closed('kvm_create', {
    op: t.literal('kvm_create'),
    liobn: Hex64,
    shift,
    offset: Hex64,
    size: Hex64,
  }),
  /** The descriptor of such a table is closed. */
  kvm_close: closed('kvm_close', { op: t.literal('kvm_close'), liobn: Hex64 }),
  /** KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE: the guest's window writes through to a table of the group. */
  kvm_attach: closed('kvm_attach', { op: t.literal('kvm_attach'), liobn: Hex64, group }),
  /** KVM lets go of the group. */
  kvm_release: closed('kvm_release', { op: t.literal('kvm_release'), group }),
  h_put_tce: closed('h_put_tce', { op: t.literal('h_put_tce'), ...window, tce: Hex64 }),
  /** `list` is the guest address of the entries; `tces` what stands there, min(count, 512) of them. */
  h_put_tce_indirect: closed('h_put_tce_indirect', {
    op: t.literal('h_put_tce_indirect'),
    ...window,
    list: Hex64,
    count: Hex64,
    tces: list(Hex64),
  }),
  h_stuff_tce: closed('h_stuff_tce', { op: t.literal('h_stuff_tce'), ...window, tce: Hex64, count: Hex64 }),
  h_get_tce: closed('h_get_tce', { op: t.literal('h_get_tce'), ...window }),
  /** ibm,query-pe-dma-window with 5 or 6 outputs. */
  ddw_query: closed(
    'ddw_query',
    { op: t.literal('ddw_query'), buid: Hex64, outputs: whole('outputs', 0, 255) },
    wrong,
  ),
  /** ibm,create-pe-dma-window: a window of 2^`window` bytes in pages of 2^`shift`. */
  ddw_create: closed(
    'ddw_create',
    {
      op: t.literal('ddw_create'),
      buid: Hex64,
      shift: whole('page shift', 0, 0xffff_ffff),
      window: whole('window shift', 0, 0xffff_ffff),
    },
    wrong,
  ),
  /** ibm,remove-pe-dma-window. */
  ddw_remove: closed('ddw_remove', { op: t.literal('ddw_remove'), liobn: Hex64 }, wrong),
  /** ibm,reset-pe-dma-window. */
  ddw_reset: closed('ddw_reset', { op: t.literal('ddw_reset'), buid: Hex64 }, wrong),
  /** One DMA access by a device of the machine. */
  dma: closed('dma', { op: t.literal('dma'), device, iova: Hex64, access }),
  /** One DMA access through a guest's window, by a device that the guest's host emulates: answers a guest address. */
  guest_dma: closed('guest_dma', { op: t.literal('guest_dma'), ...window, access }),
};

export const Op = tagged('op', ops);
export type Op = t.TypeOf<(typeof ops)[keyof typeof ops]>;
export type OpName = Op['op'];

/** More than any machine has; a recording that claims more wants our time and not our judgement. */
const MOST = { bridges: 256, groups: 1024, devices: 4096, mms: 256, memory: 4096 } as const;
const END = 1n << 64n;
const PAGE = 0xfffn;

type Bytes = { readonly [field: string]: bigint };

/** Ranges are whole pages of 4 KiB, not empty, and end by 2^64. */
function misfit(path: string, bytes: Bytes, size: bigint): Defect | undefined {
  for (const [name, start] of Object.entries(bytes)) {
    if ((start & PAGE) !== 0n || (size & PAGE) !== 0n)
      return { path: `${path}.${name}`, reason: 'whole pages of 4 KiB' };
    if (size === 0n || start + size > END)
      return { path: `${path}.${name}`, reason: 'a range that is not empty and ends by 2^64' };
  }
  return undefined;
}

const beyond = (path: string, at: number | null, list: readonly unknown[], what: string) =>
  at !== null && at >= list.length ? { path, reason: `there are only ${list.length} ${what}` } : undefined;

type Fit = Defect | undefined;

/** What is wrong with a machine whose every part is well formed: what refers to nothing, or is too much. */
export function machineFits(machine: Machine): Fit {
  for (const list of ['bridges', 'groups', 'devices', 'mms', 'memory'] as const) {
    const most = MOST[list];
    if (machine[list].length > most)
      return { path: list, reason: `at most ${most}, got ${machine[list].length}` };
  }
  const found: readonly Fit[] = [
    ...machine.groups.flatMap((g, i) => [
      beyond(`groups.${i}.bridge`, g.bridge, machine.bridges, 'bridges'),
      misfit(`groups.${i}.window`, { start: g.window.start }, g.window.size),
    ]),
    ...machine.devices.flatMap((d, i) => [
      beyond(`devices.${i}.bridge`, d.bridge, machine.bridges, 'bridges'),
      beyond(`devices.${i}.group`, d.group, machine.groups, 'groups'),
      d.present && (d.group === null || d.bridge === null)
        ? { path: `devices.${i}.present`, reason: 'a device without bridge or PE is not probed' }
        : undefined,
    ]),
    ...machine.memory.flatMap((m, i) => [
      beyond(`memory.${i}.mm`, m.mm, machine.mms, 'address spaces'),
      misfit(`memory.${i}`, { ua: m.ua, pa: m.pa }, m.size),
      m.shift < 12 || ((m.ua | m.pa | m.size) & ((1n << BigInt(m.shift)) - 1n)) !== 0n
        ? { path: `memory.${i}.shift`, reason: 'at least 12, and the run is whole pages of 2^shift' }
        : undefined,
    ]),
    ...guestFits(machine),
  ];
  return found.find(defect => defect !== undefined);
}

/** In bytes; 4 KiB where a bridge names none. */
const largestPage = (pageSizes: bigint): bigint =>
  pageSizes <= PAGE ? PAGE + 1n : 1n << BigInt(pageSizes.toString(2).length - 1);

function guestFits(machine: Machine): readonly Fit[] {
  const { guest } = machine;
  if (guest === null) return [];
  return [
    beyond('guest.mm', guest.mm, machine.mms, 'address spaces'),
    guest.bridges.length > 256 ? { path: 'guest.bridges', reason: 'at most 256' } : undefined,
    ...guest.slots.map((s, i) => misfit(`guest.slots.${i}`, { gpa: s.gpa, ua: s.ua }, s.size)),
    ...guest.bridges.map((b, i) => misfit(`guest.bridges.${i}.low`, { start: b.low.start }, b.low.size)),
    ...guest.bridges.map((b, i) =>
      ((b.low.start | b.high) & (largestPage(b.pageSizes) - 1n)) === 0n
        ? undefined
        : { path: `guest.bridges.${i}`, reason: 'windows that start at a multiple of the largest page' },
    ),
  ];
}

/** A caller without a process is none, and a list has the entries that were read. */
export function opFits(machine: Machine, op: Op): Fit {
  if ('mm' in op) {
    const fit = beyond('mm', op.mm, machine.mms, 'address spaces');
    if (fit !== undefined) return fit;
  }
  if (op.op !== 'h_put_tce_indirect') return undefined;
  const read = op.count < 512n ? Number(op.count) : 512;
  if (op.tces.length === read) return undefined;
  return { path: 'tces', reason: `${read} entries, as many as were read, got ${op.tces.length}` };
}
