// What goes wrong with entries, the memory behind them, and its counters?
import { EINVAL } from '../../../impl/errno.js';
import type { Core } from '../../../impl/spapr-tce/core.js';
import { clearEntries } from '../../../impl/spapr-tce/hardware.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { calls, fault, linuxSays, readIn, steps } from './seed.js';

const H_SUCCESS = 0;

/** The window that a device's address belongs to by its upper bits, if there is one. */
const windowFor = ({ groups, hardware }: Core, device: number, iova: bigint) =>
  groups[hardware.devices[device]?.group ?? -1]?.windows[iova >> 59n === 0n ? 0 : 1];

export const entries: readonly FaultyMachine[] = [
  fault(
    'entry/offset-of-small-pages',
    'The offset in a page is cut off at 4 KiB, whatever pages the table has.',
    linuxSays('powerpc/iommu: DMA address offset is incorrectly calculated with 2MB TCEs'),
    ['tce-memory', 'outcome.paddr', 7],
    calls(
      own =>
        class extends own {
          override dma(device: number, iova: bigint, access: number): bigint {
            const reached = super.dma(device, iova, access);
            const shift = windowFor(this.core, device, iova)?.shift ?? 12;
            const offset = iova & ((1n << BigInt(shift)) - 1n);
            return reached < 0n ? reached : reached - offset + (offset & 0xfffn);
          }
        },
    ),
  ),
  fault(
    'entry/page-larger-than-its-backing',
    'Memory that is backed by small pages is mapped by a large one, and what lies beside it is reached.',
    linuxSays('KVM: PPC: Check if IOMMU page is contained in the pinned physical page'),
    ['tce-memory', 'outcome.is', 6],
    steps(own => ({ registered: (core, table, ua) => own.registered(core, { ...table, shift: 12 }, ua) })),
  ),
  fault(
    'entry/backing-not-looked-at',
    'How large the pages of a region are is taken from its alignment, not from what backs it.',
    history('Linux, mm_iommu_do_alloc: pageshift is the least of alignment and backing'),
    ['tce-memory', 'regions.0.shift', 2],
    steps(own => ({
      largestPage: (core, mm, ua, pages) => {
        const shift = own.largestPage(core, mm, ua, pages);
        let aligned = 12;
        while (aligned < 24 && ua % 2 ** (aligned - 11) === 0 && pages % 2 ** (aligned - 11) === 0) aligned++;
        return shift < 0 ? shift : aligned;
      },
    })),
  ),
  fault(
    'entry/upper-level-not-used',
    'The index in the upper level of a table is dropped: pages that are far apart have one entry.',
    history('Linux, pnv_tce: the mask and the shift of each level, and every reader of it'),
    ['tce-levels', 'groups.0.windows.1.tces.0.index', 6],
    steps(own => ({
      putEntry: (core, table, index, frame, prot, ua) => {
        const span = table.tces.levels > 1 ? 2 ** table.tces.levelShift : Number.POSITIVE_INFINITY;
        own.putEntry(core, table, Number.isFinite(span) ? index % span : index, frame, prot, ua);
      },
    })),
  ),
  fault(
    'entry/no-level-in-the-mirror',
    "The user's address of an entry is not kept where the mirror has no level for it yet.",
    readIn('tce_iommu_build_v2: the place in the mirror is used as if its level were there'),
    ['tce-levels', 'groups.0.windows.1.tces.0.ua', 6],
    steps(own => ({
      putEntry: (core, table, index, frame, prot, ua) => {
        own.putEntry(core, table, index, frame, prot, ua);
        if (table.tces.levels > 1 && index >= 2 ** table.tces.levelShift) table.mirror?.put(index, 0, 0);
      },
    })),
  ),
  fault(
    'entry/beyond-the-window',
    'Nobody looks where a window ends: an address behind it is taken modulo its size.',
    history('QEMU 10.0, pnv_phb4_translate_tve: "TODO: handle boundaries" (executed)'),
    ['tce-shared', 'outcome.is', 7],
    calls(
      own =>
        class extends own {
          override dma(device: number, iova: bigint, access: number): bigint {
            const reached = super.dma(device, iova, access);
            const table = windowFor(this.core, device, iova);
            if (reached >= 0n || !table) return reached;
            const start = BigInt(table.offset) << BigInt(table.shift);
            const size = BigInt(table.size) << BigInt(table.shift);
            return super.dma(device, start + ((iova - start) % size), access);
          }
        },
    ),
  ),
  fault(
    'unmap/stops-at-a-missing-level',
    'An unmap of a range ends where the table has no level, and leaves what lies behind.',
    history('Linux, tce_iommu_clear and pnv_tce_free: a level that is missing is passed over, no more'),
    ['tce-levels', 'groups.0.windows.1.tces.0', 7],
    steps((own, now) => ({
      emptyEntries: (core, table, index, count) => {
        const missing = table.tces.stretches(index, 1).length === 0;
        if (now.op !== 'unmap' || !missing) own.emptyEntries(core, table, index, count);
      },
    })),
  ),
  fault(
    'map/part-is-reported-done',
    'A map that fails in the middle says that it is done.',
    readIn('tce_iommu_build_v2: the loop ends with ret still 0 when mapped_inc fails'),
    ['tce-shared', 'outcome.is', 5],
    steps(own => ({
      check: (core, table, mm, ua, count, pieces) => {
        const refused = own.check(core, table, mm, ua, count, pieces);
        return refused === -EINVAL && pieces.length > 0 ? 0 : refused;
      },
    })),
  ),
  fault(
    'map/failure-clears-what-was-there',
    'A map that fails in the middle clears the entries before it, though others were there.',
    history('Linux, tce_iommu_build: the error path calls tce_iommu_clear'),
    ['tce-memory', 'groups.0.windows.0.tces.0', 6],
    steps(own => ({
      check: (core, table, mm, ua, count, pieces) => {
        const refused = own.check(core, table, mm, ua, count, pieces);
        if (refused < 0) clearEntries(core, table, 0, pieces.length);
        return refused;
      },
    })),
  ),
  fault(
    'map/failed-is-counted',
    'A map that fails in the middle leaves the memory of the pages before it counted as in use.',
    readIn('tce_iommu_build_v2: an exchange that fails leaves the counter of the new memory raised'),
    ['tce-shared', 'regions.0.mapped', 5],
    steps(own => ({
      check: (core, table, mm, ua, count, pieces) => {
        const refused = own.check(core, table, mm, ua, count, pieces);
        if (refused < 0) for (const { region } of pieces) if (region !== null) region.mapped++;
        return refused;
      },
    })),
  ),
  fault(
    'map/old-memory-still-counted',
    'A map over an entry that is there does not count down the region that the old entry was in.',
    readIn('tce_iommu_build_v2: which of the two counters an exchange that fails leaves raised'),
    ['tce-shared', 'regions.0.mapped', 6],
    steps((own, now) => ({
      letGo: (core, table, index) => {
        const counts = [...core.regions].map(region => ({ region, mapped: region.mapped }));
        own.letGo(core, table, index);
        if (now.op === 'map') for (const { region, mapped } of counts) region.mapped = mapped;
      },
    })),
  ),
  fault(
    'map/second-page-not-checked',
    'Only the first page of a batch is held against the end of the window.',
    history('Linux before 5.1, iommu_tce_put_param_check: ioba + 1 > offset + size'),
    ['tce-batches-strict', 'outcome.is', 2],
    steps(own => ({
      indexOf: (core, window, ioba, count) => {
        const index = own.indexOf(core, window, ioba, count);
        return index < 0 ? own.indexOf(core, window, ioba, 1) : index;
      },
    })),
  ),
  fault(
    'batch/validated-while-written',
    'Each entry of a batch is validated when it is written, so a batch with a bad one stops in the middle.',
    linuxSays('KVM: PPC: Validate TCEs against preregistered memory page sizes'),
    ['tce-guest', 'groups.0.windows.0.tces.0', 8],
    calls(
      own =>
        class extends own {
          override hPutTceIndirect(
            liobn: bigint,
            ioba: bigint,
            list: bigint,
            count: bigint,
            tces: readonly bigint[],
          ): number {
            const result = super.hPutTceIndirect(liobn, ioba, list, count, tces);
            const window = this.core.windows.get(liobn);
            if (result === H_SUCCESS || window === undefined || BigInt(tces.length) !== count) return result;
            const page = 1n << BigInt(window.shift);
            for (const [i, tce] of tces.entries())
              if (this.hPutTce(liobn, ioba + BigInt(i) * page, tce) !== H_SUCCESS) break;
            return result;
          }
        },
    ),
  ),
  fault(
    'batch/more-than-a-page-of-entries',
    'H_STUFF_TCE takes more than 512 entries.',
    linuxSays('powerpc/iommu: Limit number of TCEs to 512 for H_STUFF_TCE hcall'),
    ['tce-long-batches', 'outcome.is', 2],
    calls(
      own =>
        class extends own {
          override hStuffTce(liobn: bigint, ioba: bigint, tce: bigint, count: bigint): number {
            let result = H_SUCCESS;
            const shift = BigInt(this.core.windows.get(liobn)?.shift ?? 12);
            if (count <= 512n) return super.hStuffTce(liobn, ioba, tce, count);
            for (let done = 0n; done < count && result === H_SUCCESS; done += 512n) {
              const next = count - done < 512n ? count - done : 512n;
              result = super.hStuffTce(liobn, ioba + (done << shift), tce, next);
            }
            return result;
          }
        },
    ),
  ),
  fault(
    'batch/not-cleared-behind',
    'What a guest clears is cleared in what the guest sees, and stays in the table behind it.',
    synthetic('kvmppc_h_stuff_tce without iommu_tce_xchg_no_kill'),
    ['tce-guest', 'groups.0.windows.0.tces.0', 8],
    steps((own, now) => ({
      clearEntries: (core, table, index, count) => {
        if (now.op !== 'h_stuff_tce') own.clearEntries(core, table, index, count);
      },
    })),
  ),
  fault(
    'region/kept-after-close',
    'A container is closed, and the memory that it registered stays registered and charged.',
    linuxSays('powerpc/mm/iommu, vfio/spapr: Put pages on VFIO container shutdown'),
    ['tce-shared', 'regions.0', 3],
    steps((own, now) => ({
      letGoOfRegion: (core, container, region) => {
        if (now.op !== 'close') own.letGoOfRegion(core, container, region);
      },
    })),
  ),
  fault(
    'region/unmapped-and-unregistered-early',
    'Memory is unregistered while entries lead to it.',
    history(
      'Linux, mm_iommu_put: atomic_cmpxchg(&mem->mapped, 1, 0), and why it is not the count of users alone',
    ),
    ['tce-shared', 'regions.0', 6],
    calls(
      own =>
        class extends own {
          override unregister(name: number, mm: number, ua: bigint, size: bigint, arg?: number): number {
            const region = [...this.core.regions].find(
              r => r.mm === mm && BigInt(r.ua) === ua >> 12n && BigInt(r.pages) === size >> 12n,
            );
            const mapped = region?.mapped ?? 1;
            if (region !== undefined) region.mapped = 1;
            const result = super.unregister(name, mm, ua, size, arg);
            if (region !== undefined && this.core.regions.has(region)) region.mapped = mapped;
            return result;
          }
        },
    ),
  ),
  fault(
    'region/charge-of-version-1-kept',
    'A container of version 1 is closed while it is enabled, and its window stays on the account.',
    synthetic('tce_iommu_release without tce_iommu_disable'),
    ['tce-ownership', 'locked.0', 5],
    steps((own, now) => ({
      settle: (core, container) => {
        if (now.op !== 'close') own.settle(core, container);
      },
    })),
  ),
  fault(
    'detach/clears-one-entry',
    'A group that leaves a container clears the first entry of each window only.',
    synthetic('tce_iommu_clear with one page'),
    ['tce-shared', 'containers.0.windows.0.tces.0', 6],
    steps((own, now) => ({
      clearTable: (core, table) => {
        if (now.op === 'detach') clearEntries(core, table, 0, 1);
        else own.clearTable(core, table);
      },
    })),
  ),
];
