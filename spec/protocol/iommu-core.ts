// Which words does the profile iommu-core speak: the machine under judgement, and the calls on its IOMMU core?
import * as t from 'io-ts';
import { closed, type Defect, Hex64, tagged, whole, word } from './codec.js';
import type { Machine } from './iommu-core-machine.js';

export { Machine, machineFits } from './iommu-core-machine.js';

const index = (name: string) => whole(name, 0, 65_535);
const device = index('device');
const group = index('group');
/** A name that the recorder gave to something that was made: a domain, a reference, a handle. */
const name = index('name');
/** A domain by its name, or one of the static domains of the device's IOMMU instance. */
const domain = t.union([name, word('identity', 'blocked')]);
const pasid = whole('pasid', 0, 0xffff_ffff);
/** Whoever claims ownership: any number that the recorder chose; null is no owner at all. */
const owner = t.union([index('owner'), t.null]);
/** An attach handle that the caller made; null is none. */
const handle = t.union([name, t.null]);
const mm = index('mm');

const onDevice = <K extends string>(op: K) => closed(op, { op: t.literal(op), device });
const onGroup = <K extends string>(op: K) => closed(op, { op: t.literal(op), group });

/** Devices that come and go, and the references that keep their group. */
const lifetime = {
  /** iommu_probe_device: the device joins its group. `queued`: by the scan of a bus, default domain later. */
  probe: closed('probe', { op: t.literal('probe'), device }, { queued: t.literal(true) }),
  /** iommu_release_device: the device has left the bus. */
  remove: onDevice('remove'),
  /** bus_iommu_probe, its last part: the default domain of a group whose devices were queued. */
  setup_default: onGroup('setup_default'),
  /** iommu_group_get: `as` names the reference. */
  group_get: closed('group_get', { op: t.literal('group_get'), device, as: name }),
  /** iommu_group_put of the reference `ref`. */
  group_put: closed('group_put', { op: t.literal('group_put'), ref: name }),
  /** iommu_group_store_type: a word is written to the group's `type` file; `privileged`: CAP_SYS_ADMIN and CAP_SYS_RAWIO. */
  store_type: closed('store_type', {
    op: t.literal('store_type'),
    group,
    type: word('dma', 'dma-fq', 'identity', 'auto', 'nonsense'),
    privileged: t.boolean,
  }),
  /** A driver is bound; `managed`: it has driver_managed_dma. */
  bind: closed('bind', { op: t.literal('bind'), device, managed: t.boolean }),
  /** The driver is taken off. */
  unbind: onDevice('unbind'),
};

/** Who may decide what the devices of a group reach. */
const ownership = {
  /** iommu_group_claim_dma_owner. */
  claim_group: closed('claim_group', { op: t.literal('claim_group'), group, owner }),
  /** iommu_group_release_dma_owner. */
  release_group: onGroup('release_group'),
  /** iommu_device_claim_dma_owner. */
  claim_device: closed('claim_device', { op: t.literal('claim_device'), device, owner }),
  /** iommu_device_release_dma_owner. */
  release_device: onDevice('release_device'),
  /** iommu_group_dma_owner_claimed: for display only. */
  owner_claimed: onGroup('owner_claimed'),
};

/** Domains: made, attached, exchanged, given back. */
const attachment = {
  /** iommu_paging_domain_alloc of a device. */
  alloc_by_device: closed('alloc_by_device', { op: t.literal('alloc_by_device'), device, as: name }),
  /** iommu_group_alloc_domain, as proposed in February 2022. */
  alloc_by_group: closed('alloc_by_group', { op: t.literal('alloc_by_group'), group, as: name }),
  /** iommu_domain_alloc of a bus: nobody has said yet which IOMMU instance it is for. */
  alloc_by_bus: closed('alloc_by_bus', { op: t.literal('alloc_by_bus'), bus: index('bus'), as: name }),
  /** iommu_domain_free. */
  free_domain: closed('free_domain', { op: t.literal('free_domain'), domain: name }),
  /** iommu_attach_device. */
  attach_device: closed('attach_device', { op: t.literal('attach_device'), device, domain }),
  /** iommu_detach_device. */
  detach_device: closed('detach_device', { op: t.literal('detach_device'), device, domain }),
  /** iommu_attach_group. */
  attach_group: closed('attach_group', { op: t.literal('attach_group'), group, domain }),
  /** iommu_detach_group: the domain is an argument that nobody looks at. */
  detach_group: closed('detach_group', { op: t.literal('detach_group'), group, domain }),
  /** iommu_group_replace_domain, the drafts of 2022 and Linux 6.4 to 6.10; `domain` null is a NULL pointer. */
  replace_group: closed('replace_group', {
    op: t.literal('replace_group'),
    group,
    domain: t.union([domain, t.null]),
  }),
  /** iommu_attach_group_handle. */
  attach_handle: closed('attach_handle', { op: t.literal('attach_handle'), group, domain, handle }),
  /** iommu_detach_group_handle. */
  detach_handle: closed('detach_handle', { op: t.literal('detach_handle'), group, domain }),
  /** iommu_replace_group_handle; `domain` null is a NULL pointer. */
  replace_handle: closed('replace_handle', {
    op: t.literal('replace_handle'),
    group,
    domain: t.union([domain, t.null]),
    handle,
  }),
  /** iommu_attach_handle_get: pasid 0 asks for the handle of the RID; `kind` null: of any kind. */
  handle_get: closed('handle_get', {
    op: t.literal('handle_get'),
    group,
    pasid,
    kind: t.union([word('paging', 'sva'), t.null]),
  }),
  /** iommu_deferred_attach: the first DMA mapping of a device whose attach was put off. */
  deferred_attach: onDevice('deferred_attach'),
  /** iommu_dev_reset_prepare: the device is to be reset, its translations parked. */
  reset_prepare: onDevice('reset_prepare'),
  /** iommu_dev_reset_done. */
  reset_done: onDevice('reset_done'),
  /** The IOMMU has carried out what a blocking attach left to be done (policy blocking-attach). */
  settle: onDevice('settle'),
};

/** Process address space ids: one more index into a set of domains. */
const pasids = {
  /** iommu_alloc_global_pasid, or whoever hands out numbers under the policy pasid-allocator. */
  pasid_alloc: closed('pasid_alloc', { op: t.literal('pasid_alloc'), device }),
  /** iommu_free_global_pasid; `device` is that of the allocation. */
  pasid_free: closed('pasid_free', { op: t.literal('pasid_free'), device, pasid }),
  /** iommu_attach_device_pasid. */
  attach_pasid: closed('attach_pasid', { op: t.literal('attach_pasid'), device, domain, pasid, handle }),
  /** iommu_replace_device_pasid. */
  replace_pasid: closed('replace_pasid', { op: t.literal('replace_pasid'), device, domain, pasid, handle }),
  /** iommu_detach_device_pasid. */
  detach_pasid: closed('detach_pasid', { op: t.literal('detach_pasid'), device, pasid }),
  /** iommu_sva_bind_device: the device shares the address space of process `mm`. */
  sva_bind: closed('sva_bind', { op: t.literal('sva_bind'), device, mm }),
  /** iommu_sva_unbind_device. */
  sva_unbind: closed('sva_unbind', { op: t.literal('sva_unbind'), device, mm }),
  /** The address space dies: iommu_mm_drop. */
  mm_exit: closed('mm_exit', { op: t.literal('mm_exit'), mm }),
};

/** Aux domains, Linux 5.1 to 5.17: `mdev` is the mediated device that the domain is for, null where there is none. */
const aux = {
  /** iommu_dev_enable_feature, IOMMU_DEV_FEAT_AUX. */
  aux_enable: onDevice('aux_enable'),
  /** iommu_dev_disable_feature. */
  aux_disable: onDevice('aux_disable'),
  /** iommu_aux_attach_device, or iommu_aux_attach_group as proposed in July 2020. `device` is the parent. */
  aux_attach: closed('aux_attach', {
    op: t.literal('aux_attach'),
    device,
    domain: name,
    mdev: t.union([device, t.null]),
  }),
  /** iommu_aux_detach_device, or iommu_aux_detach_group. */
  aux_detach: closed('aux_detach', {
    op: t.literal('aux_detach'),
    device,
    domain: name,
    mdev: t.union([device, t.null]),
  }),
  /** iommu_aux_get_pasid. */
  aux_pasid: closed('aux_pasid', { op: t.literal('aux_pasid'), device, domain: name }),
  /** iommu_aux_get_domain_for_dev of a mediated device, and the PASID of what it finds. */
  aux_lookup: closed('aux_lookup', { op: t.literal('aux_lookup'), device }),
};

/** What a domain translates, and what a device reaches. Addresses and sizes in bytes. */
const translation = {
  /** iommu_map, all of it readable and writable. */
  map: closed('map', { op: t.literal('map'), domain, iova: Hex64, paddr: Hex64, size: Hex64 }),
  /** iommu_unmap. */
  unmap: closed('unmap', { op: t.literal('unmap'), domain, iova: Hex64, size: Hex64 }),
  /** iommu_iova_to_phys. */
  iova_to_phys: closed('iova_to_phys', { op: t.literal('iova_to_phys'), domain, iova: Hex64 }),
  /** One DMA access by a device, tagged with a PASID or, null, with its requester id alone. */
  dma: closed('dma', {
    op: t.literal('dma'),
    device,
    pasid: t.union([pasid, t.null]),
    iova: Hex64,
  }),
  /** device_iommu_capable, and the same question to a group or a domain as asked for in February 2022. */
  capable: closed('capable', {
    op: t.literal('capable'),
    of: word('device', 'group', 'domain'),
    at: index('object'),
    what: word('cache-coherency', 'enforce-coherency', 'dirty-tracking', 'isolated-msi', 'pasid'),
  }),
};

const ops = { ...lifetime, ...ownership, ...attachment, ...pasids, ...aux, ...translation };

export const Op = tagged('op', ops);
export type Op = t.TypeOf<(typeof ops)[keyof typeof ops]>;
export type OpName = Op['op'];

/** More in one call wants our time and not our judgement. */
const LARGEST = 1n << 30n;

/**
 * Devices and groups that the machine does not have are names that nobody knows, and are refused by the law.
 * A process that it does not have never was, and a larger mapping than a GiB is cut by the recorder.
 */
export function opFits(machine: Machine, op: Op): Defect | undefined {
  if ('mm' in op && op.mm >= machine.mms)
    return { path: 'mm', reason: `there are only ${machine.mms} address spaces` };
  if ('size' in op && op.size > LARGEST)
    return { path: 'size', reason: 'at most 1 GiB in one call; cut it into several' };
  return undefined;
}
