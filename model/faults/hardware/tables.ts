// What goes wrong when a driver writes its tables, takes them out and uses them again?
import type { Core, Space } from '../../../impl/hardware/core.js';
import { DONE, MAPPED, RANGE } from '../../../impl/paging/codes.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault, habit, linuxSays, type Seed, steps } from './seed.js';

type Map = (core: Core, space: Space, page: number, out: number, pages: number, access: number) => number;
type Unmap = (core: Core, space: Space, page: number, pages: number) => number;

/** Maps go another way; `own` is what the machine would have done. */
const maps = (other: (own: Map) => Map): Seed => steps(own => ({ mapPages: other(own.mapPages) }));
const unmaps = (other: (own: Unmap) => Unmap): Seed => steps(own => ({ unmapPages: other(own.unmapPages) }));

const mapped: readonly FaultyMachine[] = [
  fault(
    'map/large-page-over-small-ones',
    'A large page that is mapped at address 0 takes the place of the table of small pages that was there.',
    linuxSays('iommu/amd: Fix corruption when mapping large pages from 0'),
    ['hw-tables', 'outcome.is', 2],
    maps(own => (core, space, page, out, pages, access) => {
      if (page === 0 && pages > 1) space.table.unmap(0, pages);
      return own(core, space, page, out, pages, access);
    }),
  ),
  fault(
    'map/refusal-unmaps-the-range',
    'A map that meets something unmaps all that was asked for, the older mapping in its way too.',
    synthetic('the rollback of iommu_map, over all that was asked for'),
    ['hw-range', 'entries.0', 2],
    maps(own => (core, space, page, out, pages, access) => {
      const code = own(core, space, page, out, pages, access);
      if (code === MAPPED) space.table.unmap(page, pages);
      return code;
    }),
  ),
  fault(
    'map/result-inverted',
    'The test of the result is inverted: what is in the way is reported as done.',
    history('Linux, fix of commit d6c65b0fd621 (generic page table map)'),
    ['hw-range', 'outcome.is', 2],
    maps(own => (...range) => {
      const code = own(...range);
      return code === MAPPED ? DONE : code;
    }),
  ),
  fault(
    'map/huge-page-encoded-smaller',
    'A large page is encoded with the size of a small one.',
    history('Linux commit d4b036648402, "iommu/amd: Correctly encode huge pages in iommu page tables"'),
    ['hw-tables', 'entries.0.page', 1],
    maps(own => (core, space, page, out, _, access) => own(core, space, page, out, 1, access)),
  ),
  fault(
    'map/high-address-bits-lost',
    'The high bits of an output address are not written as they are read.',
    history('Linux, "iommu/io-pgtable-arm: Fix table descriptor paddr formatting"'),
    ['hw-tables', 'entries.1.page', 1],
    maps(
      own => (core, space, page, out, pages, access) =>
        own(core, space, page, out - (out & 0x100), pages, access),
    ),
  ),
  fault(
    'map/last-page-out-of-reach',
    'The end of a range is compared with the last address, and so the last page cannot be mapped.',
    history('Linux, "iommu: Protect against overflow in iommu_pgsize()"'),
    ['hw-range', 'outcome.is', 1],
    maps(
      own => (core, space, page, out, pages, access) =>
        page + pages === space.table.layout.inputPages ? RANGE : own(core, space, page, out, pages, access),
    ),
  ),
  fault(
    'map/prot-widened',
    'What a device may only read it may write.',
    synthetic('permissions are not carried to the leaf'),
    ['hw-caching-mode', 'entries.1.prot', 1],
    maps(own => (core, space, page, out, pages) => own(core, space, page, out, pages, 3)),
  ),
  fault(
    'iotlb/superpage-replaced-unflushed',
    'An empty table gives way to a large page and is free at once: what is cached of it is not flushed.',
    history('Linux commit 38c527aeb419, page tables replaced by a superpage unflushed'),
    ['hw-tables', 'outcome.is', 6],
    maps(own => (core, ...range) => {
      const code = own(core, ...range);
      core.pages.release();
      return code;
    }),
  ),
];

const unmapped: readonly FaultyMachine[] = [
  fault(
    'unmap/reports-what-was-asked',
    'An unmap reports the pages that it was asked for, not those that it removed.',
    linuxSays('iommu/vt-d: Fix unmap_pages support'),
    ['hw-tables', 'outcome.unmapped', 2],
    unmaps(own => (core, space, page, pages) => {
      const removed = own(core, space, page, pages);
      return removed > 0 ? pages : removed;
    }),
  ),
  fault(
    'unmap/nothing-without-a-device',
    'An unmap of a space that no device is in reports nothing.',
    linuxSays('iommu/virtio: Return size mapped for a detached domain'),
    ['hw-range', 'outcome.unmapped', 2],
    steps(own => ({
      unmapPages: (core, space, page, pages) => {
        const removed = own.unmapPages(core, space, page, pages);
        return own.devicesIn(core, space).length === 0 ? 0 : removed;
      },
    })),
  ),
  fault(
    'unmap/holes-are-passed-over',
    'An unmap does not end at the first hole.',
    synthetic('the contract of another driver'),
    ['hw-range', 'outcome.unmapped', 2],
    unmaps(own => (core, space, page, pages) => {
      let removed = 0;
      for (let at = page; at < page + pages; ) {
        const some = own(core, space, at, page + pages - at);
        removed += some;
        at += Math.max(some, 1);
      }
      return removed;
    }),
  ),
  fault(
    'unmap/tables-leak',
    'The tables that become empty are not given back.',
    synthetic('memory that nobody can reach any more'),
    ['hw-tables', 'tables.1', 4],
    steps(() => ({ free: (_, space) => void (space.quarantine = []) })),
  ),
  fault(
    'unmap/table-freed-before-the-flush',
    'A table is free for another use before the flush that takes it out of the caches.',
    history('CVE-2025-71089: page tables that an IOMMU has cached are freed'),
    ['hw-tables', 'tables.1', 3],
    habit({ tableFree: 'at-once' }),
  ),
  fault(
    'unmap/gather-forgets-the-first-range',
    'A second range that is gathered takes the place of the first: what was owed for that is not flushed.',
    synthetic('a gather of one range'),
    ['hw-range', 'owed.0.first', 4],
    steps(own => ({
      owe: (core, space, first, pages, tables) => {
        space.owed = null;
        own.owe(core, space, first, pages, tables);
      },
    })),
  ),
];

export const tableFaults: readonly FaultyMachine[] = [...mapped, ...unmapped];
