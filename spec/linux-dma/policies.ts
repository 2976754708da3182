// Which questions about a kernel's trace have more than one good answer?
import type { Policies as AnyPolicies } from '../law/clause.js';
import type { Policy } from '../law/profile.js';
import { cite } from '../law/sources.js';

export interface Policies extends AnyPolicies {
  readonly invalidation: 'as-recorded' | 'strict' | 'lazy';
  readonly bounce: 'never' | 'possible';
  readonly fault: 'never-where-mapped' | 'possible';
}

export const policies: readonly Policy[] = [
  {
    name: 'invalidation',
    question: 'When must a range that the DMA API unmapped be out of the hardware?',
    cite: [
      cite('linux-6.1-7.2', 'drivers/iommu/dma-iommu.c: __iommu_dma_unmap, queue_iova'),
      cite('linux-docs', 'admin-guide/kernel-parameters: iommu.strict'),
    ],
    values: [
      {
        value: 'as-recorded',
        says: 'As the recording states its mode.',
        argument: 'The kernel was told one of the two; the recording shows which.',
      },
      {
        value: 'strict',
        says: 'Before the unmap returns to the driver.',
        argument:
          'The driver reuses the memory at once; a device that still reaches it can read or change what is not its own.',
      },
      {
        value: 'lazy',
        says: 'Before the addresses are used again.',
        argument:
          'One flush for many ranges costs far less, and no new mapping is ever confused with an old one.',
      },
    ],
  },
  {
    name: 'bounce',
    question:
      'May a buffer be mapped through a copy, so that other memory than the driver named is behind its address?',
    cite: [
      cite('linux-6.12', 'drivers/iommu/dma-iommu.c: dev_use_swiotlb, iommu_dma_map_page'),
      cite('linux-7.2', 'drivers/iommu/dma-iommu.c: dev_use_swiotlb, iommu_dma_map_phys'),
    ],
    values: [
      {
        value: 'never',
        says: 'The memory behind the address is the memory that the driver named.',
        argument: 'Trusted devices are never bounced, and the comparison finds mappings of the wrong memory.',
      },
      {
        value: 'possible',
        says: 'Other memory may be behind the address.',
        argument:
          'Buffers of untrusted devices that do not fill their pages are copied, so that the device does not see their neighbours.',
      },
    ],
  },
  {
    name: 'fault',
    question: 'May an access fault at an address that is mapped?',
    cite: [cite('linux-5.10-7.2', 'drivers/iommu/iommu.c: report_iommu_fault')],
    values: [
      {
        value: 'never-where-mapped',
        says: 'No access faults where the domain maps the address.',
        argument:
          'A fault at an address that the driver has just handed out is what a wrong table or a lost entry looks like.',
      },
      {
        value: 'possible',
        says: 'It may: the mapping may be for reading only, or for writing only.',
        argument: 'No line prints the permission of a mapping, and a device may do what it must not.',
      },
    ],
  },
];

export const isStrict = (mode: 'strict' | 'lazy', chosen: Policies): boolean =>
  (chosen.invalidation === 'as-recorded' ? mode : chosen.invalidation) === 'strict';
