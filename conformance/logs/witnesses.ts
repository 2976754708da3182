// Which arguments can a call have had of which a log shows the request and the answer only?
import type { Op } from '../../spec/protocol/vfio-type1.js';
import { bytesOf } from '../../spec/vfio-type1/pages.js';
import type { State } from '../../spec/vfio-type1/state.js';

/** Memory that every process of a log is taken to have, since most logs do not show it; all else is not there. */
export const MEMORY = { start: 0x1_0000n, size: 0x7fff_ffff_0000n, prot: 'rw' } as const;
/** Where there is none. */
export const NOWHERE = 0x1000n;
const PAGE = 0x1000n;
/** Open maps are laid out from here on, one page each, apart. */
const OPEN_MAPS = 0x10_0000_0000n;
/** Where nothing is ever mapped. */
const HOLE = 0x8_0000_0000n;
/** More mappings than this say no more: from then on an open unmap takes one away. */
const MANY = 500;

type Range = { readonly iova: bigint; readonly size: bigint };

interface Known {
  readonly range: Range;
}

/** The mappings of the container of a descriptor, the first few; none for other descriptors. */
function mapped(s: State, handle: number): readonly Known[] {
  const { kind, target } = s.handles.get(handle);
  if (kind !== 'container') return [];
  const found: Known[] = [];
  const runs = s.maps[target]!;
  for (let at = runs.ceiling(0); at >= 0 && found.length < 4; at = runs.ceiling(at + 1))
    found.push({ range: { iova: bytesOf(at), size: bytesOf(runs.get(at).pages) } });
  return found;
}

const sizeOf = (s: State, handle: number): number => {
  const { kind, target } = s.handles.get(handle);
  return kind === 'container' ? s.maps[target]!.size : 0;
};

/** A free page behind all that is mapped from there on. */
function free(s: State, handle: number): bigint {
  const { kind, target } = s.handles.get(handle);
  const last = kind === 'container' ? s.maps[target]!.floor(Number.MAX_SAFE_INTEGER) : -1;
  const end = last < 0 ? 0n : bytesOf(last + s.maps[target]!.get(last).pages);
  return end + PAGE > OPEN_MAPS ? end + PAGE : OPEN_MAPS;
}

/** A map of which only the descriptor and the process are known. */
export function openMaps(handle: number, mm: number): (s: State) => readonly Op[] {
  return s => {
    const good = {
      op: 'map',
      handle,
      iova: free(s, handle),
      size: PAGE,
      vaddr: MEMORY.start,
      prot: 'rw',
      mm,
    } as const;
    return [
      good,
      ...mapped(s, handle).map(k => ({ ...good, ...k.range })),
      { ...good, size: 0n },
      { ...good, vaddr: NOWHERE },
      { ...good, iova: (1n << 64n) - PAGE, size: 2n * PAGE },
      { ...good, iova: (1n << 64n) - PAGE },
      { ...good, arg: 'unreadable' },
      { ...good, prot: 'none', renew: true },
      ...mapped(s, handle).map(k => ({ ...good, ...k.range, prot: 'none', renew: true }) as const),
    ];
  };
}

/** An unmap of which only the descriptor is known. What it removed is not known either, so nothing is taken away. */
export function openUnmaps(handle: number): (s: State) => readonly Op[] {
  return s => {
    const hole = { op: 'unmap', handle, iova: HOLE, size: PAGE } as const;
    const own = mapped(s, handle);
    const first = own.slice(0, 1).map(k => ({ ...hole, ...k.range }));
    return [
      ...(sizeOf(s, handle) >= MANY ? first : []),
      hole,
      ...first,
      { ...hole, size: 0n },
      { ...hole, iova: (1n << 64n) - PAGE, size: 2n * PAGE },
      { ...hole, arg: 'unreadable' },
      { ...hole, arg: 'unwritable' },
      { ...hole, invalidate: true },
    ];
  };
}

/** GET_INFO, GET_STATUS: what was asked in how many bytes, and what was answered, are in memory. */
export const openInfos = (handle: number): readonly Op[] => [
  { op: 'iommu_info', handle, argsz: 0x1000 },
  { op: 'iommu_info', handle, argsz: 32 },
  { op: 'iommu_info', handle, argsz: 4 },
  { op: 'iommu_info', handle, argsz: 32, arg: 'unreadable' },
];

export const openStatus = (handle: number): readonly Op[] => [
  { op: 'group_status', handle },
  { op: 'group_status', handle, arg: 'short' },
  { op: 'group_status', handle, arg: 'unreadable' },
];

/** SET_CONTAINER of which only the group is known: any container, the youngest first, or what is none. */
export function openJoins(handle: number, mm: number): (s: State) => readonly Op[] {
  return s => {
    const containers = s.handles.reduce(
      (found: readonly number[], h, key) => (h.kind === 'container' ? [key, ...found] : found),
      [],
    );
    const join = { op: 'set_container', handle, mm } as const;
    return [
      ...containers.map(container => ({ ...join, container })),
      { ...join, container: null },
      { ...join, container: -1 },
      { ...join, container: containers[0] ?? null, arg: 'unreadable' },
    ];
  };
}

/** GET_DEVICE_FD of which the name is not known: each device of the group, one that there is not, a bad pointer. */
export function openDevices(handle: number, as: number, mm: number): (s: State) => readonly Op[] {
  return s => {
    const { target } = s.handles.get(handle);
    const get = { op: 'get_device', handle, as, mm } as const;
    const own = s.devices.flatMap((d, device) => (d.group === target ? [{ ...get, device }] : []));
    return [...own, { ...get, device: s.devices.length }, { ...get, device: 0, arg: 'unreadable' }];
  };
}

export const openDirty = (handle: number): readonly Op[] => [
  { op: 'dirty_pages', handle, what: 'start' },
  { op: 'dirty_pages', handle, what: 'stop' },
  { op: 'dirty_pages', handle, what: 'many' },
  { op: 'dirty_pages', handle, what: 'start', arg: 'unreadable' },
];
