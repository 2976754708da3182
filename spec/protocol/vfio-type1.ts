// Which words does the profile vfio-type1 speak: the machine under judgement, and the calls on it?
import * as t from 'io-ts';
import { closed, type Defect, Hex64, list, tagged, text, whole, word } from './codec.js';

const index = (name: string) => whole(name, 0, 65_535);
/** A descriptor's name in a recording: any small number that the recorder chose; -1 is not open. */
const handle = whole('handle', -1, 1_000_000);
const fresh = whole('new handle', 0, 1_000_000);
/** How the argument structure reached the kernel; left out: readable, of full length, and writable. */
const arg = word('unreadable', 'short', 'unwritable');

/** One IOMMU as its driver describes it: what domains made for it can do. */
const iommu = closed(
  'iommu',
  {
    /** Whose driver: domains of two drivers are never shared. */
    driver: word('vtd', 'amd', 'smmu', 'virtio', 'other'),
    /** The domain's geometry: first and last IOVA that it translates. */
    aperture: closed('aperture', { start: Hex64, end: Hex64 }),
    /** `pgsize_bitmap` of its domains; 4 KiB or less must be in it. */
    pageSizes: Hex64,
  },
  {
    /** Units of one driver with the same number can share a domain; left out: 0. */
    kind: whole('kind', 0, 255),
    /** IOMMU_CAP_CACHE_COHERENCY; left out: yes. */
    coherent: t.boolean,
    /** Its domains enforce cache coherency; left out: no. */
    enforces: t.boolean,
    /** It can make domains for VFIO_TYPE1_NESTING_IOMMU; left out: no. */
    nesting: t.boolean,
    /** A mapping that permits writing permits reading as well; left out: no. */
    writeReads: t.boolean,
  },
);

const reserved = closed(
  'reserved region',
  { start: Hex64, size: Hex64 },
  /** `relaxable`: a direct mapping that firmware can do without, which does not count; left out: it counts. */
  { relaxable: t.literal(true) },
);

const memory = closed(
  'memory',
  { start: Hex64, size: Hex64, prot: word('r', 'rw') },
  /** Memory of a device, mapped by address (VM_PFNMAP): no page stands behind it, so none is charged. */
  { device: t.literal(true) },
);

/**
 * The machine that a recording was taken on. Everything is named by its position in these lists ever after; a
 * position past the end is a name that nobody knows. Hosts have pages of 4 KiB.
 */
export const Machine = closed(
  'machine',
  {
    iommus: list(iommu),
    groups: list(
      closed(
        'group',
        {
          id: whole('group id', 0, 65_535),
          /** The IOMMU that its devices are behind, or what VFIO makes a group of without one. */
          behind: t.union([index('iommu'), word('no-iommu', 'emulated')]),
        },
        { reserved: list(reserved) },
      ),
    ),
    devices: list(
      closed(
        'device',
        {
          name: text('device name', 64),
          group: index('group'),
          /** `stub`: a driver that manages its own DMA and does none, such as pci-stub or that of a bridge. */
          driver: word('absent', 'none', 'vfio', 'kernel', 'stub'),
        },
        {
          /** Its interrupts are isolated; left out: yes. */
          isolatedMsi: t.boolean,
          /** Firmware demands that it keeps its direct mapping; left out: no. */
          direct: t.boolean,
          /** It has a function reset; left out: yes. */
          reset: t.boolean,
        },
      ),
    ),
    /** Address spaces (processes). `lockLimit` in pages of 4 KiB, null where CAP_IPC_LOCK lifts it. */
    mms: list(
      closed(
        'mm',
        {
          lockLimit: t.union([whole('pages', 0, Number.MAX_SAFE_INTEGER), t.null]),
          memory: list(memory),
        },
        /** CAP_SYS_RAWIO; left out: yes. */
        { rawio: t.boolean },
      ),
    ),
  },
  {
    /** Module parameters: dma_entry_limit (65535), allow_unsafe_interrupts (no), enable_unsafe_noiommu_mode (no). */
    dmaLimit: whole('mappings', 0, 0xffff_ffff),
    unsafeInterrupts: t.boolean,
    noiommu: t.boolean,
  },
);
export type Machine = t.TypeOf<typeof Machine>;

/** struct vfio_bitmap: bytes, page size of a bit, and what is wrong with it. */
const bitmap = closed(
  'bitmap',
  { size: Hex64, pgsize: Hex64 },
  { arg: word('unreadable', 'short', 'outside', 'unwritable') },
);

const mm = index('mm');
const device = index('device');
const range = { iova: Hex64, size: Hex64 };

const ops = {
  /** open(2) of /dev/vfio/vfio; `as` names the new descriptor. */
  open_container: closed('open_container', { op: t.literal('open_container'), as: fresh }),
  /** open(2) of the group's node by process `mm`. */
  open_group: closed('open_group', { op: t.literal('open_group'), group: index('group'), as: fresh, mm }),
  /** dup(2), fork(2) or SCM_RIGHTS: one more descriptor of the same open file. */
  dup: closed('dup', { op: t.literal('dup'), handle, as: fresh }),
  /** close(2) of a descriptor of any kind. */
  close: closed('close', { op: t.literal('close'), handle }),
  /** VFIO_GROUP_GET_STATUS. */
  group_status: closed('group_status', { op: t.literal('group_status'), handle }, { arg }),
  /** VFIO_GROUP_SET_CONTAINER; `container` null: the descriptor of a file that is none of VFIO's. */
  set_container: closed(
    'set_container',
    { op: t.literal('set_container'), handle, container: t.union([handle, t.null]), mm },
    { arg },
  ),
  /** VFIO_GROUP_UNSET_CONTAINER. */
  unset_container: closed('unset_container', { op: t.literal('unset_container'), handle }),
  /** VFIO_GROUP_GET_DEVICE_FD: the device by name. */
  get_device: closed('get_device', { op: t.literal('get_device'), handle, device, as: fresh, mm }, { arg }),
  /** VFIO_CHECK_EXTENSION. */
  check_extension: closed('check_extension', {
    op: t.literal('check_extension'),
    handle,
    extension: word('type1', 'type1v2', 'nesting', 'noiommu', 'unmap-all', 'update-vaddr', 'dma-cc', 'other'),
  }),
  /** VFIO_SET_IOMMU. */
  set_iommu: closed('set_iommu', {
    op: t.literal('set_iommu'),
    handle,
    type: word('type1', 'type1v2', 'nesting', 'noiommu', 'other'),
    mm,
  }),
  /** VFIO_IOMMU_GET_INFO with this `argsz`. */
  iommu_info: closed(
    'iommu_info',
    { op: t.literal('iommu_info'), handle, argsz: whole('bytes', 0, 0xffff_ffff) },
    { arg },
  ),
  /** VFIO_IOMMU_MAP_DMA; `vaddr` is an address of process `mm`. */
  map: closed(
    'map',
    { op: t.literal('map'), handle, ...range, vaddr: Hex64, prot: word('none', 'r', 'w', 'rw'), mm },
    {
      arg,
      /** VFIO_DMA_MAP_FLAG_VADDR; a flag that does not exist. */
      renew: t.literal(true),
      unknown: t.literal(true),
    },
  ),
  /** VFIO_IOMMU_UNMAP_DMA. */
  unmap: closed(
    'unmap',
    { op: t.literal('unmap'), handle, ...range },
    {
      arg,
      /** The flags ALL, VADDR, GET_DIRTY_BITMAP (with its bitmap), and one that does not exist. */
      all: t.literal(true),
      invalidate: t.literal(true),
      bitmap,
      unknown: t.literal(true),
    },
  ),
  /** VFIO_IOMMU_DIRTY_PAGES; `many`: more than one flag, `unknown`: one that does not exist. */
  dirty_pages: closed(
    'dirty_pages',
    { op: t.literal('dirty_pages'), handle, what: word('start', 'stop', 'get', 'many', 'unknown') },
    { arg, ...range, bitmap },
  ),
  /** VFIO_DEVICE_RESET. */
  device_reset: closed('device_reset', { op: t.literal('device_reset'), handle }),
  /** A driver is bound to a device that has none. */
  bind: closed('bind', { op: t.literal('bind'), device, driver: word('vfio', 'kernel', 'stub') }),
  /** The administrator takes the driver off; from vfio this waits until nobody has the device open. */
  unbind: closed('unbind', { op: t.literal('unbind'), device }),
  /** The device appears. */
  hot_add: closed('hot_add', { op: t.literal('hot_add'), device }),
  /** The device is to leave the machine. */
  hot_remove: closed('hot_remove', { op: t.literal('hot_remove'), device }),
  /** Whoever waits for the device looks again: finishes, or asks the user again and sleeps on. */
  resume: closed('resume', { op: t.literal('resume'), device }),
  /** vfio_pin_pages by the driver of an emulated device. */
  pin: closed('pin', {
    op: t.literal('pin'),
    device,
    iova: Hex64,
    pages: whole('pages', -1, 0x7fff_ffff),
    prot: word('r', 'w', 'rw'),
  }),
  /** vfio_unpin_pages. */
  unpin: closed('unpin', { op: t.literal('unpin'), device, iova: Hex64, pages: whole('pages', 1, 512) }),
  /** vfio_dma_rw within one page, by process `mm` or (null) by a thread of the kernel. */
  rw: closed('rw', {
    op: t.literal('rw'),
    device,
    iova: Hex64,
    access: word('read', 'write'),
    mm: t.union([mm, t.null]),
  }),
  /** One DMA access by a device. */
  dma: closed('dma', { op: t.literal('dma'), device, iova: Hex64, access: word('read', 'write') }),
};

export const Op = tagged('op', ops);
export type Op = t.TypeOf<(typeof ops)[keyof typeof ops]>;
export type OpName = Op['op'];

/** More than any machine has; a recording that claims more wants our time and not our judgement. */
const MOST = { iommus: 64, groups: 256, devices: 1024, mms: 256 } as const;
const PAGE = 4096n;
const unaligned = (n: bigint): boolean => n % PAGE !== 0n;

export function machineFits(machine: Machine): Defect | undefined {
  for (const list of ['iommus', 'groups', 'devices', 'mms'] as const) {
    const most = MOST[list];
    if (machine[list].length > most)
      return { path: list, reason: `at most ${most}, got ${machine[list].length}` };
  }
  return iommusFit(machine) ?? groupsFit(machine) ?? devicesFit(machine) ?? memoryFits(machine);
}

function iommusFit(machine: Machine): Defect | undefined {
  for (const [i, { aperture, pageSizes }] of machine.iommus.entries()) {
    if (unaligned(aperture.start) || unaligned(aperture.end + 1n) || aperture.start > aperture.end)
      return { path: `iommus.${i}.aperture`, reason: 'whole pages of 4 KiB, the first not behind the last' };
    if ((pageSizes & (2n * PAGE - 1n)) === 0n)
      return { path: `iommus.${i}.pageSizes`, reason: 'pages of 4 KiB or less are not among them' };
  }
  return undefined;
}

function groupsFit(machine: Machine): Defect | undefined {
  for (const [i, g] of machine.groups.entries()) {
    if (typeof g.behind === 'number' && g.behind >= machine.iommus.length)
      return { path: `groups.${i}.behind`, reason: `there are only ${machine.iommus.length} IOMMUs` };
    if (g.behind === 'no-iommu' && machine.noiommu !== true)
      return {
        path: `groups.${i}.behind`,
        reason: 'the kernel makes no such groups unless `noiommu` is true',
      };
    if (typeof g.behind !== 'number' && machine.devices.filter(d => d.group === i).length !== 1)
      return { path: `groups.${i}`, reason: 'a group without an IOMMU is made for one device' };
    const bad = (g.reserved ?? []).findIndex(
      r => unaligned(r.start) || unaligned(r.size) || r.size === 0n || r.start + r.size > 1n << 64n,
    );
    if (bad >= 0) return { path: `groups.${i}.reserved.${bad}`, reason: 'whole pages of 4 KiB, not none' };
  }
  return undefined;
}

function devicesFit(machine: Machine): Defect | undefined {
  for (const [i, d] of machine.devices.entries()) {
    if (d.group >= machine.groups.length)
      return { path: `devices.${i}.group`, reason: `there are only ${machine.groups.length} groups` };
    const { behind } = machine.groups[d.group]!;
    if (behind === 'emulated' && (d.driver === 'kernel' || d.driver === 'stub'))
      return {
        path: `devices.${i}.driver`,
        reason: 'an emulated device has the driver that makes it, or none',
      };
    if (d.driver === 'vfio' && typeof behind === 'number' && machine.iommus[behind]!.coherent === false)
      return { path: `devices.${i}.driver`, reason: 'VFIO takes no device behind an incoherent IOMMU' };
  }
  return undefined;
}

function memoryFits(machine: Machine): Defect | undefined {
  for (const [i, { memory: runs }] of machine.mms.entries()) {
    let end = 0n;
    for (const [k, r] of runs.entries()) {
      if (unaligned(r.start) || unaligned(r.size) || r.start < end || r.start + r.size > 1n << 64n)
        return { path: `mms.${i}.memory.${k}`, reason: 'whole pages of 4 KiB, in order and apart' };
      end = r.start + r.size;
    }
  }
  return undefined;
}

/** Unknown devices, groups and handles are refused by the law; a caller without a process is no caller. */
export function opFits(machine: Machine, op: Op): Defect | undefined {
  if ('mm' in op && op.mm !== null && op.mm >= machine.mms.length)
    return { path: 'mm', reason: `there are only ${machine.mms.length} address spaces` };
  if ('bitmap' in op && op.bitmap?.pgsize === 0n)
    return { path: 'bitmap.pgsize', reason: 'what the kernel makes of a page size of 0 is not defined' };
  const at = 'device' in op && op.op !== 'get_device' ? machine.devices[op.device] : undefined;
  const emulated = at !== undefined && machine.groups[at.group]!.behind === 'emulated';
  if (op.op === 'bind' && emulated && op.driver !== 'vfio')
    return { path: 'driver', reason: 'an emulated device has the driver that makes it, or none' };
  if ((op.op === 'pin' || op.op === 'unpin' || op.op === 'rw') && !emulated)
    return { path: 'device', reason: 'only an emulated device reaches memory by calls of its driver' };
  if ((op.op === 'pin' || op.op === 'unpin') && unaligned(op.iova))
    return { path: 'iova', reason: 'pages begin at a multiple of 4 KiB' };
  if (
    op.op === 'dirty_pages' &&
    op.what === 'get' &&
    (op.iova === undefined || op.size === undefined || op.bitmap === undefined)
  )
    return { path: 'bitmap', reason: 'a bitmap is asked for with iova, size and bitmap' };
  return undefined;
}
