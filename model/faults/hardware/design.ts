// Which mistakes with caches have drivers made, and what access shows each?
import { synced } from '../../../spec/hardware/driver.js';
import type { PolicyValues } from '../../../spec/hardware/policies.js';
import { NOTHING_OWED, type Op, type State } from '../../../spec/hardware/state.js';
import { patch, patchAt } from '../../../spec/kit/record.js';
import { type Breaks, designFault, ends, withClause } from '../design.js';
import { type FaultyLaw, history, type Source, synthetic } from '../fault.js';
import type { Seen } from '../seeding.js';

const SEES = 'device/sees-the-tables';

const cache = (id: string, says: string, source: Source, seen: Seen, breaks: Breaks): FaultyLaw =>
  designFault(`cache/${id}`, says, source, seen, breaks);

/** A driver with another answer to one of the questions. */
const driver = (
  id: string,
  says: string,
  source: Source,
  [world, shows, steps]: readonly [world: string, shows: string, steps: number],
  policies: Partial<PolicyValues>,
): FaultyLaw => cache(id, says, source, [world, shows, steps, policies as Seen[3] & {}], profile => profile);

/** The flush of a sync is another one; what is owed is settled all the same. */
const syncs = (flush: (s: State, at: number, p: PolicyValues) => State): Breaks =>
  withClause('sync/flushed', clause => ({
    ...clause,
    then: (s: State, { space }: { readonly space: number }, p: PolicyValues) => {
      const done = flush(s, space, p);
      const { tag, table } = s.spaces[space]!;
      const spaces = patchAt(done.spaces, space, { tag, table, ...NOTHING_OWED });
      return { outcome: { is: 'ok' }, state: patch(done, { spaces }) };
    },
  }));

const space = (s: State, at: number, fields: Partial<State['spaces'][number]>): State =>
  patch(s, { spaces: patchAt(s.spaces, at, fields) });

const subject = (text: string): Source => history(`Linux, "${text}"`);

export const cacheDesigns: readonly FaultyLaw[] = [
  driver(
    'block-by-page-count',
    'The block that is flushed has as many pages as were unmapped, and begins before the first of them.',
    subject('iommu/vt-d: Calculate mask for non-aligned flushes'),
    ['hw-range', SEES, 5],
    { 'flush-range': 'page-count' },
  ),
  cache(
    'last-page-missed',
    'The end of a gather is its last byte, and is taken for the byte behind it.',
    subject('iommu/amd: Fix domain flush size when syncing iotlb'),
    ['hw-range', SEES, 4],
    syncs((s, at, p) => synced(space(s, at, { last: s.spaces[at]!.last - 1 }), at, p)),
  ),
  driver(
    'leaf-hint-with-tables',
    'The flush says that only leaves have changed, and a table was taken out.',
    synthetic(
      'the reverse of "iommu/vt-d: Fix unused invalidation hint in qi_desc_iotlb", which lost the hint',
    ),
    ['hw-tables', 'table/free-is-nowhere', 5],
    { 'leaf-hint': 'always' },
  ),
  driver(
    'table-freed-before-the-flush',
    'A table is free for another use before the flush that takes it out of the caches.',
    history('CVE-2025-71089: page tables that an IOMMU has cached are freed'),
    ['hw-tables', 'table/free-is-nowhere', 4],
    { 'table-free': 'at-once' },
  ),
  driver(
    'caching-mode-ignored',
    'No flush is owed after a map, although what is not present is cached.',
    history('VT-d specification, 6.1 Caching Mode'),
    ['hw-caching-mode', SEES, 2],
    { 'map-flush': 'never' },
  ),
  driver(
    'iotlb-before-the-context-cache',
    'The IOTLB is flushed before the entry of the device, which fills it again.',
    history('VT-d specification, 6.5.3.3 Guidance to Software for Invalidations'),
    ['hw-attach', SEES, 3],
    { 'attach-flush': 'iotlb-first' },
  ),
  driver(
    'device-tlb-forgotten',
    'The TLB in the device is not flushed.',
    subject('iommu/vt-d: Unconditionally flush device TLB for pasid table updates'),
    ['hw-device-tlb', SEES, 3],
    { 'device-tlb': 'forgotten' },
  ),
  driver(
    'device-tlb-before-the-iotlb',
    'The TLB in the device is flushed before the IOTLB, which answers its next request.',
    history('RISC-V IOMMU specification, Device Address Translation Cache invalidations'),
    ['hw-device-tlb', SEES, 4],
    { 'device-tlb': 'before-iotlb' },
  ),
  driver(
    'address-given-out-before-the-flush',
    'An address is mapped again while its flush is owed.',
    history('Linux, drivers/iommu/dma-iommu.c: queue_iova, fq_ring_free_locked'),
    ['hw-lazy', 'iova/not-reused-while-owed', 3],
    { 'iova-reuse': 'at-once' },
  ),
  cache(
    'sync-returns-before-completion',
    'A sync returns when its commands are queued, and does not wait for them.',
    history('CVE-2026-68329: iommu_completion_wait() returns early'),
    ['hw-tables', SEES, 4],
    syncs(s => s),
  ),
  cache(
    'another-tag-is-flushed',
    'The flush names another tag: the domain that is a parent of the one that is in use.',
    history(
      'Linux, drivers/iommu/amd: a change of the parent is flushed for every domain that is nested in it',
    ),
    ['hw-tables', SEES, 4],
    syncs((s, at, p) => synced(space(s, at, { tag: s.spaces[at]!.tag + 1 }), at, p)),
  ),
  cache(
    'detached-before-it-is-flushed',
    'A device is taken out of its address space first, and the flush does not find it any more.',
    subject('iommu/amd: Invalidate cache before removing device from domain list'),
    ['hw-attach', SEES, 3],
    ends<State, Extract<Op, { readonly op: 'attach' }>>('attach/switched', (after, before, op) =>
      op.space === null ? patch(after, { caches: before.caches }) : after,
    ),
  ),
  cache(
    'queued-is-taken-for-done',
    'A command counts as done when the head of the queue has passed it.',
    history('RISC-V IOMMU specification, IOFENCE.C: the advance of cqh is no guarantee'),
    ['hw-entries', 'cache/forgets-by-completion', 4],
    ends<State>('submit/queued', s =>
      patch(s, { caches: { ...s.caches, now: s.caches.open?.view ?? s.caches.now } }),
    ),
  ),
  cache(
    'written-entry-is-not-fetched',
    'What is written is not seen by the IOMMU before an invalidation, whatever was cached.',
    synthetic('a model of hardware that fetches only when it is told'),
    ['hw-entries', 'cache/may-hold-today', 2],
    ends<State>('write_entry/written', (after, before) => patch(after, { caches: before.caches })),
  ),
];
