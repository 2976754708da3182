// In what do the caches and commands of VT-d, SMMUv3, RISC-V and AMD differ?
import type { Command, Configuration } from './configuration.js';

/** Is the entry of a device or process cached that is not present? Linux synchronises each write of an STE or CD. */
export const keepsAbsentWays = ({ architecture, cachingMode }: Configuration): boolean =>
  cachingMode || architecture === 'smmu-v3';

/** Are translations tagged with a PASID beside the domain? The others have a tag for each process. */
export const tagsPasids = ({ architecture }: Configuration): boolean =>
  architecture === 'vt-d' || architecture === 'amd';

/** Without the extension NL, IOTINVAL with an address is for leaves only. */
export const leavesOnlyByRange = (c: Configuration): boolean =>
  c.architecture === 'risc-v' && !c.nonLeafRange;

/** Can this be put into words of the architecture's queue? */
export function canSay(c: Configuration, command: Command): boolean {
  switch (c.architecture) {
    case 'vt-d':
      return sayVtd(command);
    case 'smmu-v3':
      return saySmmu(command);
    case 'risc-v':
      return sayRiscv(c, command);
    case 'amd':
      return sayAmd(command);
  }
}

/** Context cache: global, domain, device. PASID cache: global, domain, domain and PASID. IOTLB: all, or within a domain. */
function sayVtd(c: Command): boolean {
  if (c.is === 'context') return c.tag === undefined || c.device === undefined;
  if (c.is === 'process') return c.device === undefined && (c.tag !== undefined || c.pasid === undefined);
  return c.is !== 'iotlb' || withinTag(c);
}

/** CFGI_STE and CFGI_ALL; CFGI_CD and CFGI_CD_ALL; TLBI by ASID or VMID, with or without an address. */
function saySmmu(c: Command): boolean {
  if (c.is === 'context') return c.tag === undefined;
  if (c.is === 'process') return c.tag === undefined && c.device !== undefined;
  return c.is !== 'iotlb' || (c.pasid === undefined && withinTag(c));
}

/** IODIR.INVAL_DDT, of all or of a device; INVAL_PDT of a process; IOTINVAL by PSCID, by address, by both or by nothing. */
function sayRiscv(configuration: Configuration, c: Command): boolean {
  if (c.is === 'context') return c.tag === undefined;
  if (c.is === 'process') return c.tag === undefined && c.device !== undefined && c.pasid !== undefined;
  if (c.is !== 'iotlb') return true;
  if (c.pasid !== undefined) return false;
  if (c.block === undefined) return !c.leaf;
  return c.leaf || !leavesOnlyByRange(configuration);
}

/** INVALIDATE_DEVTAB_ENTRY of a device; INVALIDATE_IOMMU_PAGES within a domain, and INVALIDATE_IOMMU_ALL. */
function sayAmd(c: Command): boolean {
  if (c.is === 'context') return c.device !== undefined && c.tag === undefined;
  if (c.is === 'process') return false;
  return c.is !== 'iotlb' || withinTag(c);
}

/** Whatever selects, selects within a tag. */
const withinTag = (c: Extract<Command, { is: 'iotlb' }>): boolean =>
  c.tag !== undefined || (c.pasid === undefined && c.block === undefined && !c.leaf);
