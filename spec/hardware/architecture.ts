// In what do the four architectures differ, as far as their caches go?
import { type Citation, cite } from '../law/sources.js';
import type { Iommu, State } from './state.js';

export const CACHING: Readonly<Record<Iommu['architecture'], readonly Citation[]>> = {
  'vt-d': [
    cite('vt-d', '6.1 Caching Mode'),
    cite('linux-7.2', 'drivers/iommu/intel/cache.c: cache_tag_flush_range_np'),
  ],
  'smmu-v3': [cite('linux-7.2', 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c: arm_smmu_write_entry')],
  'risc-v': [cite('riscv-iommu', 'Software guidelines: Caching invalid entries')],
  amd: [cite('linux-7.2', 'drivers/iommu/amd/iommu.c: amd_iommu_iotlb_sync_map')],
};

/**
 * May an entry that is not present be cached? Translations: with caching mode (VT-d, AMD). Entries of devices and
 * processes: the same, and in SMMUv3 always: Linux synchronises after each write of an STE or CD, valid or not.
 */
export const notPresentIsCached = (iommu: Iommu, what: 'translation' | 'context'): boolean =>
  iommu.cachingMode || (what === 'context' && iommu.architecture === 'smmu-v3');

/**
 * Are translations told apart by the PASID, beside the tag? VT-d and AMD tag them with a domain and a PASID; in
 * SMMUv3 and RISC-V the entry of a process has a tag of its own.
 */
export const withProcess = ({ architecture }: Iommu, process: number): number =>
  architecture === 'vt-d' || architecture === 'amd' ? process : 0;

/**
 * Are commands done in the order of the queue, as far as one can tell? In VT-d those of lower caches run after those
 * of upper ones that were queued before them. RISC-V may execute what it fetched out of order. Of SMMUv3 and AMD
 * nothing is known but what a CMD_SYNC or COMPLETION_WAIT says.
 */
export const inOrder = ({ architecture }: Iommu): boolean => architecture === 'vt-d';

/** Position of a PASID and 1; 0 without one. */
export const processOf = (s: State, pasid: number | undefined): number =>
  pasid === undefined ? 0 : s.pasids.findIndex(p => p.pasid === pasid) + 1;
