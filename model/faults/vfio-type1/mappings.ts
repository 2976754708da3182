// What goes wrong when memory is mapped, unmapped, pinned and counted?
import { EBUSY, EINVAL, ENOMEM, ENOSPC } from '../../../impl/errno.js';
import { memoryAt } from '../../../impl/vfio-type1/pinning.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { linux } from '../seeding.js';
import { calls, fault, linuxSays, nothing, readIn, steps } from './seed.js';

export const mappings: readonly FaultyMachine[] = [
  fault(
    'account/reserved-memory-is-charged',
    'Memory without pages is charged when it is pinned, and not given back.',
    linux(
      '873aefb376bb',
      'vfio/type1: the zero page is taken for reserved, and its reference is not dropped',
    ),
    ['type1-one-mapping', 'locked.0', 5],
    steps(own => ({
      pin: (core, dma, mm) => {
        const pinned = own.pin(core, dma, mm);
        if (pinned.code === 0 && memoryAt(core, mm, dma.vaddr)?.device) core.locked[dma.mm]! += dma.pages;
        return pinned;
      },
    })),
  ),
  fault(
    'mapping/no-bound',
    'A container may have as many mappings as it likes.',
    linux('492855939bdb', 'vfio/type1: Limit DMA mappings per container (CVE-2019-3882)'),
    ['type1-one-mapping', 'outcome.errno', 6],
    calls(
      own =>
        class extends own {
          override map(...call: Parameters<InstanceType<typeof own>['map']>): number {
            const code = super.map(...call);
            const container = this.core.files.get(call[0])?.container;
            if (code !== -ENOSPC || !container) return code;
            container.avail++;
            return super.map(...call);
          }
        },
    ),
  ),
  fault(
    'mapping/failed-one-counts',
    'A map that fails does not give its place back.',
    synthetic('vfio_remove_dma without dma_avail++'),
    ['type1-one-mapping', 'containers.0.avail', 5],
    steps((own, now) => ({
      remove: (core, container, dma) => {
        own.remove(core, container, dma);
        if (now.op === 'map') container.avail--;
      },
    })),
  ),
  fault(
    'account/failed-map-lets-go-twice',
    'A map that fails takes off the account what it had not put there.',
    history('CVE-2026-31468: an error path releases what the later cleanup releases again'),
    ['type1-one-mapping', 'locked.0', 5],
    steps(own => ({
      pin: (core, dma, mm) => {
        const pinned = own.pin(core, dma, mm);
        if (pinned.code === -ENOMEM) core.locked[dma.mm]! -= dma.pages;
        return pinned;
      },
    })),
  ),
  fault(
    'unmap/stale-in-other-domains',
    'An unmap removes from one domain of a container and forgets the others.',
    synthetic('vfio_unmap_unpin without the walk over the other domains'),
    ['type1-domain-pages', 'groups.1.translations.0', 8],
    steps(own => ({
      remove: (core, container, dma) => {
        const stale = container.domains.slice(1).map(({ table }) => ({ table, run: table.get(dma.page) }));
        own.remove(core, container, dma);
        for (const { table, run } of stale) if (run !== undefined) table.set(dma.page, run);
      },
    })),
  ),
  fault(
    'unmap/looks-at-the-near-end-only',
    'An unmap of version 2 tests the first page, removes, and so cuts off a mapping that sticks out behind.',
    synthetic('vfio_dma_do_unmap without the second lookup'),
    ['type1-ranges', 'outcome.is', 6],
    steps(own => ({ bisects: (core, container, first) => own.bisects(core, container, first, first) })),
  ),
  fault(
    'unmap/version-one-says-what-was-asked',
    'Version 1 reports what it was asked for, and not what it has removed.',
    synthetic('vfio_iommu_type1_unmap_dma without the size of what was removed'),
    ['type1-ranges-v-one', 'outcome.unmapped', 6],
    calls(
      own =>
        class extends own {
          override unmap(...call: Parameters<InstanceType<typeof own>['unmap']>) {
            const found = super.unmap(...call);
            if (typeof found === 'number' || found.pages === 0 || call[1].all) return found;
            return { ...found, pages: Number(call[1].size >> 12n) };
          }
        },
    ),
  ),
  fault(
    'unmap/error-lost-in-a-restart',
    'An unmap that has told the drivers starts over, and answers success with size 0 where it would have been refused.',
    readIn('vfio_dma_do_unmap: ret is 0 when the tests are made again'),
    ['type1-pinned', 'outcome.is', 8],
    calls(
      own =>
        class extends own {
          override unmap(...call: Parameters<InstanceType<typeof own>['unmap']>) {
            const found = super.unmap(...call);
            const container = this.core.files.get(call[0])?.container;
            const told = container?.dmas.some(dma => dma.pfns.size > 0) ?? false;
            const refused = found === -EINVAL && told;
            return refused ? { pages: 0, dirty: 0 } : found;
          }
        },
    ),
  ),
  fault(
    'invalid/beside-an-emulated-device',
    'A user address becomes invalid though an emulated device may pin through it.',
    linuxSays('vfio/type1: exclude mdevs from VFIO_UPDATE_VADDR'),
    ['type1-invalid', 'outcome.is', 5],
    calls(
      own =>
        class extends own {
          override unmap(...call: Parameters<InstanceType<typeof own>['unmap']>) {
            const found = super.unmap(...call);
            const container = this.core.files.get(call[0])?.container;
            if (found !== -EBUSY || !container) return found;
            const emulated = container.emulated.splice(0);
            const again = super.unmap(...call);
            container.emulated.push(...emulated);
            return again;
          }
        },
    ),
  ),
  fault(
    'invalid/half-undone',
    'A call that meets an address that is invalid already leaves those before it invalid.',
    synthetic('vfio_dma_do_unmap without the way back'),
    ['type1-two-owners', 'containers.0.maps.0.invalid', 8],
    calls(
      own =>
        class extends own {
          override unmap(...call: Parameters<InstanceType<typeof own>['unmap']>) {
            const found = super.unmap(...call);
            const container = this.core.files.get(call[0])?.container;
            const first = container?.dmas[0];
            if (found !== -EINVAL || !call[1].invalidate || !call[1].all || first?.invalid !== false)
              return found;
            first.invalid = true;
            container!.invalid++;
            return found;
          }
        },
    ),
  ),
  fault(
    'account/stays-with-the-old-owner',
    'Whoever renews a user address gets the mapping, and the one before goes on paying.',
    linuxSays('vfio/type1: restore locked_vm'),
    ['type1-two-owners', 'locked.0', 7],
    steps(() => ({
      changeOwner: (_, dma, mm) => {
        dma.mm = mm;
        return 0;
      },
    })),
  ),
  fault(
    'account/only-the-first-mapping-is-charged',
    'What is mapped above the first page is pinned and not charged.',
    synthetic('vfio_pin_pages_remote without the account'),
    ['type1-ranges', 'locked.0', 5],
    steps(own => ({
      account: (core, dma, pages) => (pages > 0 && dma.page > 0 ? 0 : own.account(core, dma, pages)),
    })),
  ),
  fault(
    'pin/nobody-is-told',
    'An unmap does not tell the drivers of emulated devices, which go on using what they have pinned.',
    synthetic('vfio_dma_do_unmap without vfio_notify_dma_unmap'),
    ['type1-emulated', 'devices.0.pins.0', 8],
    steps(() => ({ tell: nothing })),
  ),
  fault(
    'pin/lost-at-the-close',
    'A device is closed and what its driver had pinned stays pinned and charged.',
    synthetic('close_device of a driver that unpins nothing'),
    ['type1-emulated', 'devices.0.pins.0', 8],
    steps(own => ({ lastClose: (core, device) => own.unuseContainer(core, device) })),
  ),
  fault(
    'dirty/pinned-pages-are-clean',
    'After a report pages that are pinned are taken for clean, though a device goes on writing them.',
    synthetic('vfio_iova_dirty_bitmap without vfio_dma_populate_bitmap'),
    ['type1-dirty', 'containers.0.maps.0.dirty', 9],
    steps(() => ({
      remark: (_, dma) => {
        if (dma.marks !== null) dma.marks = { all: false, pages: new Set() };
      },
    })),
  ),
  fault(
    'dirty/unseen-writers-are-trusted',
    'While a group behind an IOMMU is there only those pages are reported that emulated devices have marked.',
    synthetic('update_user_bitmap without num_non_pinned_groups'),
    ['type1-dirty', 'outcome.dirty', 7],
    steps(() => ({
      reported: (_, __, dma) => (dma.marks === null ? 0 : dma.marks.all ? dma.pages : dma.marks.pages.size),
    })),
  ),
];
