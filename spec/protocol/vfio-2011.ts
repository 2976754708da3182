// Which words does the profile vfio-2011 speak: the machine under judgement, and the operations on it?
import * as t from 'io-ts';
import { closed, type Defect, Hex64, list, tagged, text, whole, word } from './codec.js';

const index = (name: string) => whole(name, 0, 65_535);
/** A descriptor's name in a recording: any small number that the recorder chose; -1 and below is not open. */
const handle = whole('handle', -1, 1_000_000);
const fresh = whole('new handle', 0, 1_000_000);
/** How the argument structure reached the kernel; left out: readable and of full length. */
const arg = word('unreadable', 'short');

/**
 * The machine that a recording was taken on. Devices, groups and address spaces are named by their
 * position in these lists ever after; a position past the end is a name that nobody knows.
 */
export const Machine = closed('machine', {
  /** The IOMMU's isolation groups: a number that is unique on its bus only; coherency of its IOMMU. */
  groups: list(
    closed('group', { bus: text('bus', 32), id: whole('group id', 0, 65_535), coherent: t.boolean }),
  ),
  /** Every device that ever exists. `group` null: not behind an IOMMU. */
  devices: list(
    closed('device', {
      name: text('device name', 64),
      group: t.union([index('group'), t.null]),
      driver: word('absent', 'unbound', 'vfio', 'kernel'),
    }),
  ),
  /** Address spaces (processes). `lockLimit` in pages of 4 KiB, null where CAP_IPC_LOCK lifts it. */
  mms: list(closed('mm', { lockLimit: t.union([whole('pages', 0, Number.MAX_SAFE_INTEGER), t.null]) })),
  /** Hard limit of a hot remove's wait in ticks; 0 is no limit. */
  timeout: whole('ticks', 0, 255),
});
export type Machine = t.TypeOf<typeof Machine>;

const ops = {
  /** open(2) of the group's node by process `mm`; `as` names the new descriptor. */
  open_group: closed('open_group', {
    op: t.literal('open_group'),
    group: index('group'),
    as: fresh,
    mm: index('mm'),
  }),
  /** VFIO_GROUP_GET_INFO: viable? locked to an address space? */
  group_info: closed('group_info', { op: t.literal('group_info'), handle, mm: index('mm') }, { arg }),
  /** VFIO_GROUP_GET_IOMMU_FD. */
  get_context: closed('get_context', {
    op: t.literal('get_context'),
    handle,
    as: fresh,
    mm: index('mm'),
  }),
  /** VFIO_GROUP_GET_DEVICE_FD: the device by name, through any group of the merged set. */
  get_device: closed(
    'get_device',
    { op: t.literal('get_device'), handle, device: index('device'), as: fresh, mm: index('mm') },
    { arg },
  ),
  /** VFIO_GROUP_MERGE: the group behind `incoming` joins the set of the group behind `handle`. */
  merge: closed('merge', { op: t.literal('merge'), handle, incoming: handle, mm: index('mm') }, { arg }),
  /** VFIO_GROUP_UNMERGE: `member` null takes `handle`'s own group out; else the group behind `member`. */
  unmerge: closed(
    'unmerge',
    { op: t.literal('unmerge'), handle, member: t.union([handle, t.null]), mm: index('mm') },
    { arg },
  ),
  /** close(2) of a descriptor of any kind. */
  close: closed('close', { op: t.literal('close'), handle }),
  /** VFIO_IOMMU_MAP_DMA; `paddr` is the memory behind the user's address. Addresses and size in bytes. */
  map: closed(
    'map',
    {
      op: t.literal('map'),
      handle,
      iova: Hex64,
      paddr: Hex64,
      size: Hex64,
      prot: word('none', 'r', 'w', 'rw'),
      mm: index('mm'),
    },
    { arg },
  ),
  /** VFIO_IOMMU_UNMAP_DMA; trims and splits what it meets. */
  unmap: closed(
    'unmap',
    { op: t.literal('unmap'), handle, iova: Hex64, size: Hex64, mm: index('mm') },
    { arg },
  ),
  /** One DMA access by a device. */
  dma: closed('dma', {
    op: t.literal('dma'),
    device: index('device'),
    iova: Hex64,
    access: word('read', 'write'),
  }),
  /** The bus reports a new device; `claimed`: another driver took it before VFIO heard of it. */
  hot_add: closed('hot_add', { op: t.literal('hot_add'), device: index('device'), claimed: t.boolean }),
  /** A driver is bound to a device that has none. */
  bind: closed('bind', { op: t.literal('bind'), device: index('device'), driver: word('vfio', 'kernel') }),
  /** The administrator takes the driver off; from vfio this waits until the set is not in use. */
  unbind: closed('unbind', { op: t.literal('unbind'), device: index('device') }),
  /** The device is to leave the machine: asks the user, waits, then deletes. */
  hot_remove: closed('hot_remove', { op: t.literal('hot_remove'), device: index('device') }),
  /** The bus reports that a device is gone. */
  delete: closed('delete', { op: t.literal('delete'), device: index('device') }),
  /** A waiter that was woken runs again: re-checks, and finishes or sleeps on. */
  resume: closed('resume', { op: t.literal('resume'), device: index('device') }),
  /** One unit of the hard timeout passes. */
  tick: closed('tick', { op: t.literal('tick') }),
  /** The hard timeout is set; `admin`: the caller has CAP_SYS_ADMIN. */
  set_timeout: closed('set_timeout', {
    op: t.literal('set_timeout'),
    ticks: whole('ticks', 0, 255),
    admin: t.boolean,
  }),
};

export const Op = tagged('op', ops);
export type Op = t.TypeOf<(typeof ops)[keyof typeof ops]>;
export type OpName = Op['op'];

/** More than any machine has; a recording that claims more wants our time and not our judgement. */
const MOST = { groups: 256, devices: 1024, mms: 256 } as const;

export function machineFits(machine: Machine): Defect | undefined {
  for (const list of ['groups', 'devices', 'mms'] as const) {
    const most = MOST[list];
    if (machine[list].length > most)
      return { path: list, reason: `at most ${most}, got ${machine[list].length}` };
  }
  const lost = machine.devices.findIndex(d => d.group !== null && d.group >= machine.groups.length);
  if (lost < 0) return undefined;
  return { path: `devices.${lost}.group`, reason: `there are only ${machine.groups.length} groups` };
}

/** Unknown devices and groups are names that nobody knows, and are refused; a caller without a process is none. */
export function opFits(machine: Machine, op: Op): Defect | undefined {
  if (!('mm' in op) || op.mm < machine.mms.length) return undefined;
  return { path: 'mm', reason: `there are only ${machine.mms.length} address spaces` };
}
