// Which kernels does iommu-core speak for, and which of its operations does each not have?
import type { Release } from '../law/release.js';

export type ReleaseName = 'linux-7.2' | 'linux-6.12' | 'linux-6.1' | 'drafts';

/** For `Said`: the clause holds in these releases only. */
export const IN_72 = { releases: ['linux-7.2', 'drafts'] } as const;
export const IN_612 = { releases: ['linux-6.12'] } as const;
export const IN_61 = { releases: ['linux-6.1'] } as const;
export const SINCE_612 = { releases: ['linux-7.2', 'linux-6.12', 'drafts'] } as const;
export const UNTIL_612 = { releases: ['linux-6.12', 'linux-6.1'] } as const;
export const IN_DRAFTS = { releases: ['drafts'] } as const;

/** Is it the kernel whose core is another: one without rollback, handles and PASIDs? Whatever clauses share asks it. */
export const isOld = (chosen: { readonly release: ReleaseName }): boolean => chosen.release === 'linux-6.1';

const AUX = 'aux domains were taken out in 5.17 and 5.18; the drafts have them';
const aux = {
  aux_enable: AUX,
  aux_disable: AUX,
  aux_attach: AUX,
  aux_detach: AUX,
  aux_pasid: AUX,
  aux_lookup: 'iommu_aux_get_domain_for_dev was proposed in July 2020 and never merged; the drafts have it',
};
const mails = {
  alloc_by_group:
    'iommu_group_alloc_domain was proposed in February 2022 and never merged; the drafts have it',
  settle: 'no kernel has a call for it; the drafts have it',
};

const HANDLES = 'the core keeps no handles for attached domains yet';
const BONDS =
  'a bond is the affair of the driver: iommu_sva_bind_device answers EOPNOTSUPP on x86, and that of SMMUv3 is not written down here';

/** The newest first, which is the default. */
export const RELEASES: readonly Release[] = [
  {
    name: 'linux-7.2',
    source: 'linux-7.2',
    says: 'Linux 7.2.13, the IOMMU core and the page-table code of VT-d, AMD and ARM.',
    lacks: {
      ...aux,
      ...mails,
      alloc_by_bus: 'iommu_domain_alloc is gone, iommu_paging_domain_alloc takes a device (alloc_by_device)',
      replace_group: 'iommu_group_replace_domain is gone, use replace_handle',
    },
  },
  {
    name: 'linux-6.12',
    source: 'linux-6.12',
    says: 'Linux 6.12.117, the IOMMU core and the page-table code of VT-d, AMD and ARM.',
    lacks: {
      ...aux,
      ...mails,
      reset_prepare: 'pci_dev_reset_iommu_prepare came later',
      reset_done: 'pci_dev_reset_iommu_done came later',
      replace_pasid: 'iommu_replace_device_pasid came later',
    },
  },
  {
    name: 'linux-6.1',
    source: 'linux-6.1',
    says: 'Linux 6.1.192, the IOMMU core and the page-table code of VT-d, AMD and ARM, all behind one driver. It has no static domains and no PASIDs of the core. What SMMUv3 does with a bond was not written down.',
    lacks: {
      ...aux,
      ...mails,
      alloc_by_device: 'iommu_paging_domain_alloc came later; iommu_domain_alloc takes a bus (alloc_by_bus)',
      claim_device: 'iommu_device_claim_dma_owner came later',
      release_device: 'iommu_device_release_dma_owner came later',
      replace_group: 'iommu_group_replace_domain came later',
      attach_handle: HANDLES,
      detach_handle: HANDLES,
      replace_handle: HANDLES,
      handle_get: HANDLES,
      reset_prepare: 'pci_dev_reset_iommu_prepare came later',
      reset_done: 'pci_dev_reset_iommu_done came later',
      pasid_alloc: 'iommu_alloc_global_pasid came later; drivers take numbers by ioasid_alloc',
      pasid_free: 'iommu_free_global_pasid came later',
      attach_pasid: 'iommu_attach_device_pasid came later',
      replace_pasid: 'iommu_replace_device_pasid came later',
      detach_pasid: 'iommu_detach_device_pasid came later',
      sva_bind: BONDS,
      sva_unbind: BONDS,
      mm_exit: BONDS,
    },
  },
  {
    name: 'drafts',
    source: 'mail-2022',
    says: 'No kernel: linux-7.2 together with what the mails of 2020 to 2022 propose and discuss, and with aux domains. For questions of design; no recording of a kernel is judged by it.',
  },
];
