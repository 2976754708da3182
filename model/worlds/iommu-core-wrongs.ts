// In which ways can a call of iommu-core be wrong?
import type { Op } from '../../spec/iommu-core/state.js';

const PAGE = 4096n;
const NOBODY = 99;

/** One instance for each way to be wrong; they are refused or noted, so they cost no states. */
export function wrongs(device: number, group: number, domain: number): readonly Op[] {
  return [
    { op: 'probe', device: NOBODY },
    { op: 'remove', device: NOBODY },
    { op: 'setup_default', group: NOBODY },
    { op: 'group_get', device: NOBODY, as: 0 },
    { op: 'group_put', ref: 0 },
    { op: 'store_type', group: NOBODY, type: 'dma', privileged: true },
    { op: 'store_type', group, type: 'identity', privileged: false },
    { op: 'store_type', group, type: 'nonsense', privileged: true },
    { op: 'bind', device: NOBODY, managed: true },
    { op: 'unbind', device: NOBODY },
    { op: 'claim_group', group, owner: null },
    { op: 'claim_group', group: NOBODY, owner: 0 },
    { op: 'claim_device', device, owner: null },
    { op: 'claim_device', device: NOBODY, owner: 0 },
    { op: 'release_group', group: NOBODY },
    { op: 'release_device', device: NOBODY },
    { op: 'owner_claimed', group: NOBODY },
    { op: 'alloc_by_device', device: NOBODY, as: domain },
    { op: 'alloc_by_group', group: NOBODY, as: domain },
    { op: 'alloc_by_bus', bus: NOBODY, as: domain },
    { op: 'free_domain', domain },
    ...wrongAttaches(device, group, domain),
  ];
}

function wrongAttaches(device: number, group: number, domain: number): readonly Op[] {
  const on = { device: NOBODY, domain, pasid: 1, handle: 1 };
  return [
    { op: 'attach_device', device: NOBODY, domain },
    { op: 'detach_device', device: NOBODY, domain },
    { op: 'attach_group', group: NOBODY, domain },
    { op: 'detach_group', group: NOBODY, domain },
    { op: 'replace_group', group, domain: null },
    { op: 'replace_group', group: NOBODY, domain },
    { op: 'attach_handle', group, domain, handle: null },
    { op: 'attach_handle', group: NOBODY, domain, handle: 1 },
    { op: 'detach_handle', group: NOBODY, domain },
    { op: 'replace_handle', group, domain: null, handle: 1 },
    { op: 'replace_handle', group, domain, handle: null },
    { op: 'replace_handle', group: NOBODY, domain, handle: 1 },
    { op: 'handle_get', group: NOBODY, pasid: 0, kind: null },
    { op: 'deferred_attach', device: NOBODY },
    { op: 'reset_prepare', device: NOBODY },
    { op: 'reset_done', device: NOBODY },
    { op: 'settle', device: NOBODY },
    { op: 'pasid_alloc', device: NOBODY },
    { op: 'pasid_free', device: NOBODY, pasid: 1 },
    { op: 'pasid_free', device, pasid: NOBODY },
    { op: 'attach_pasid', ...on },
    { op: 'attach_pasid', device, domain, pasid: 0, handle: null },
    { op: 'attach_pasid', device, domain, pasid: NOBODY, handle: null },
    { op: 'replace_pasid', ...on },
    { op: 'replace_pasid', device, domain, pasid: 0, handle: 1 },
    { op: 'replace_pasid', device, domain, pasid: 1, handle: null },
    { op: 'detach_pasid', device: NOBODY, pasid: 1 },
    { op: 'aux_enable', device: NOBODY },
    { op: 'aux_disable', device: NOBODY },
    { op: 'aux_attach', device: NOBODY, domain, mdev: null },
    { op: 'aux_attach', device, domain, mdev: NOBODY },
    { op: 'aux_detach', device: NOBODY, domain, mdev: null },
    { op: 'aux_pasid', device: NOBODY, domain },
    { op: 'aux_lookup', device: NOBODY },
    { op: 'dma', device: NOBODY, pasid: null, iova: 0n },
    { op: 'capable', of: 'group', at: NOBODY, what: 'pasid' },
    { op: 'capable', of: 'device', at: NOBODY, what: 'pasid' },
  ];
}

/** Mappings in what has no tables, misaligned ones, none at all, and ones out of range. */
export const wrongMappings = (domain: number): readonly Op[] => [
  { op: 'map', domain: 'identity', iova: 0n, paddr: 0n, size: PAGE },
  { op: 'map', domain, iova: 1n, paddr: 0n, size: PAGE },
  { op: 'map', domain, iova: 0n, paddr: 0n, size: 0n },
  { op: 'map', domain, iova: 1n << 40n, paddr: 0n, size: PAGE },
  { op: 'map', domain, iova: 0n, paddr: 1n << 52n, size: PAGE },
  { op: 'unmap', domain: 'blocked', iova: 0n, size: PAGE },
  { op: 'unmap', domain, iova: 0n, size: 1n },
  { op: 'unmap', domain, iova: 1n << 40n, size: PAGE },
];
