// In which tiny machines is linux-dma explored? A state there is a belief, so they must stay tiny.

import { all } from '../../spec/kit/sorted-rows.js';
import { freshLabel } from '../../spec/linux-dma/iommu-domain.js';
import type { Policies } from '../../spec/linux-dma/policies.js';
import { linuxDma } from '../../spec/linux-dma/profile.js';
import type { Setup, State } from '../../spec/linux-dma/state.js';
import type { Op } from '../../spec/protocol/linux-dma.js';
import type { World } from '../explore/world.js';

export type LinuxDmaWorld = World<State, Op, Policies, Setup>;

const PAGE = 4096n;
const TASK = '1';
const TAG = { unit: 'dmar0', type: 'iotlb', pasid: 0, task: TASK } as const;

const add = (device: string, group: number): Op => ({ op: 'add_device_to_group', group, device });
const remove = (device: string, group: number): Op => ({ op: 'remove_device_from_group', group, device });
const attach = (device: string): Op => ({ op: 'attach_device_to_domain', device, task: TASK });
const map = (page: number, pages = 1): Op => ({
  op: 'map',
  iova: BigInt(page) * PAGE,
  paddr: BigInt(page) * PAGE,
  size: BigInt(pages) * PAGE,
  task: TASK,
});
const unmap = (page: number, pages = 1, removed = pages): Op => ({
  op: 'unmap',
  iova: BigInt(page) * PAGE,
  size: BigInt(pages) * PAGE,
  unmapped: BigInt(removed) * PAGE,
  task: TASK,
});
const assign = (did: number, ref = 1): Op => ({ op: 'cache_tag_assign', ...TAG, did, ref });
const unassign = (did: number, ref = 1): Op => ({ op: 'cache_tag_unassign', ...TAG, did, ref });
const flush = (did: number, page: number, pages = 1): Op => ({
  op: 'cache_tag_flush_range',
  ...TAG,
  did,
  start: BigInt(page) * PAGE,
  last: BigInt(page + pages) * PAGE - 1n,
  addr: BigInt(page) * PAGE,
  pages: BigInt(pages),
  mask: 0n,
});
const flushAll = (did: number): Op => ({ op: 'cache_tag_flush_all', ...TAG, did });

const LAZY: Setup = { mode: 'lazy', tags: false, queue: false, dma: false, pages: 1, domains: 2 };
const TAGGED: Setup = { ...LAZY, tags: true };

/** A group is formed only while there is a domain left for it: where that is not so, the world ends. */
const offers = (s: State, op: Op): boolean =>
  op.op !== 'add_device_to_group' || all(s.groups).some(g => g.id === op.group) || freshLabel(s) >= 0;

export const LINUX_DMA_WORLDS: readonly LinuxDmaWorld[] = [
  {
    name: 'dma-two-groups',
    says: 'Two groups that come and go over one page, whose domain no line names.',
    profile: linuxDma,
    offers,
    setup: LAZY,
    ops: [
      add('a', 0),
      add('a', 1),
      remove('a', 0),
      add('b', 1),
      remove('b', 1),
      attach('a'),
      attach('b'),
      map(0),
      unmap(0),
    ],
  },
  {
    name: 'dma-two-pages',
    says: 'One group of two devices, two pages and one domain: whole and partial unmaps, and one that reports more than it was asked.',
    profile: linuxDma,
    offers,
    setup: { ...LAZY, pages: 2, domains: 1 },
    ops: [
      add('a', 0),
      add('b', 0),
      attach('a'),
      attach('b'),
      map(0),
      map(1),
      map(0, 2),
      unmap(0),
      unmap(1),
      unmap(0, 2),
      unmap(0, 1, 2),
    ],
  },
  {
    name: 'dma-tagged',
    says: 'Two groups that may share a domain, with domain ids that come, go and are flushed.',
    profile: linuxDma,
    offers,
    setup: TAGGED,
    ops: [
      add('a', 0),
      add('b', 1),
      attach('a'),
      attach('b'),
      map(0),
      unmap(0),
      assign(1),
      assign(1, 2),
      unassign(1),
      unassign(1, 2),
      flush(1, 0),
      flushAll(1),
    ],
  },
  {
    name: 'dma-strict',
    says: 'One device in strict mode that moves between two domain ids: what must be flushed before it goes on.',
    profile: linuxDma,
    offers,
    setup: { ...TAGGED, mode: 'strict' },
    ops: [
      add('a', 0),
      remove('a', 0),
      attach('a'),
      map(0),
      unmap(0),
      assign(1),
      unassign(1),
      flush(1, 0),
      flushAll(1),
      assign(2),
      unassign(2),
      flush(2, 0),
      flushAll(2),
    ],
  },
];
