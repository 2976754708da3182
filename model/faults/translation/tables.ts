// What goes wrong when a page table is written, cut and cleared?
import { DONE, IOVA_FRAMES, MAPPED, RANGE } from '../../../impl/radix/format.js';
import { RadixTable } from '../../../impl/radix/table.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault } from './seed.js';

/** Maps go another way: `table` is the table, and `own` what it would have done. */
const maps =
  (
    other: (
      own: RadixTable['map'],
      range: { readonly iova: number; readonly pfn: number; readonly pages: number; readonly prot: number },
      table: RadixTable,
    ) => number,
  ) =>
  () => ({
    parts: {
      table: class extends RadixTable {
        override map(iova: number, pfn: number, pages: number, prot: number): number {
          return other((...a) => super.map(...a), { iova, pfn, pages, prot }, this);
        }
      },
    },
  });

/** Unmaps go another way. */
const unmaps =
  (other: (own: RadixTable['unmap'], iova: number, pages: number, table: RadixTable) => number) => () => ({
    parts: {
      table: class extends RadixTable {
        override unmap(iova: number, pages: number): number {
          return other((...a) => super.unmap(...a), iova, pages, this);
        }
      },
    },
  });

/** Pages from `iova` to the end of the table of 4 KiB leaves that it lies in. */
const toTableEnd = (iova: number): number => 512 - (iova % 512);

export const tables: readonly FaultyMachine[] = [
  fault(
    'map/stops-at-the-end-of-a-table',
    'Items of a table are counted where leaves are meant: the map ends with its first table, and is reported whole.',
    history('Linux, "iommupt: Fix the end_index calculation in __map_range_leaf()"'),
    ['leaves-1g', 'domains.0.runs.0.pages', 2],
    maps((own, { iova, pfn, pages, prot }) => own(iova, pfn, Math.min(pages, toTableEnd(iova)), prot)),
  ),
  fault(
    'map/next-table-begins-anew',
    'The next table is filled from the first frame again: what one batch left over is carried into the next.',
    history('Linux commit b7c822fa6b77, "iommufd: Set end correctly when doing batch carry"'),
    ['leaves-1g', 'domains.0.runs.0.pages', 2],
    maps((own, { iova, pfn, pages, prot }) => {
      const first = Math.min(pages, toTableEnd(iova));
      const result = own(iova, pfn, first, prot);
      return result < 0 || first === pages ? result : own(iova + first, pfn, pages - first, prot);
    }),
  ),
  fault(
    'map/large-page-over-small-ones',
    'A large page that is mapped at address 0 takes the place of the table of small pages that was there.',
    history('Linux, "iommu/amd: Fix corruption when mapping large pages from 0"'),
    ['leaves-2m', 'outcome.is', 3],
    maps((own, { iova, pfn, pages, prot }, table) => {
      if (iova === 0 && pages >= 512) table.unmap(iova, pages);
      return own(iova, pfn, pages, prot);
    }),
  ),
  fault(
    'map/frame-zero-is-nothing',
    'A page that translates to frame 0 counts as not mapped, and is mapped again.',
    history('Linux, "iommu: Fix mapping check for 0x0 to avoid re-mapping it"'),
    ['edges', 'outcome.is', 3],
    maps((own, { iova, pfn, pages, prot }, table) => {
      if (table.walk(iova) === 0) table.unmap(iova, 1);
      return own(iova, pfn, pages, prot);
    }),
  ),
  fault(
    'map/refusal-unmaps-the-range',
    'A map that meets something unmaps all that was asked for, the older mapping in its way too.',
    synthetic('the rollback of iommu_map, over all that was asked for'),
    ['leaves-2m', 'domains.0.runs.0', 3],
    maps((own, { iova, pfn, pages, prot }, table) => {
      const result = own(iova, pfn, pages, prot);
      if (result === MAPPED) table.unmap(iova, pages);
      return result;
    }),
  ),
  fault(
    'map/result-inverted',
    'The test of the result is inverted: what is in the way is reported as done.',
    history('Linux, fix of commit d6c65b0fd621 (generic page table map)'),
    ['tlb-two-domains', 'outcome.is', 3],
    maps((own, { iova, pfn, pages, prot }) => {
      const result = own(iova, pfn, pages, prot);
      return result === MAPPED ? DONE : result;
    }),
  ),
  fault(
    'map/huge-page-encoded-smaller',
    'A page of 1 GiB is encoded with the size of one of 2 MiB.',
    history('Linux commit d4b036648402, "iommu/amd: Correctly encode huge pages in iommu page tables"'),
    ['leaves-1g', 'domains.0.runs.0.pages', 2],
    maps((own, { iova, pfn, pages, prot }) => own(iova, pfn, pages === 2 ** 18 ? 512 : pages, prot)),
  ),
  fault(
    'map/high-address-bits-lost',
    'The high bits of an output address are not written as they are read.',
    history('Linux, "iommu/io-pgtable-arm: Fix table descriptor paddr formatting"'),
    ['edges', 'outcome.is', 2],
    maps((own, { iova, pfn, pages, prot }) => own(iova, pfn >= 2 ** 39 ? pfn - 2 ** 39 : pfn, pages, prot)),
  ),
  fault(
    'map/last-page-out-of-reach',
    'The end of a range is compared with the last address, and so the last page cannot be mapped.',
    history('Linux, "iommu: Protect against overflow in iommu_pgsize()"'),
    ['edges', 'outcome.is', 2],
    maps((own, { iova, pfn, pages, prot }) =>
      iova + pages === IOVA_FRAMES ? RANGE : own(iova, pfn, pages, prot),
    ),
  ),
  fault(
    'map/prot-widened',
    'What a device may only read it may write.',
    synthetic('permissions are not carried to the leaf'),
    ['tlb-two-domains', 'domains.0.runs.0.prot', 2],
    maps((own, { iova, pfn, pages, prot }) => own(iova, pfn, pages, prot === 1 ? 3 : prot)),
  ),
  fault(
    'unmap/first-size-for-all',
    'The size of the first entry is taken for all: an unmap that begins in a large page removes no small one behind it.',
    history('Linux, "iommu/vt-d: Fix unmap_pages support"'),
    ['leaves-2m', 'domains.0.account', 4],
    unmaps((own, iova, pages, table) => {
      const large = table.walk(iova) >= 0 && table.arena.found[1] === 1;
      return own(iova, large && pages > 512 ? 512 : pages);
    }),
  ),
  fault(
    'unmap/reports-what-was-asked',
    'An unmap reports the pages that it was asked for, not those that it removed.',
    synthetic('the answer is what was asked, not what was done'),
    ['tlb-two-domains', 'domains.0.account', 3],
    unmaps((own, iova, pages) => {
      const removed = own(iova, pages);
      return removed > 0 ? pages : removed;
    }),
  ),
  fault(
    'unmap/frame-zero-is-nothing',
    'A page that translates to frame 0 is taken for unmapped, and stays.',
    history('Linux, drivers/vfio/vfio_iommu_type1.c: vfio_unmap_unpin, an iova_to_phys of 0 is passed over'),
    ['edges', 'domains.0.account', 3],
    unmaps((own, iova, pages, table) => (pages === 1 && table.walk(iova) === 0 ? 0 : own(iova, pages))),
  ),
  fault(
    'unmap/large-page-goes-whole',
    'A part of a large page is unmapped, and all of it goes, unsaid.',
    history('Linux, drivers/vfio/vfio_iommu_type1.c, version 1: an unmap may remove more than was asked for'),
    ['leaves-2m', 'domains.0.runs.0', 3],
    unmaps((own, iova, pages, table) => {
      const large = pages < 512 && table.walk(iova) >= 0 && table.arena.found[1] === 1;
      if (!large) return own(iova, pages);
      own(iova - (iova % 512), 512);
      return pages;
    }),
  ),
  fault(
    'unmap/split-begins-anew',
    'When a large page is cut, what lies behind the cut is mapped from its first frame on.',
    synthetic('the frame of the rest is not moved on'),
    ['leaves-2m', 'domains.0.runs.0.frame', 3],
    unmaps((own, iova, pages, table) => {
      const at = iova % 512;
      const frame = table.walk(iova - at);
      const large = pages === 1 && frame >= 0 && table.arena.found[1] === 1;
      const removed = own(iova, pages);
      if (large && at < 511) {
        own(iova + 1, 511 - at);
        table.map(iova + 1, frame, 511 - at, 3);
      }
      return removed;
    }),
  ),
  fault(
    'unmap/split-widens-access',
    'When a large page is cut, its pieces are readable and writable whatever it was.',
    synthetic('the flags of a table are taken for those of the leaves'),
    ['leaves-1g', 'domains.0.runs.0.pages', 3],
    unmaps((own, iova, pages, table) => {
      const frame = table.walk(iova);
      const large = pages === 1 && frame >= 0 && table.arena.found[1]! > 0;
      const removed = own(iova, pages);
      const start = iova - (iova % 512);
      if (large && iova > start) {
        own(start, iova - start);
        table.map(start, frame - (iova - start), iova - start, 3);
      }
      return removed;
    }),
  ),
  fault(
    'unmap/tables-leak',
    'The tables that become empty are not given back.',
    synthetic('memory that nobody can reach any more'),
    ['tlb-two-domains', 'tables', 3],
    () => ({
      parts: {
        table: class extends RadixTable {
          override unmap(iova: number, pages: number): number {
            const before = this.walk(iova);
            const removed = super.unmap(iova, pages);
            if (before >= 0 && removed > 0 && this.walk(iova ^ 1) < 0) this.arena.take();
            return removed;
          }
        },
      },
    }),
  ),
];
