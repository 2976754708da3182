// Which calls does a bounded world of vfio-type1 try?
import { pagesOf } from '../../spec/vfio-type1/pages.js';
import type { Op, State } from '../../spec/vfio-type1/state.js';

type Prot = 'r' | 'w' | 'rw';

/**
 * Families of calls that a world includes. Descriptors have fixed names, so that none are the same by renaming:
 * containers first, then one for each group, then one or more for each device, then those of `dups`.
 */
export interface Scope {
  readonly containers: number;
  readonly groups: readonly number[];
  /** Which devices are opened, and how many descriptors each may have. */
  readonly devices?: readonly number[];
  readonly opens?: number;
  /** Names that are doubled. */
  readonly dups?: readonly number[];
  readonly types: readonly Extract<Op, { op: 'set_iommu' }>['type'][];
  /** Processes that map, and that open and attach. */
  readonly mms?: readonly number[];
  readonly callers?: readonly number[];
  /** Pages of IOVA that are mapped and unmapped, in one piece or more; 0: none. */
  readonly pages: number;
  readonly longest?: number;
  readonly prots?: readonly Prot[];
  /** User pages that a mapping of page 0 begins at. */
  readonly memory?: readonly number[];
  readonly all?: boolean;
  readonly invalidate?: boolean;
  readonly dirty?: boolean;
  readonly dma?: readonly number[];
  /** Emulated devices that pin, and in how many pages at once. */
  readonly pins?: readonly number[];
  readonly pinned?: number;
  readonly rw?: boolean;
  /** Devices that come and go, and whose drivers change. */
  readonly hotplug?: readonly number[];
  readonly drivers?: readonly number[];
  readonly kinds?: readonly Extract<Op, { op: 'bind' }>['driver'][];
  readonly ask?: boolean;
  /** Arguments that are wrong in every way that a rule knows. */
  readonly wrong?: boolean;
}

const PAGE = 4096n;
export const VADDR = 0x10n;
const at = (page: number): bigint => BigInt(page) * PAGE;
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

export const containerNames = (s: Scope): readonly number[] => range(s.containers);
export const groupName = (s: Scope, g: number): number => s.containers + s.groups.indexOf(g);
const deviceNames = (s: Scope, d: number): readonly number[] => {
  const opens = s.opens ?? 1;
  const first = s.containers + s.groups.length + (s.devices ?? []).indexOf(d) * opens;
  return range(opens).map(i => first + i);
};
const dupName = (s: Scope, i: number): number =>
  s.containers + s.groups.length + (s.devices ?? []).length * (s.opens ?? 1) + i;
export const handlesIn = (s: Scope): number => dupName(s, (s.dups ?? []).length);

/** Every instance of every call in scope, in a fixed order. */
export function opsOf(scope: Scope, groupOf: (device: number) => number): readonly Op[] {
  return [
    ...entering(scope, groupOf),
    ...mappings(scope),
    ...memory(scope),
    ...coming(scope),
    ...(scope.ask ? asking(scope) : []),
    ...(scope.wrong ? wrongs(scope) : []),
  ];
}

/** A page is pinned twice by one device at most: that bounds the world, as the number of descriptors does. */
export function offers(s: State, op: Op): boolean {
  if (op.op !== 'pin') return true;
  const first = pagesOf(op.iova);
  return range(op.pages).every(i => s.pins[op.device]!.get(first + i).count < 2);
}

function entering(s: Scope, groupOf: (device: number) => number): readonly Op[] {
  const ops: Op[] = containerNames(s).map(as => ({ op: 'open_container', as }));
  for (const mm of s.callers ?? [0]) {
    for (const g of s.groups) {
      const handle = groupName(s, g);
      ops.push({ op: 'open_group', group: g, as: handle, mm });
      for (const container of containerNames(s)) ops.push({ op: 'set_container', handle, container, mm });
    }
    for (const handle of containerNames(s))
      for (const type of s.types) ops.push({ op: 'set_iommu', handle, type, mm });
    for (const d of s.devices ?? [])
      for (const as of deviceNames(s, d))
        ops.push({ op: 'get_device', handle: groupName(s, groupOf(d)), device: d, as, mm });
  }
  for (const g of s.groups) ops.push({ op: 'unset_container', handle: groupName(s, g) });
  for (const [i, handle] of (s.dups ?? []).entries()) ops.push({ op: 'dup', handle, as: dupName(s, i) });
  for (const handle of range(handlesIn(s))) ops.push({ op: 'close', handle });
  return ops;
}

function mappings(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const handle of containerNames(s)) {
    for (const page of range(s.pages)) {
      for (let count = 1; page + count <= s.pages && count <= (s.longest ?? s.pages); count++) {
        const what = { handle, iova: at(page), size: at(count) };
        for (const mm of s.mms ?? [0])
          for (const first of s.memory ?? [Number(VADDR)])
            for (const prot of s.prots ?? (['rw'] as const))
              ops.push({ op: 'map', ...what, vaddr: at(first + page), prot, mm });
        ops.push({ op: 'unmap', ...what });
        if (s.dirty) {
          const bitmap = { size: 8n, pgsize: PAGE };
          ops.push({ op: 'unmap', ...what, bitmap }, { op: 'dirty_pages', ...what, what: 'get', bitmap });
        }
        if (!s.invalidate) continue;
        ops.push({ op: 'unmap', ...what, invalidate: true });
        for (const mm of s.mms ?? [0]) {
          const vaddr = at(Number(VADDR) + page);
          ops.push({ op: 'map', ...what, vaddr, prot: 'none', renew: true, mm });
        }
      }
    }
    if (s.all) ops.push({ op: 'unmap', handle, iova: 0n, size: 0n, all: true });
    if (s.all && s.invalidate)
      ops.push({ op: 'unmap', handle, iova: 0n, size: 0n, all: true, invalidate: true });
    if (s.dirty) for (const what of ['start', 'stop'] as const) ops.push({ op: 'dirty_pages', handle, what });
  }
  return ops;
}

function memory(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const page of range(s.pages)) {
    const iova = at(page);
    for (const access of ['read', 'write'] as const) {
      for (const device of s.dma ?? []) ops.push({ op: 'dma', device, iova, access });
      for (const device of s.rw ? (s.pins ?? []) : [])
        for (const mm of [...(s.mms ?? [0]), null]) ops.push({ op: 'rw', device, iova, access, mm });
    }
    for (const device of s.pins ?? []) {
      for (let pages = 1; pages <= (s.pinned ?? 1) && page + pages <= s.pages; pages++) {
        for (const prot of s.prots ?? (['rw'] as const)) ops.push({ op: 'pin', device, iova, pages, prot });
        ops.push({ op: 'unpin', device, iova, pages });
      }
    }
  }
  return ops;
}

function coming(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const device of s.hotplug ?? []) ops.push({ op: 'hot_add', device }, { op: 'hot_remove', device });
  for (const device of s.drivers ?? []) {
    for (const driver of s.kinds ?? (['vfio'] as const)) ops.push({ op: 'bind', device, driver });
    ops.push({ op: 'unbind', device });
  }
  for (const device of new Set([...(s.hotplug ?? []), ...(s.drivers ?? [])]))
    ops.push({ op: 'resume', device });
  return ops;
}

const EXTENSIONS = [
  'type1',
  'type1v2',
  'nesting',
  'noiommu',
  'unmap-all',
  'update-vaddr',
  'dma-cc',
  'other',
] as const;

function asking(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const handle of containerNames(s)) {
    for (const extension of EXTENSIONS) ops.push({ op: 'check_extension', handle, extension });
    ops.push({ op: 'iommu_info', handle, argsz: 24 }, { op: 'iommu_info', handle, argsz: 4096 });
  }
  for (const g of s.groups) ops.push({ op: 'group_status', handle: groupName(s, g) });
  for (const d of s.devices ?? []) ops.push({ op: 'device_reset', handle: deviceNames(s, d)[0]! });
  return ops;
}

/** One instance for each way to be wrong; they are refused, so they cost no states. */
function wrongs(s: Scope): readonly Op[] {
  const handles = [-1, ...range(handlesIn(s))];
  const mm = 0;
  const fine = { iova: 0n, size: PAGE, vaddr: VADDR * PAGE, prot: 'rw', mm } as const;
  return [
    ...handles.flatMap((handle): readonly Op[] => [
      { op: 'map', handle, ...fine },
      { op: 'unmap', handle, iova: 0n, size: PAGE },
      { op: 'iommu_info', handle, argsz: 4096 },
      { op: 'check_extension', handle, extension: 'other' },
      { op: 'set_iommu', handle, type: 'other', mm },
      { op: 'dirty_pages', handle, what: 'stop' },
      { op: 'group_status', handle },
      { op: 'set_container', handle, container: null, mm },
      { op: 'unset_container', handle },
      { op: 'get_device', handle, device: 99, as: 0, mm },
      { op: 'device_reset', handle },
    ]),
    ...wrongEntering(s, handles),
    ...wrongMaps(fine),
    ...wrongUnmaps(),
    ...wrongReports(),
    ...wrongDrivers(),
  ];
}

function wrongEntering(s: Scope, handles: readonly number[]): readonly Op[] {
  const handle = groupName(s, s.groups[0]!);
  const mm = 0;
  return [
    { op: 'dup', handle: -1, as: 0 },
    { op: 'close', handle: -1 },
    { op: 'open_group', group: 99, as: groupName(s, s.groups[0]!), mm },
    ...handles.map((container): Op => ({ op: 'set_container', handle, container, mm })),
    { op: 'set_container', handle, container: 0, mm, arg: 'unreadable' },
    ...(['unreadable', 'short', 'unwritable'] as const).flatMap((arg): readonly Op[] => [
      { op: 'group_status', handle, arg },
      { op: 'iommu_info', handle: 0, argsz: 4096, arg },
    ]),
    { op: 'iommu_info', handle: 0, argsz: 15 },
    { op: 'get_device', handle, device: 0, as: 0, mm, arg: 'unreadable' },
  ];
}

type Map = Extract<Op, { op: 'map' }>;
const TOP = 0xffff_ffff_ffff_f000n;

function wrongMaps(fine: Omit<Map, 'op' | 'handle'>): readonly Op[] {
  const but = (fields: Partial<Map>): Op => ({ op: 'map', handle: 0, ...fine, ...fields });
  return [
    but({ arg: 'unreadable' }),
    but({ arg: 'short' }),
    but({ unknown: true }),
    but({ size: 0n }),
    but({ size: 0n, prot: 'none' }),
    but({ iova: TOP, size: 2n * PAGE }),
    but({ iova: TOP, size: 2n * PAGE, prot: 'none' }),
    but({ vaddr: TOP, size: 2n * PAGE }),
    but({ prot: 'none' }),
    but({ renew: true }),
    but({ prot: 'none', renew: true }),
    but({ iova: 1n }),
    but({ vaddr: 1n }),
    but({ size: 1n }),
    but({ vaddr: 0x9000_0000n }),
    but({ iova: 1n << 50n }),
  ];
}

type Unmap = Extract<Op, { op: 'unmap' }>;

function wrongUnmaps(): readonly Op[] {
  const but = (fields: Partial<Unmap>): Op => ({ op: 'unmap', handle: 0, iova: 0n, size: PAGE, ...fields });
  const bitmap = { size: 8n, pgsize: PAGE };
  return [
    but({ arg: 'unreadable' }),
    but({ arg: 'short' }),
    but({ arg: 'unwritable' }),
    but({ arg: 'unwritable', invalidate: true }),
    but({ unknown: true }),
    but({ bitmap, all: true }),
    but({ bitmap, invalidate: true }),
    ...(['short', 'unreadable', 'outside', 'unwritable'] as const).map(arg =>
      but({ bitmap: { ...bitmap, arg } }),
    ),
    but({ bitmap: { ...bitmap, size: 0n } }),
    but({ bitmap: { ...bitmap, size: 1n << 29n } }),
    but({ bitmap: { ...bitmap, pgsize: 2n * PAGE } }),
    but({ bitmap: { ...bitmap, pgsize: PAGE + 2n * PAGE } }),
    but({ iova: 1n }),
    but({ all: true }),
    but({ size: 0n }),
    but({ size: 1n }),
    but({ iova: TOP, size: 2n * PAGE }),
  ];
}

type Report = Extract<Op, { op: 'dirty_pages' }>;

function wrongReports(): readonly Op[] {
  const bitmap = { size: 8n, pgsize: PAGE };
  const but = (fields: Partial<Report>): Op => ({
    op: 'dirty_pages',
    handle: 0,
    what: 'get',
    iova: 0n,
    size: PAGE,
    bitmap,
    ...fields,
  });
  return [
    but({}),
    but({ arg: 'unreadable' }),
    but({ arg: 'short' }),
    but({ what: 'many' }),
    but({ what: 'unknown' }),
    but({ size: 0n }),
    but({ iova: TOP, size: PAGE }),
    but({ iova: TOP, size: 2n * PAGE }),
    but({ iova: 1n }),
    but({ size: PAGE + 1n }),
    ...(['short', 'unreadable', 'outside', 'unwritable'] as const).map(arg =>
      but({ bitmap: { ...bitmap, arg } }),
    ),
    but({ bitmap: { ...bitmap, size: 0n } }),
    but({ bitmap: { ...bitmap, pgsize: 2n * PAGE }, size: 2n * PAGE }),
  ];
}

function wrongDrivers(): readonly Op[] {
  const device = 99;
  return [
    { op: 'bind', device, driver: 'vfio' },
    { op: 'unbind', device },
    { op: 'hot_add', device },
    { op: 'hot_remove', device },
    { op: 'resume', device },
    { op: 'resume', device: 0 },
    { op: 'hot_add', device: 0 },
    { op: 'dma', device, iova: 0n, access: 'read' },
    { op: 'dma', device: 0, iova: 0n, access: 'read' },
  ];
}
