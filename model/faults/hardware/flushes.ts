// What goes wrong when a driver flushes: which range, which tag, which devices, and when?
import { fetchAhead } from '../../../impl/hardware/unit.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { fault, habit, linuxSays, type Seed, steps } from './seed.js';

/** What the driver waits for is dropped, where `which` says so. */
const dropped = (which: (op: string) => boolean): Seed =>
  steps((own, now) => ({
    waitForAll: core => {
      if (which(now.op)) core.queue = [];
      else own.waitForAll(core);
    },
  }));

const ranges: readonly FaultyMachine[] = [
  fault(
    'iotlb/last-page-not-flushed',
    'The size of the range to flush is computed from its inclusive end, and is a page too small.',
    linuxSays('iommu/amd: Fix domain flush size when syncing iotlb'),
    ['hw-range', 'outcome.is', 6],
    steps(own => ({
      blockOf: (core, first, last) =>
        last === first ? { page: 2 ** 40, order: 0 } : own.blockOf(core, first, last - 1),
    })),
  ),
  fault(
    'iotlb/block-does-not-cover-the-tail',
    'The range is flushed as an aligned power of two that is large enough, but begins before the range and ends before its end.',
    linuxSays('iommu/vt-d: Calculate mask for non-aligned flushes'),
    ['hw-range', 'outcome.is', 6],
    habit({ flushRange: 'page-count' }),
  ),
  fault(
    'iotlb/first-page-only',
    'Only the first page of the range is flushed.',
    synthetic('the count of pages is not handed on'),
    ['hw-range', 'outcome.is', 6],
    steps(() => ({ blockOf: (_, page) => ({ page, order: 0 }) })),
  ),
  fault(
    'iotlb/nothing-flushed',
    'An unmap does not flush.',
    history('Xen XSA-275, insufficient TLB flushing'),
    ['hw-lazy', 'outcome.is', 5],
    dropped(op => op === 'sync'),
  ),
  fault(
    'iotlb/flushed-before-the-entry-is-cleared',
    'An unmap flushes first and clears its entries then; what was fetched in between stays.',
    synthetic('the order of two lines'),
    ['hw-lazy', 'outcome.paddr', 5],
    steps((own, now) => ({
      unmapPages: (core, space, page, pages) => {
        own.forgetTranslations(core, { is: 'iotlb', tag: space.tag, leaf: false });
        fetchAhead(core);
        return own.unmapPages(core, space, page, pages);
      },
      waitForAll: core => {
        if (now.op === 'sync') core.queue = [];
        else own.waitForAll(core);
      },
    })),
  ),
  fault(
    'iotlb/domain-not-flushed-at-its-end',
    'A device that leaves a domain takes no translation of it along: nothing is flushed, and the tag is given out again.',
    synthetic('a tag is used again before it is flushed'),
    ['hw-attach', 'outcome.is', 4],
    steps((own, now) => ({
      forgetTranslations: (core, command) => {
        if (now.op !== 'attach') own.forgetTranslations(core, command);
      },
    })),
  ),
  fault(
    'iotlb/one-page-is-a-reserved-encoding',
    'A range of one page is encoded as the architecture reserves it, and hardware passes it over.',
    linuxSays('iommu/arm-smmu-v3: Avoid constructing invalid range commands'),
    ['hw-device-tlb', 'outcome.is', 5],
    steps(own => ({
      forgetTranslations: (core, command) => {
        if (command.block?.order !== 0) own.forgetTranslations(core, command);
      },
    })),
  ),
  fault(
    'iotlb/leaf-hint-always',
    'Every flush says that only leaves have changed: pointers at a table that was taken out stay.',
    synthetic(
      'the reverse of "iommu/vt-d: Fix unused invalidation hint in qi_desc_iotlb", which lost the hint',
    ),
    ['hw-tables', 'outcome.is', 6],
    habit({ leafHint: 'always' }),
  ),
  fault(
    'iotlb/parent-id-only',
    'The flush names the domain above, and not the one under which the hardware has the translations.',
    history(
      'Linux, drivers/iommu/amd: a change of the parent is flushed for every domain that is nested in it',
    ),
    ['hw-range', 'outcome.is', 6],
    steps(own => ({
      forgetTranslations: (core, command) =>
        own.forgetTranslations(core, {
          ...command,
          tag: command.tag === undefined ? undefined : command.tag + 1,
        }),
    })),
  ),
];

const order: readonly FaultyMachine[] = [
  fault(
    'attach/iotlb-before-the-context-cache',
    'The IOTLB is flushed before the entry of the device, which fills it again.',
    history('VT-d specification, 6.5.3.3 Guidance to Software for Invalidations'),
    ['hw-attach', 'outcome.is', 4],
    habit({ attachFlush: 'iotlb-first' }),
  ),
  fault(
    'attach/other-device',
    'The entry is written for the device beside: an alias gets what another device should have.',
    history('CVE-2026-53053, "iommu/amd: Fix clone_alias() to use the original device\'s devid"'),
    ['hw-attach', 'contexts.0', 1],
    steps(own => ({
      putWay: (core, device, space) => own.putWay(core, (device + 1) % core.contexts.length, space),
    })),
  ),
  fault(
    'attach/entry-in-two-halves',
    'An entry is written with its tag and its present bit first and its table later, and hardware fetches it in between.',
    linuxSays('iommu/vt-d: Fix race condition during PASID entry replacement'),
    ['hw-attach', 'outcome.is', 3],
    steps(own => ({
      putWay: (core, device, space) => {
        if (space !== null) {
          core.contexts[device] = { tag: space.tag, table: 0, ats: false, pasids: false };
          fetchAhead(core);
        }
        own.putWay(core, device, space);
      },
    })),
  ),
  fault(
    'iotlb/removed-from-the-list-first',
    'A device is taken off the list of its domain first, and the flush that walks the list does not meet it.',
    linuxSays('iommu/amd: Invalidate cache before removing device from domain list'),
    ['hw-attach', 'outcome.is', 4],
    steps(own => {
      let gone = false;
      return {
        putWay: (core, device, space) => {
          gone = space === null;
          own.putWay(core, device, space);
        },
        waitForAll: core => {
          if (gone) core.queue = [];
          own.waitForAll(core);
        },
      };
    }),
  ),
  fault(
    'device-tlb/not-on-attach',
    'The TLB in a device is flushed for ranges, and not when its entry changes.',
    linuxSays('iommu/vt-d: Unconditionally flush device TLB for pasid table updates'),
    ['hw-device-tlb', 'outcome.is', 4],
    steps(own => ({
      forgetInDevice: (core, command) => {
        if (command.block !== undefined) own.forgetInDevice(core, command);
      },
    })),
  ),
  fault(
    'device-tlb/forgotten',
    'The TLB in a device is never flushed.',
    synthetic('the IOMMU has been told'),
    ['hw-device-tlb', 'outcome.is', 4],
    habit({ deviceTlb: 'forgotten' }),
  ),
  fault(
    'device-tlb/before-the-iotlb',
    'The TLB in a device is flushed before the IOTLB, which answers its next request.',
    history('RISC-V IOMMU specification, Device Address Translation Cache invalidations'),
    ['hw-device-tlb', 'outcome.is', 5],
    habit({ deviceTlb: 'before-iotlb' }),
  ),
  fault(
    'device-tlb/of-the-last-device-only',
    'A list of those that share a table is kept, and only the last of them is told.',
    history(
      'Linux, powernv: before a table kept the list of its groups, only the first PE of those that share it was told',
    ),
    ['hw-device-tlb', 'outcome.is', 6],
    steps(own => ({ devicesIn: (core, space) => own.devicesIn(core, space).slice(-1) })),
  ),
  fault(
    'iotlb/returns-before-the-flush',
    'A sync returns while its commands stand in the queue: somebody else has a wait there already.',
    history('CVE-2026-68329: iommu_completion_wait() returns early'),
    ['hw-lazy', 'outcome.is', 5],
    steps((own, now) => ({
      waitForAll: core => {
        if (now.op === 'sync') core.queue = core.queue.filter(slot => slot.is !== 'wait');
        else own.waitForAll(core);
      },
    })),
  ),
  fault(
    'map/caching-mode-ignored',
    'No flush is owed after a map, although what is not present is cached.',
    linuxSays('iommu/vt-d: Do not use flush-queue when caching-mode is on'),
    ['hw-caching-mode', 'outcome.is', 3],
    habit({ mapFlush: 'never' }),
  ),
  fault(
    'map/address-of-the-flush-queue',
    'An address is given out again while its flush is owed.',
    history('Linux, drivers/iommu/dma-iommu.c: queue_iova, fq_ring_free_locked'),
    ['hw-lazy', 'outcome.is', 3],
    habit({ iovaReuse: 'at-once' }),
  ),
];

export const flushes: readonly FaultyMachine[] = [...ranges, ...order];
