// Which mistakes can a driver make with its caches, and what was said for each?
import type { Policy } from '../law/profile.js';
import { cite } from '../law/sources.js';

export type PolicyValues = {
  readonly 'attach-flush': 'context-first' | 'iotlb-first';
  readonly 'leaf-hint': 'only-leaves-changed' | 'always';
  readonly 'table-free': 'after-completion' | 'at-once';
  readonly 'map-flush': 'caching-mode' | 'never';
  readonly 'device-tlb': 'after-iotlb' | 'before-iotlb' | 'forgotten';
  readonly 'flush-range': 'covering-block' | 'page-count';
  readonly 'iova-reuse': 'after-flush' | 'at-once';
};

export const POLICIES: readonly Policy[] = [
  {
    name: 'attach-flush',
    question: 'In which order are caches flushed when the entry of a device has changed?',
    cite: [
      cite('vt-d', '6.5.3.3 Guidance to Software for Invalidations'),
      cite('linux-7.2', 'drivers/iommu/intel/pasid.c: intel_pasid_flush_present'),
    ],
    values: [
      {
        value: 'context-first',
        says: 'from the top down: the entry of the device, then the translations, then the TLB in the device',
        argument: 'An upper cache fills the lower ones again, so it has to be clean before they are.',
      },
      {
        value: 'iotlb-first',
        says: 'the translations first, then the entry of the device',
        argument: 'All of it is flushed in the end, and the translations are what does harm.',
      },
    ],
  },
  {
    name: 'leaf-hint',
    question: 'When does a flush say that only leaves have changed?',
    cite: [
      cite('linux-7.2', 'drivers/iommu/amd/iommu.c: amd_iommu_iotlb_sync'),
      cite('linux-7.2', 'drivers/iommu/riscv/iommu.c: riscv_iommu_iotlb_inval_iommu'),
    ],
    values: [
      {
        value: 'only-leaves-changed',
        says: 'when no table was taken out or replaced',
        argument: 'A pointer at a table that is gone would be followed.',
      },
      {
        value: 'always',
        says: 'always',
        argument: 'Pointers at tables are dear to fetch again, and most flushes are of leaves.',
      },
    ],
  },
  {
    name: 'table-free',
    question: 'When is a table that was taken out free for another use?',
    cite: [cite('linux-7.2', 'drivers/iommu/generic_pt/iommu_pt.h: clear_contig, freelist of the gather')],
    values: [
      {
        value: 'after-completion',
        says: 'when the flush that takes it out of every cache has completed',
        argument: 'Hardware may walk it until then.',
      },
      {
        value: 'at-once',
        says: 'at once',
        argument: 'Nothing in memory points at it any more.',
      },
    ],
  },
  {
    name: 'map-flush',
    question: 'Is a flush owed after a map?',
    cite: [
      cite('vt-d', '6.1 Caching Mode'),
      cite('linux-7.2', 'drivers/iommu/intel/cache.c: cache_tag_flush_range_np'),
    ],
    values: [
      {
        value: 'caching-mode',
        says: 'where what is not present may be cached',
        argument: 'A hypervisor that shadows tables learns of a map by the flush.',
      },
      {
        value: 'never',
        says: 'never: there was nothing before',
        argument: 'Hardware does not cache what is not present.',
      },
    ],
  },
  {
    name: 'device-tlb',
    question: 'When is the TLB in a device flushed?',
    cite: [
      cite('riscv-iommu', 'Software guidelines: Device Address Translation Cache invalidations'),
      cite('linux-7.2', 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c: arm_smmu_invs_end_batch'),
    ],
    values: [
      {
        value: 'after-iotlb',
        says: 'after the flush of the IOTLB has completed',
        argument: 'A request of the device may be answered from the IOTLB.',
      },
      {
        value: 'before-iotlb',
        says: 'before the IOTLB is flushed',
        argument: 'The device is the last one that uses a translation, so it is told first.',
      },
      {
        value: 'forgotten',
        says: 'never',
        argument: 'The IOMMU has been told.',
      },
    ],
  },
  {
    name: 'flush-range',
    question: 'Which block of pages is flushed for a range?',
    cite: [cite('linux-7.2', 'drivers/iommu/intel/cache.c: calculate_psi_aligned_address')],
    values: [
      {
        value: 'covering-block',
        says: 'the smallest block that covers the first and the last page',
        argument:
          'The low bits of the address are not looked at, so a block begins at a multiple of its size.',
      },
      {
        value: 'page-count',
        says: 'a block of as many pages as the range has, rounded up to a power of two',
        argument: 'So many pages were unmapped.',
      },
    ],
  },
  {
    name: 'iova-reuse',
    question: 'When may an address that was unmapped be mapped again?',
    cite: [cite('linux-7.2', 'drivers/iommu/dma-iommu.c: queue_iova, fq_ring_free_locked')],
    values: [
      {
        value: 'after-flush',
        says: 'after its flush has completed',
        argument: 'Until then the device may reach through it what was there before.',
      },
      {
        value: 'at-once',
        says: 'at once',
        argument: 'The entry is clear, so nothing is in the way.',
      },
    ],
  },
];
