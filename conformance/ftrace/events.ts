// What does each kind of trace event say, in the words of the profile linux-dma?
import type { Op } from '../../spec/protocol/linux-dma.js';
import type { Scanner } from './scanner.js';

type Reader = (args: Scanner, task: string) => Op;

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

/** `iova=START - END`: the end must be where the size says. */
function range(args: Scanner): { iova: bigint; sized: (size: bigint) => void } {
  args.literal('IOMMU: iova=');
  const iova = args.address('iova');
  args.literal(' - ');
  const end = args.address('end');
  return {
    iova,
    sized: size => {
      if (((iova + size) & 0xffff_ffff_ffff_ffffn) !== end) {
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

function segment(args: Scanner): { addr: bigint; size: bigint } {
  args.literal('dma_addr=');
  const addr = args.hex('dma_addr');
  args.literal(' size=');
  const size = args.decimal('size');
  if (size === 0n || addr + size > 1n << 64n)
    args.fail('size', `${size} bytes at 0x${addr.toString(16)} are no range`);
  return { addr, size };
}

function attributes(args: Scanner): { attrs?: string } {
  args.literal('attrs=');
  const attrs = args.rest();
  return attrs === '' ? {} : { attrs };
}

const mapOne =
  (via: 'page' | 'resource'): Reader =>
  args => {
    const device = user(args);
    const segments = [segment(args)];
    args.literal(' phys_addr=');
    const phys = args.hex('phys_addr');
    args.literal(' ');
    return { op: 'dma_map', via, device, segments, phys, ...attributes(args) };
  };

const unmapOne =
  (via: 'page' | 'resource'): Reader =>
  args => {
    const device = user(args);
    const segments = [segment(args)];
    args.literal(' ');
    return { op: 'dma_unmap', via, device, segments, ...attributes(args) };
  };

/** `NAME=SHOWN/ALL`: of a long list the kernel shows the beginning only. */
function share(args: Scanner, name: string): boolean {
  args.literal(`${name}=`);
  const shown = args.count(name);
  args.literal('/');
  return shown < args.count(name);
}

const mapList: Reader = args => {
  const device = user(args);
  share(args, 'nents');
  args.literal(' ');
  const partial = share(args, 'ents');
  args.literal(' dma_addrs=');
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

const buffer =
  (op: 'dma_alloc' | 'dma_free'): Reader =>
  args => {
    const device = user(args);
    const { addr, size } = segment(args);
    args.literal(' virt_addr=');
    args.word('virt_addr');
    args.literal(' ');
    if (op === 'dma_alloc') {
      args.literal('flags=');
      args.word('flags');
      args.literal(' ');
    }
    return { op, device, addr, size, ...attributes(args) };
  };

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

const flushRange: Reader = (args, task) => {
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
  args.literal(' pages ');
  const pages = args.address('pages');
  args.literal(' mask ');
  const mask = args.address('mask');
  return { op: 'cache_tag_flush_range', unit, type, did, pasid, start, last, addr, pages, mask, task };
};

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
  dma_map_sg: mapList,
  dma_unmap_page: unmapOne('page'),
  dma_unmap_resource: unmapOne('resource'),
  dma_unmap_sg: unmapList,
  dma_alloc: buffer('dma_alloc'),
  dma_free: buffer('dma_free'),
  cache_tag_assign: (args, task) => ({ op: 'cache_tag_assign', ...tag(args), task }),
  cache_tag_unassign: (args, task) => ({ op: 'cache_tag_unassign', ...tag(args), task }),
  cache_tag_flush_range: flushRange,
  cache_tag_flush_range_np: (args, task) => ({ ...flushRange(args, task), np: true }) as Op,
  cache_tag_flush_all: (args, task) => {
    const { ref: _ref, ...rest } = tag(args);
    return { op: 'cache_tag_flush_all', ...rest, task };
  },
  qi_submit: submit,
};
