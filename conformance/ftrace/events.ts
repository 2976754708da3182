// What does each kind of trace event say, in the words of the profile linux-dma?
import type { Op } from '../../spec/protocol/linux-dma.js';
import type { Scanner } from './scanner.js';

/** Undefined: the line says that nothing happened. */
type Reader = (args: Scanner, task: string) => Op | undefined;

const group =
  (op: 'add_device_to_group' | 'remove_device_from_group'): Reader =>
  args => {
    args.literal('IOMMU: groupID=');
    const id = args.count('groupID');
    args.literal(' device=');
    return { op, group: id, device: args.word('device') };
  };

const domain =
  (op: 'attach_device_to_domain' | 'detach_device_from_domain'): Reader =>
  (args, task) => {
    args.literal('IOMMU: device=');
    return { op, device: args.word('device'), task };
  };

/** `iova=START - END`: the end must be where the size says. Kernels before 5.17 leave it out. */
function range(args: Scanner): { iova: bigint; sized: (size: bigint) => void } {
  args.literal('IOMMU: iova=');
  const iova = args.address('iova');
  const end = args.maybe(' - ') ? args.address('end') : undefined;
  return {
    iova,
    sized: size => {
      if (end !== undefined && ((iova + size) & 0xffff_ffff_ffff_ffffn) !== end) {
        args.fail('size', `${size} bytes from 0x${iova.toString(16)} do not end at 0x${end.toString(16)}`);
      }
    },
  };
}

const map: Reader = (args, task) => {
  const { iova, sized } = range(args);
  args.literal(' paddr=');
  const paddr = args.address('paddr');
  args.literal(' size=');
  const size = args.decimal('size');
  sized(size);
  return { op: 'map', iova, paddr, size, task };
};

const unmap: Reader = (args, task) => {
  const { iova, sized } = range(args);
  args.literal(' size=');
  const size = args.decimal('size');
  sized(size);
  args.literal(' unmapped_size=');
  return { op: 'unmap', iova, size, unmapped: args.decimal('unmapped_size'), task };
};

/** `DEVICE dir=WORD `; kernels before 6.13 leave the direction of an allocation out. */
function user(args: Scanner): string {
  const device = args.word('device');
  args.literal(' ');
  if (args.maybe('dir=')) {
    args.word('dir');
    args.literal(' ');
  }
  return device;
}

/** A size of bytes from `addr` on; 0 is one, where nothing is given back. */
function sizeFrom(args: Scanner, addr: bigint): bigint {
  const size = args.decimal('size');
  if (addr + size > 1n << 64n) args.fail('size', `${size} bytes at 0x${addr.toString(16)} are no range`);
  return size;
}

function segment(args: Scanner): { addr: bigint; size: bigint } {
  args.literal('dma_addr=');
  const addr = args.hex('dma_addr');
  args.literal(' size=');
  const size = sizeFrom(args, addr);
  if (size === 0n) args.fail('size', `0 bytes at 0x${addr.toString(16)} are no range`);
  return { addr, size };
}

function attributes(args: Scanner): { attrs?: string } {
  args.literal('attrs=');
  const attrs = args.rest();
  return attrs === '' ? {} : { attrs };
}

/** 7.2 and later have `phys` alone, for what was `page` and `resource` before. */
const mapOne =
  (via: 'page' | 'resource' | 'phys'): Reader =>
  args => {
    const device = user(args);
    const segments = [segment(args)];
    args.literal(' phys_addr=');
    const phys = args.hex('phys_addr');
    args.literal(' ');
    return { op: 'dma_map', via, device, segments, phys, ...attributes(args) };
  };

const unmapOne =
  (via: 'page' | 'resource' | 'phys'): Reader =>
  args => {
    const device = user(args);
    const segments = [segment(args)];
    args.literal(' ');
    return { op: 'dma_unmap', via, device, segments, ...attributes(args) };
  };

/**
 * `NAME=SHOWN/ALL`: of a long list newer kernels show the beginning only. Older ones print neither number, and as
 * much of the list as their buffer holds.
 */
function share(args: Scanner, name: string): boolean {
  if (!args.maybe(`${name}=`)) return false;
  const shown = args.count(name);
  args.literal('/');
  return shown < args.count(name);
}

const mapList: Reader = args => {
  const device = user(args);
  if (share(args, 'nents')) args.maybe(' [TRUNCATED]');
  args.maybe(' ');
  const counted = share(args, 'ents');
  const partial = args.maybe(' [TRUNCATED]') || counted;
  args.maybe(' ');
  args.literal('dma_addrs=');
  const addrs = args.list('dma_addrs');
  args.literal(' sizes=');
  const sizes = args.list('sizes');
  if (addrs.length !== sizes.length)
    args.fail('sizes', `${sizes.length} sizes for ${addrs.length} addresses`);
  args.literal(' phys_addrs=');
  const phys = args.list('phys_addrs')[0];
  args.literal(' ');
  const segments = addrs.map((addr, i) => ({ addr, size: sizes[i]! }));
  if (segments.some(s => s.size === 0n || s.addr + s.size > 1n << 64n))
    args.fail('sizes', 'an empty or endless segment');
  const rest = {
    ...(phys === undefined ? {} : { phys }),
    ...(partial ? { partial } : {}),
    ...attributes(args),
  };
  return { op: 'dma_map', via: 'sg', device, segments, ...rest };
};

const unmapList: Reader = args => {
  const device = user(args);
  args.literal('phys_addrs=');
  const phys = args.list('phys_addrs')[0];
  args.literal(' ');
  return {
    op: 'dma_unmap',
    via: 'sg',
    device,
    segments: [],
    ...(phys === undefined ? {} : { phys }),
    ...attributes(args),
  };
};

/** An allocation that failed is printed with the address 0 of nothing (dma_alloc_attrs, dma_alloc_pages). */
const NOWHERE = /^\(null\)$|^0+$/;

/** `dma_alloc`, `dma_alloc_pages`, and what gives them back; undefined: there was no memory, so nothing happened. */
const buffer =
  (op: 'dma_alloc' | 'dma_free'): Reader =>
  args => {
    const device = user(args);
    args.literal('dma_addr=');
    const addr = args.hex('dma_addr');
    args.literal(' size=');
    const size = sizeFrom(args, addr);
    args.literal(' virt_addr=');
    const nothing = NOWHERE.test(args.word('virt_addr'));
    args.literal(' ');
    if (op === 'dma_alloc') {
      args.literal('flags=');
      args.word('flags');
      args.literal(' ');
    }
    const rest = attributes(args);
    return op === 'dma_alloc' && nothing ? undefined : { op, device, addr, size, ...rest };
  };

/** `dma_alloc_sgt` and `dma_free_sgt`: scattered memory behind one range of addresses. */
const scattered =
  (op: 'dma_alloc' | 'dma_free'): Reader =>
  args => {
    const device = user(args);
    args.literal('dma_addr=');
    const addr = args.hex('dma_addr');
    args.literal(' size=');
    const size = sizeFrom(args, addr);
    args.literal(' phys_addrs=');
    args.list('phys_addrs');
    if (op === 'dma_free') return { op, device, addr, size };
    args.literal(' flags=');
    args.word('flags');
    args.literal(' ');
    return { op, device, addr, size, ...attributes(args) };
  };

type FlushRange = Extract<Op, { op: 'cache_tag_flush_range' }>;

/** `UNIT/OWNER type TYPE did N pasid N ref N`. */
function tag(args: Scanner) {
  const [unit, owner] = args.word('IOMMU unit').split('/');
  if (!unit || !owner) args.fail('IOMMU unit', 'expected UNIT/DEVICE before this');
  args.literal(' type ');
  const type = args.word('type');
  args.literal(' did ');
  const did = args.count('did');
  args.literal(' pasid ');
  const pasid = args.count('pasid');
  args.literal(' ref ');
  return { unit: unit!, type, did, pasid, ref: args.count('ref') };
}

/** 6.12 prints the pages of the block, 7.2 and later its order alone: it is 2^mask pages (intel/trace.h). */
const flushRange = (args: Scanner, task: string): FlushRange => {
  const unit = args.word('IOMMU unit');
  args.literal(' ');
  args.word('device');
  args.literal('[');
  const pasid = args.count('pasid');
  args.literal('] type ');
  const type = args.word('type');
  args.literal(' did ');
  const did = args.count('did');
  args.literal(' [');
  const start = args.address('start');
  args.literal('-');
  const last = args.address('end');
  args.literal('] addr ');
  const addr = args.address('addr');
  const told = args.maybe(' pages ') ? args.address('pages') : undefined;
  args.literal(' mask ');
  const mask = args.address('mask');
  if (told === undefined && mask > 52n) args.fail('mask', `2^${mask} pages are more than there are`);
  const pages = told ?? 1n << mask;
  return { op: 'cache_tag_flush_range', unit, type, did, pasid, start, last, addr, pages, mask, task };
};

const LAST = (1n << 64n) - 1n;

/** 7.2 and later have no event of its own for a whole domain, but a range that is everything (cache_tag_flush_all). */
function wholeOr(flush: FlushRange): Op {
  if (flush.start !== 0n || flush.last !== LAST) return flush;
  const { unit, type, did, pasid, task } = flush;
  return { op: 'cache_tag_flush_all', unit, type, did, pasid, task };
}

/** `IOMMU:DRIVER DEVICE iova=... flags=...`: report_iommu_fault. A driver's name may be missing. */
const fault: Reader = args => {
  args.literal('IOMMU:');
  args.maybe(' ');
  const first = args.word('driver or device');
  const device = args.maybe(' iova=') ? first : deviceAfter(args);
  const iova = args.address('iova');
  args.literal(' flags=');
  return { op: 'io_page_fault', device, iova, flags: Number(args.address('flags')) };
};

function deviceAfter(args: Scanner): string {
  args.literal(' ');
  const device = args.word('device');
  args.literal(' iova=');
  return device;
}

const submit: Reader = (args, task) => {
  args.word('descriptor');
  args.literal(' ');
  const unit = args.word('IOMMU unit').replace(/:$/, '');
  const words: bigint[] = [];
  for (let i = 0; i < 4; i++) {
    args.literal(' ');
    words.push(args.address(`qw${i}`));
  }
  return { op: 'qi_submit', unit, words, task };
};

/** The readers by the event's name in the trace file. */
export const READERS: { readonly [event: string]: Reader } = {
  add_device_to_group: group('add_device_to_group'),
  remove_device_from_group: group('remove_device_from_group'),
  attach_device_to_domain: domain('attach_device_to_domain'),
  detach_device_from_domain: domain('detach_device_from_domain'),
  map,
  unmap,
  dma_map_page: mapOne('page'),
  dma_map_resource: mapOne('resource'),
  dma_map_phys: mapOne('phys'),
  dma_map_sg: mapList,
  dma_unmap_page: unmapOne('page'),
  dma_unmap_resource: unmapOne('resource'),
  dma_unmap_phys: unmapOne('phys'),
  dma_unmap_sg: unmapList,
  dma_alloc: buffer('dma_alloc'),
  dma_alloc_pages: buffer('dma_alloc'),
  dma_alloc_sgt: scattered('dma_alloc'),
  dma_free: buffer('dma_free'),
  dma_free_pages: buffer('dma_free'),
  dma_free_sgt: scattered('dma_free'),
  cache_tag_assign: (args, task) => ({ op: 'cache_tag_assign', ...tag(args), task }),
  cache_tag_unassign: (args, task) => ({ op: 'cache_tag_unassign', ...tag(args), task }),
  cache_tag_flush_range: (args, task) => wholeOr(flushRange(args, task)),
  cache_tag_flush_range_np: (args, task) => ({ ...flushRange(args, task), np: true }),
  cache_tag_flush_all: (args, task) => {
    const { ref: _ref, ...rest } = tag(args);
    return { op: 'cache_tag_flush_all', ...rest, task };
  },
  io_page_fault: fault,
  qi_submit: submit,
};
