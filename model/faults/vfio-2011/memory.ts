// What goes wrong when pages are mapped, unmapped, counted and given back?

import { EBUSY, EINVAL, ENOMEM } from '../../../impl/errno.js';
import { Translator } from '../../../impl/iotlb/translator.js';
import { charge } from '../../../impl/vfio-2011/contexts.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault, RFC, type Seed, steps } from './seed.js';

const ADDRESS_FRAMES = 2 ** 52;

/** A map, or an unmap, that ends with another answer, or does something more, than the machine's own. */
type MapCall = (ownResult: number, undo: () => void, iova: number, pages: number) => number;

/** The end of each map is another; `undo` unmaps the whole range that was asked for. */
const mapEnds =
  (ends: MapCall): Seed =>
  () => ({
    calls: own =>
      class extends own {
        override map(
          handle: number,
          mm: number,
          iova: number,
          pfn: number,
          pages: number,
          prot: number,
          offsets?: number,
          arg?: number,
        ): number {
          const result = super.map(handle, mm, iova, pfn, pages, prot, offsets, arg);
          return ends(result, () => this.unmap(handle, mm, iova, pages), iova, pages);
        }
      },
  });

/** The end of each unmap is another; `again` unmaps the range once more. */
const unmapEnds =
  (ends: (ownResult: number, again: () => number) => number): Seed =>
  () => ({
    calls: own =>
      class extends own {
        override unmap(
          handle: number,
          mm: number,
          iova: number,
          pages: number,
          offsets?: number,
          arg?: number,
        ): number {
          const unmap = () => super.unmap(handle, mm, iova, pages, offsets, arg);
          return ends(unmap(), unmap);
        }
      },
  });

export const memory: readonly FaultyMachine[] = [
  fault(
    'map/failed-is-reported-done',
    'A map that fails is reported as done, with nothing mapped: the test of the result is inverted.',
    history('Linux, fix of commit d6c65b0fd621 (generic page table map)'),
    ['pair', 'outcome.is', 3],
    steps(own => ({
      pinAndMap: (...map) => {
        own.pinAndMap(...map);
        return 0;
      },
    })),
  ),
  fault(
    'map/failed-is-charged',
    'A map that fails leaves its pages on the account: only the way that succeeds was booked.',
    history('CVE-2026-64152'),
    ['pair', 'locked.0', 3],
    steps(own => ({
      pinAndMap: (core, c, iova, pfn, pages, prot) => {
        const result = own.pinAndMap(core, c, iova, pfn, pages, prot);
        if (result < 0) charge(core, c, pages);
        return result;
      },
    })),
  ),
  fault(
    'map/failed-is-given-back-twice',
    'What a failing map gives back is given back again by whoever cleans up after it.',
    history('CVE-2026-31468'),
    ['pair', 'locked.0', 3],
    steps(own => ({
      pinAndMap: (core, c, iova, pfn, pages, prot) => {
        const result = own.pinAndMap(core, c, iova, pfn, pages, prot);
        if (result < 0) charge(core, c, -pages);
        return result;
      },
    })),
  ),
  fault(
    'map/failed-leaves-its-first-pages',
    'A map that fails half-way leaves the pages before the failing one mapped.',
    synthetic('the rollback of iommu_map, left out'),
    ['ranges', 'sets.0.maps.0', 3],
    steps(own => ({
      pinAndMap: (core, c, iova, pfn, pages, prot) => {
        const result = own.pinAndMap(core, c, iova, pfn, pages, prot);
        if (result < 0 && pages > 1) {
          core.translator.map(c, iova, pfn, 1, prot);
          charge(core, c, 1);
        }
        return result;
      },
    })),
  ),
  fault(
    'map/failed-takes-neighbours',
    'A map that fails unmaps all that was asked for, and with it the older mapping that was in its way.',
    synthetic('the rollback of iommu_map, over all that was asked for'),
    ['pair', 'sets.0.maps.0', 4],
    mapEnds((result, undo) => {
      if (result === -EBUSY) undo();
      return result;
    }),
  ),
  fault(
    'map/end-wraps',
    'The end of a range is computed modulo 2^64: a range that wraps is empty, and mapping it succeeds.',
    history('CVE-2025-38688, "iommufd: Prevent ALIGN() overflow"'),
    ['pair', 'outcome.is', 3],
    mapEnds((result, _undo, iova, pages) =>
      result === -EINVAL && iova + pages > ADDRESS_FRAMES ? 0 : result,
    ),
  ),
  fault(
    'map/limit-not-looked-at',
    'A user maps as many pages as it likes.',
    history('CVE-2019-3882, Linux commit 492855939bdb, "vfio/type1: Limit DMA mappings per container"'),
    ['two-owners', 'outcome.is', 3],
    () => ({ hardware: own => ({ ...own, lockLimits: own.lockLimits.map(() => -1) }) }),
  ),
  fault(
    'unmap/bytes-for-pages',
    'An unmap takes bytes from an account that is kept in pages.',
    RFC('vfio_dma_unmap: locked_vm'),
    ['pair', 'locked.0', 4],
    () => ({
      translator: class extends Translator {
        override unmap(domain: number, iovaPfn: number, pages: number): number {
          const removed = super.unmap(domain, iovaPfn, pages);
          return removed > 0 ? removed * 4096 : removed;
        }
      },
    }),
  ),
  fault(
    'unmap/split-fails-unsaid',
    'An unmap that cannot cut a mapping in two answers that all is done.',
    history(
      'Linux 7.2, drivers/vfio/vfio_iommu_type1.c: vfio_dma_do_unmap starts again and loses its error (read, not confirmed)',
    ),
    ['ranges', 'outcome.is', 4],
    unmapEnds(result => (result === -ENOMEM ? 0 : result)),
  ),
  fault(
    'unmap/split-fails-too-late',
    'An unmap finds only after it has removed the range that it cannot cut the mapping in two.',
    synthetic('vfio_dma_do_unmap looks at both ends first'),
    ['ranges', 'sets.0.maps.0.pages', 4],
    unmapEnds((result, again) => {
      if (result === -ENOMEM) again();
      return result;
    }),
  ),
  fault(
    'close/account-not-given-back',
    'A context that closes frees its mappings, but its pages stay on the account of the process.',
    history('Linux, "powerpc/mm/iommu, vfio/spapr: Put pages on VFIO container shutdown"'),
    ['pair', 'locked.0', 4],
    steps(own => ({
      closeContext: (core, c) => {
        const { locked, mm } = core.contexts;
        const [pages, owner] = [locked[c]!, mm[c]!];
        own.closeContext(core, c);
        if (owner >= 0 && owner < core.spaces.count) core.spaces.locked[owner]! += pages;
      },
    })),
  ),
  fault(
    'close/last-context-handle-drops-mappings',
    'The last context handle takes the mappings although a device handle keeps the context.',
    synthetic('the other answer of last-context-handle, given under the default'),
    ['pair', 'sets.0.maps.0', 5],
    steps((own, now) => ({
      letGoOf: (core, c) => {
        own.letGoOf(core, c);
        const { refs, locked, open } = core.contexts;
        if (now.op === 'close' && c >= 0 && open[c] !== 0 && refs[c] === 0 && locked[c]! > 0)
          charge(core, c, -core.translator.unmap(c, 0, 2 ** 36));
      },
    })),
  ),
];
