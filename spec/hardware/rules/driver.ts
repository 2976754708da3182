// What does a driver promise of its map, unmap and sync, and of what it attaches?
import { chapter } from '../../kit/chapter.js';
import { addressOf, pageOf, pagesIn } from '../../kit/pages.js';
import type { Clause } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { attached, isEmpty, mapped, slotOf, synced, tablesNeeded, unmapped } from '../driver.js';
import { isOutside, walked } from '../memory.js';
import type { PolicyValues } from '../policies.js';
import type { Pick, State } from '../state.js';

type Rule<K extends 'attach' | 'map' | 'unmap' | 'sync' | 'lookup'> = Clause<State, Pick<K>, PolicyValues>;

const ok = { is: 'ok' } as const;
const MAP = cite('linux-7.2', 'drivers/iommu/generic_pt/iommu_pt.h: map_range');
const SYNC = cite('linux-7.2', 'drivers/iommu/iommu.c: iommu_unmap, iommu_iotlb_sync');

const attaching = chapter<State, Pick<'attach'>, PolicyValues>(
  'attach',
  cite('vt-d', '6.5.3.3 Guidance to Software for Invalidations'),
);
export const attach: readonly Rule<'attach'>[] = [
  attaching.ends(
    'switched',
    'The entry of the device is written, and what may be cached of the old one is flushed, before it returns.',
    (s, o, p) => ({
      outcome: ok,
      state: attached(s, o.device, o.space === null ? null : s.spaces[o.space]!, p),
    }),
    undefined,
    { status: 'disputed' },
  ),
];

/** The level of a leaf of so many pages. */
const levelOf = (s: State, pages: number): number => Math.round(Math.log2(pages) / s.iommu.bits) + 1;

/** Is there a leaf in the way: on the way down, in its place, or under a table in its place? */
function inTheWay(s: State, table: number, level: number, target: number, page: number): boolean {
  const entry = s.memory.get(slotOf(s, table, level, page));
  if (entry.is === 'leaf') return true;
  if (entry.is === 'none') return false;
  return level === target ? !isEmpty(s, entry.to) : inTheWay(s, entry.to, level - 1, target, page);
}

const held = (s: State, o: Pick<'map'>): boolean => {
  const { first, last } = s.spaces[o.space]!;
  const start = pageOf(o.iova);
  return start <= last && start + pagesIn(o.size) > first && last >= first;
};

const mapping = chapter<State, Pick<'map'>, PolicyValues>('map', MAP);
export const map: readonly Rule<'map'>[] = [
  mapping.must(
    'held',
    'EBUSY',
    'An address whose flush is owed is not given out again.',
    (s, o, p) => p['iova-reuse'] === 'after-flush' && held(s, o),
    {
      cite: [cite('linux-7.2', 'drivers/iommu/dma-iommu.c: queue_iova, fq_ring_free_locked')],
      status: 'disputed',
    },
  ),
  mapping.must('in-the-way', 'EADDRINUSE', 'Something is mapped in the range.', (s, o) =>
    inTheWay(s, s.spaces[o.space]!.table, s.iommu.levels, levelOf(s, pagesIn(o.size)), pageOf(o.iova)),
  ),
  mapping.must(
    'no-table',
    'ENOMEM',
    'A table is needed, and none is free.',
    (s, o) =>
      tablesNeeded(s, s.spaces[o.space]!.table, s.iommu.levels, levelOf(s, pagesIn(o.size)), pageOf(o.iova)) >
      s.tables.filter(t => t.use === 'free').length,
  ),
  mapping.ends(
    'mapped',
    'A leaf is mapped; what was cached of its place, an empty table or what was not present, is flushed before it returns.',
    (s, o, p) => ({
      outcome: ok,
      state: mapped(
        s,
        o.space,
        pageOf(o.iova),
        levelOf(s, pagesIn(o.size)),
        { is: 'leaf', to: pageOf(o.paddr), prot: o.prot },
        p,
      ),
    }),
    undefined,
    { status: 'disputed' },
  ),
];

const unmapping = chapter<State, Pick<'unmap'>, PolicyValues>(
  'unmap',
  cite('linux-7.2', 'drivers/iommu/generic_pt/iommu_pt.h: unmap_range'),
);
export const unmap: readonly Rule<'unmap'>[] = [
  unmapping.ends(
    'nothing',
    'Nothing is mapped at the start of the range, or the start is in the middle of a leaf: nothing is removed.',
    s => ({ outcome: { is: 'ok', unmapped: 0n }, state: s }),
    (s, o, p) => unmapped(s, o.space, pageOf(o.iova), pageOf(o.iova) + pagesIn(o.size), p)[1] === 0,
  ),
  unmapping.ends(
    'unmapped',
    'Leaves are cleared up to the first hole, the last one whole, and tables of which every page is cleared are taken out; a flush is owed.',
    (s, o, p) => {
      const [state, pages] = unmapped(s, o.space, pageOf(o.iova), pageOf(o.iova) + pagesIn(o.size), p);
      return { outcome: { is: 'ok', unmapped: addressOf(pages) }, state };
    },
    undefined,
    { status: 'disputed' },
  ),
];

const syncing = chapter<State, Pick<'sync'>, PolicyValues>('sync', SYNC);
export const sync: readonly Rule<'sync'>[] = [
  syncing.ends(
    'nothing-owed',
    'Nothing was unmapped, so there is nothing to flush.',
    s => ({ outcome: ok, state: s }),
    (s, o) => s.spaces[o.space]!.last < s.spaces[o.space]!.first,
  ),
  syncing.ends(
    'flushed',
    'What was unmapped is flushed, from the IOTLB to the TLB in each device; then its addresses and tables are free.',
    (s, o, p) => ({ outcome: ok, state: synced(s, o.space, p) }),
    undefined,
    { status: 'disputed' },
  ),
];

const looking = chapter<State, Pick<'lookup'>, PolicyValues>(
  'lookup',
  cite('linux-7.2', 'drivers/iommu/generic_pt/iommu_pt.h: iova_to_phys'),
);
export const lookup: readonly Rule<'lookup'>[] = [
  looking.ends(
    'found',
    'The answer is where the tables lead; 0 says that they lead nowhere, or to address 0.',
    (s, o) => {
      const page = pageOf(o.iova);
      const at = isOutside(s, page) ? null : walked(s, s.spaces[o.space]!.table, s.iommu.levels, page);
      const paddr = at?.is === 'page' ? addressOf(at.page) | (o.iova & 0xfffn) : 0n;
      return { outcome: { is: 'ok', paddr }, state: s };
    },
  ),
];
