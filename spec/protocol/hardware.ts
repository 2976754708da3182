// Which words does the profile hardware speak: an IOMMU, its tables in memory, its caches and its commands?
import * as t from 'io-ts';
import { closed, type Defect, Hex64, list, tagged, text, whole, word } from './codec.js';

const index = (name: string) => whole(name, 0, 65_535);
/** What translations are tagged with: a domain id (VT-d, AMD), an ASID or VMID (SMMUv3), a PSCID or GSCID (RISC-V). */
const tag = whole('tag', 0, 65_535);
const pasid = whole('pasid', 1, 0xf_ffff);
const device = index('device');
const table = index('table');
const space = index('space');
const prot = word('r', 'w', 'rw');

/**
 * The IOMMU that a recording was taken on. Everything is named by its position in these lists ever after. A page has
 * 4 KiB; a table has 2^`bits` entries, and a root is a table of level `levels`.
 */
export const Machine = closed('machine', {
  architecture: word('vt-d', 'smmu-v3', 'risc-v', 'amd'),
  /** What is not present may be cached: CAP.CM of VT-d, NpCache of AMD. */
  cachingMode: t.boolean,
  /** A range can name entries that are no leaves: capabilities.NL of RISC-V; the others always can. */
  nonLeafRange: t.boolean,
  /** Unmapped addresses wait in a flush queue and are not given out again before. */
  lazy: t.boolean,
  levels: whole('levels', 1, 6),
  bits: whole('bits', 1, 13),
  /** `ats`: it has a TLB of its own. */
  devices: list(closed('device', { name: text('device name', 64), ats: t.boolean })),
  /** The PASIDs that are ever used. */
  pasids: list(pasid),
  /** Pages of memory that hold tables. `free`: the driver of `spaces` may take it. */
  tables: list(closed('table', { free: t.boolean })),
  /** Address spaces that the driver keeps by itself: a tag and a root. */
  spaces: list(closed('space', { tag, table })),
});
export type Machine = t.TypeOf<typeof Machine>;

/** An entry of a table: nothing, a page that it maps, or the table of the next level. */
const Entry = tagged('is', {
  none: closed('none', { is: t.literal('none') }),
  leaf: closed('leaf', { is: t.literal('leaf'), paddr: Hex64, prot }),
  table: closed('table', { is: t.literal('table'), table }),
});

/** An entry of a device or of a process of it: nothing, or an address space. `ats`, `pasids`: of a device's only. */
const Way = tagged('is', {
  none: closed('none', { is: t.literal('none') }),
  space: closed('space', { is: t.literal('space'), tag, table }, { ats: t.boolean, pasids: t.boolean }),
});

/** A block of 2^`order` pages; the low bits of the address are not looked at. */
const range = closed('range', { iova: Hex64, order: whole('order', 0, 52) });

/**
 * An invalidation: of the entries of devices (context, device table, stream table, device directory), of the entries
 * of processes (PASID tables, CDs, process directory), of the IOTLB, and of the TLB in a device. What is left out
 * means all. `leaf`: entries that point at tables may stay.
 */
const Command = tagged('is', {
  context: closed('context', { is: t.literal('context') }, { tag, device }),
  process: closed('process', { is: t.literal('process') }, { tag, device, pasid }),
  iotlb: closed('iotlb', { is: t.literal('iotlb'), leaf: t.boolean }, { tag, pasid, range }),
  device_tlb: closed('device_tlb', { is: t.literal('device_tlb'), device }, { pasid, range }),
});
export type Command = t.TypeOf<typeof Command>;

const iova = Hex64;
const request = { device, iova, access: word('read', 'write') };

const ops = {
  /** Software writes an entry of a table; the write is visible to the IOMMU. */
  write_entry: closed('write_entry', {
    op: t.literal('write_entry'),
    table,
    index: whole('index', 0, 8191),
    entry: Entry,
  }),
  /** Software writes the entry of a device, whole. */
  write_context: closed('write_context', { op: t.literal('write_context'), device, entry: Way }),
  /** Software writes the entry of a process of a device, whole. */
  write_process: closed('write_process', { op: t.literal('write_process'), device, pasid, entry: Way }),
  /** Software puts an invalidation into the command queue. */
  submit: closed('submit', { op: t.literal('submit'), command: Command }),
  /** Software puts a wait into the queue: a wait descriptor, CMD_SYNC, IOFENCE.C, COMPLETION_WAIT. */
  wait: closed('wait', { op: t.literal('wait') }),
  /** The oldest wait has completed, and software has seen it. */
  complete: closed('complete', { op: t.literal('complete') }),
  /** A device reads or writes within one page; the answer says where, or that it faulted. */
  access: closed('access', { op: t.literal('access'), ...request }, { pasid }),
  /** A device asks by ATS where an address leads; without a right to it, the answer is a fault. */
  translate: closed('translate', { op: t.literal('translate'), ...request }, { pasid }),
  /** The driver puts a device into an address space of its own, or takes it out (null). */
  attach: closed('attach', { op: t.literal('attach'), device, space: t.union([space, t.null]) }),
  /** The driver maps one leaf. `size`: a size that a leaf can have. */
  map: closed('map', { op: t.literal('map'), space, iova, paddr: Hex64, size: Hex64, prot }),
  /** The driver clears what is mapped in a range, up to the first hole. Caches are not flushed yet. */
  unmap: closed('unmap', { op: t.literal('unmap'), space, iova, size: Hex64 }),
  /** The driver flushes what is owed since an unmap: the range, or with a flush queue the whole address space. */
  sync: closed('sync', { op: t.literal('sync'), space }),
  /** The driver looks up where an address leads; 0: nowhere. */
  lookup: closed('lookup', { op: t.literal('lookup'), space, iova }),
};

export const Op = tagged('op', ops);
export type Op = t.TypeOf<(typeof ops)[keyof typeof ops]>;

export function machineFits(machine: Machine): Defect | undefined {
  const { architecture, cachingMode, nonLeafRange, tables, spaces, levels, bits, pasids } = machine;
  if (cachingMode && architecture !== 'vt-d' && architecture !== 'amd')
    return { path: 'cachingMode', reason: `${architecture} never caches what is not present` };
  if (!nonLeafRange && architecture !== 'risc-v')
    return { path: 'nonLeafRange', reason: `a range of ${architecture} can always name all entries` };
  if (levels * bits > 52) return { path: 'levels', reason: 'more than 64 bits of an address are translated' };
  if (new Set(pasids).size < pasids.length) return { path: 'pasids', reason: 'a PASID is there twice' };
  for (const [at, { table }] of spaces.entries()) {
    if (table >= tables.length || tables[table]!.free)
      return { path: `spaces.${at}.table`, reason: 'a root is a table that is not free' };
  }
  return undefined;
}

/** The names that an operation carries, wherever in it they are. */
interface Names {
  readonly device?: number;
  readonly pasid?: number;
  readonly table?: number;
  readonly space?: number | null;
  readonly index?: number;
}

export function opFits(machine: Machine, op: Op): Defect | undefined {
  const inner = (op as { entry?: Names }).entry ?? (op as { command?: Names }).command;
  return (
    lacking(machine, op as Names, '') ??
    (inner && lacking(machine, inner, 'entry' in op ? 'entry.' : 'command.')) ??
    sizes(machine, op)
  );
}

function lacking(machine: Machine, names: Names, path: string): Defect | undefined {
  const most = {
    device: machine.devices.length,
    table: machine.tables.length,
    space: machine.spaces.length,
    index: 2 ** machine.bits,
  };
  for (const key of ['device', 'table', 'space', 'index'] as const) {
    const value = names[key];
    if (typeof value === 'number' && value >= most[key])
      return { path: path + key, reason: `there are only ${most[key]}` };
  }
  if (names.pasid !== undefined && !machine.pasids.includes(names.pasid))
    return { path: `${path}pasid`, reason: 'a PASID that the machine does not name' };
  return undefined;
}

const PAGE = 4096n;

function sizes(machine: Machine, op: Op): Defect | undefined {
  if (op.op === 'write_entry' && op.entry.is === 'leaf' && op.entry.paddr % PAGE !== 0n)
    return { path: 'entry.paddr', reason: 'a leaf maps whole pages' };
  if (op.op !== 'map' && op.op !== 'unmap') return undefined;
  if (op.iova % PAGE !== 0n || op.size % PAGE !== 0n || op.size === 0n)
    return { path: 'size', reason: 'whole pages, and at least one' };
  if ((op.iova + op.size) / PAGE > 1n << BigInt(machine.levels * machine.bits))
    return { path: 'iova', reason: 'an address that no table leads to' };
  if (op.op === 'unmap') return undefined;
  const leaves = Array.from({ length: machine.levels }, (_, level) => PAGE << BigInt(level * machine.bits));
  if (!leaves.includes(op.size)) return { path: 'size', reason: 'a size that a leaf can have' };
  return op.iova % op.size === 0n && op.paddr % op.size === 0n
    ? undefined
    : { path: 'iova', reason: 'both addresses are multiples of the size' };
}
