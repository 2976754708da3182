// Which words does the profile linux-dma speak: what a Linux kernel's iommu, dma and intel_iommu trace events report?
import * as t from 'io-ts';
import { closed, Hex64, list, tagged, text, whole, word } from './codec.js';

/** The recording: which families of events it holds, and how the kernel was told to invalidate. */
export const Machine = closed(
  'machine',
  {
    /** `strict`: a removed range is invalidated before the unmap returns. `lazy`: later, in one flush. */
    mode: word('strict', 'lazy'),
    /** The `cache_tag_*` events are recorded, so domain ids are visible. */
    tags: t.boolean,
    /** The `qi_submit` events are recorded, so the hardware's own commands are visible. */
    queue: t.boolean,
    /** The `dma_*` events are recorded, so the users of mappings are visible. */
    dma: t.boolean,
  },
  {
    /** The hardware remembers absent entries (CM=1) of second-level tables: what was mapped is flushed, too. Left out: no. */
    caching: t.boolean,
    /** The recording begins late: there may be groups, devices and domains that no line has shown. Left out: no. */
    partial: t.boolean,
  },
);
export type Machine = t.TypeOf<typeof Machine>;

const device = text('device', 64);
const unit = text('IOMMU unit', 32);
const group = whole('group', 0, 0x7fff_ffff);
const did = whole('domain id', 0, 0xffff_ffff);
const pasid = whole('pasid', 0, 0xffff_ffff);
/** The context that printed the line: a process, or an interrupt in it. What one context does is in order. */
const task = text('task', 32);
const tag = text('tag type', 32);
const attrs = { attrs: text('attributes', 200) };

const segment = closed('segment', { addr: Hex64, size: Hex64 });

const ops = {
  add_device_to_group: closed('add_device_to_group', { op: t.literal('add_device_to_group'), group, device }),
  remove_device_from_group: closed('remove_device_from_group', {
    op: t.literal('remove_device_from_group'),
    group,
    device,
  }),
  attach_device_to_domain: closed('attach_device_to_domain', {
    op: t.literal('attach_device_to_domain'),
    device,
    task,
  }),
  /** Kernels before 6.7 report it; newer ones attach the blocking domain instead. */
  detach_device_from_domain: closed('detach_device_from_domain', {
    op: t.literal('detach_device_from_domain'),
    device,
    task,
  }),
  /** iommu_map: names neither the domain nor the device. Addresses and sizes in bytes. */
  map: closed('map', { op: t.literal('map'), iova: Hex64, paddr: Hex64, size: Hex64, task }),
  /** iommu_unmap: `size` was asked for, `unmapped` was removed. */
  unmap: closed('unmap', { op: t.literal('unmap'), iova: Hex64, size: Hex64, unmapped: Hex64, task }),
  /** dma_map_page, dma_map_resource, dma_map_phys, dma_map_sg: what the device may now use. `phys`: behind the first byte. */
  dma_map: closed(
    'dma_map',
    {
      op: t.literal('dma_map'),
      via: word('page', 'resource', 'phys', 'sg'),
      device,
      segments: list(segment),
    },
    { phys: Hex64, ...attrs, /** The event listed only some of the segments. */ partial: t.boolean },
  ),
  /** dma_unmap_*; the event of a scatter list names no DMA address, so its `segments` is empty. */
  dma_unmap: closed(
    'dma_unmap',
    {
      op: t.literal('dma_unmap'),
      via: word('page', 'resource', 'phys', 'sg'),
      device,
      segments: list(segment),
    },
    { phys: Hex64, ...attrs },
  ),
  dma_alloc: closed('dma_alloc', { op: t.literal('dma_alloc'), device, addr: Hex64, size: Hex64 }, attrs),
  dma_free: closed('dma_free', { op: t.literal('dma_free'), device, addr: Hex64, size: Hex64 }, attrs),
  /** A user of (unit, domain id) more; `ref` counts them, this one included. */
  cache_tag_assign: closed('cache_tag_assign', {
    op: t.literal('cache_tag_assign'),
    unit,
    type: tag,
    did,
    pasid,
    ref: whole('ref', 0, 0x7fff_ffff),
    task,
  }),
  /** A user of (unit, domain id) less; `ref` counts them, this one still included. */
  cache_tag_unassign: closed('cache_tag_unassign', {
    op: t.literal('cache_tag_unassign'),
    unit,
    type: tag,
    did,
    pasid,
    ref: whole('ref', 0, 0x7fff_ffff),
    task,
  }),
  /** An invalidation of [start, last] of a domain; `addr` and `pages` are the aligned block that is sent. */
  cache_tag_flush_range: closed(
    'cache_tag_flush_range',
    {
      op: t.literal('cache_tag_flush_range'),
      unit,
      type: tag,
      did,
      pasid,
      start: Hex64,
      last: Hex64,
      addr: Hex64,
      pages: Hex64,
      mask: Hex64,
      task,
    },
    /** The flush of a range that was just mapped, for hardware that remembers absent entries. */
    { np: t.boolean },
  ),
  cache_tag_flush_all: closed('cache_tag_flush_all', {
    op: t.literal('cache_tag_flush_all'),
    unit,
    type: tag,
    did,
    pasid,
    task,
  }),
  /** An access that the hardware refused, as a driver reports it; bit 0 of `flags`: it was a write. */
  io_page_fault: closed(
    'io_page_fault',
    {
      op: t.literal('io_page_fault'),
      device,
      iova: Hex64,
      flags: whole('flags', 0, 0xffff_ffff),
    },
    {
      /**
       * From the log: what the hardware says was missing. No entry; a permission; one of the two; or what it needs to find
       * a table for the device at all. The address may be that of the page.
       */
      why: word('absent', 'permission', 'either', 'structure'),
      /** From the log, by a clock that is not that of the other lines: its place among the maps is not certain. */
      loose: t.literal(true),
    },
  ),
  /** One descriptor that was given to the invalidation queue: its four words. */
  qi_submit: closed('qi_submit', {
    op: t.literal('qi_submit'),
    unit,
    words: list(Hex64),
    task,
  }),
};

export const Op = tagged('op', ops);
export type Op = t.TypeOf<(typeof ops)[keyof typeof ops]>;
export type OpName = Op['op'];
