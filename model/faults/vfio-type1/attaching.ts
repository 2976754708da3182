// What goes wrong when a group joins a container in which something is mapped, or leaves it?
import { type FaultyMachine, synthetic } from '../fault.js';
import { fault, readIn, steps } from './seed.js';

export const attaching: readonly FaultyMachine[] = [
  fault(
    'attach/aperture-not-compared',
    'A group joins though its IOMMU cannot translate what is mapped.',
    synthetic('vfio_iommu_type1_attach_group without vfio_iommu_aper_conflict'),
    ['type1-apertures', 'outcome.is', 7],
    steps(() => ({ apertureConflict: () => false })),
  ),
  fault(
    'attach/reserved-not-compared',
    'A group joins though something is mapped in a reserved region of it.',
    synthetic('vfio_iommu_type1_attach_group without vfio_iommu_resv_conflict'),
    ['type1-apertures', 'outcome.is', 7],
    steps(() => ({ reservedConflict: () => false })),
  ),
  fault(
    'attach/reserved-stay-valid',
    'The reserved regions of a group that joins stay in the list of valid ranges.',
    synthetic('vfio_iommu_type1_attach_group without vfio_iommu_resv_exclude'),
    ['type1-apertures', 'containers.0.ranges.0.first', 4],
    steps(() => ({ excludeReserved: (_, ranges) => ranges })),
  ),
  fault(
    'attach/list-narrowed-by-a-refusal',
    'The list of valid ranges is replaced before the group is let in.',
    synthetic('vfio_iommu_iova_insert_copy before the last check'),
    ['type1-apertures', 'containers.0.ranges.0.last', 7],
    steps(own => ({
      reservedConflict: (core, container, group) => {
        const conflict = own.reservedConflict(core, container, group);
        if (conflict) container.ranges = own.excludeReserved(core, container.ranges, group);
        return conflict;
      },
    })),
  ),
  fault(
    'attach/coherency-not-compared',
    'A group shares a domain with one whose IOMMU is of another kind and coherency.',
    synthetic('vfio_iommu_type1_attach_group without the comparison of domains'),
    ['type1-domain-pages', 'groups.0.domain', 6],
    steps(() => ({ sharedDomain: (_, container) => container.domains[0] ?? null })),
  ),
  fault(
    'attach/nothing-replayed',
    'A second domain is empty, though the container has mappings.',
    synthetic('vfio_iommu_type1_attach_group without vfio_iommu_replay'),
    ['type1-domain-pages', 'groups.1.translations.0', 7],
    steps(() => ({ replay: () => 0 })),
  ),
  fault(
    'attach/replay-not-charged',
    'What the first domain pins is not charged.',
    synthetic('vfio_iommu_replay without accounting'),
    ['type1-replay', 'locked.0', 7],
    steps(own => ({
      replay: (core, container, domain, mm) => {
        const before = [...core.locked];
        const code = own.replay(core, container, domain, mm);
        if (code === 0)
          before.forEach((pages, at) => {
            core.locked[at] = pages;
          });
        return code;
      },
    })),
  ),
  fault(
    'detach/list-not-widened',
    'A group leaves, and what its aperture had cut off stays invalid.',
    synthetic('vfio_iommu_type1_detach_group without vfio_iommu_aper_expand'),
    ['type1-apertures', 'containers.0.ranges.0.last', 7],
    steps(() => ({ expandAperture: (_, __, ranges) => ranges })),
  ),
  fault(
    'detach/charge-stays',
    'The last domain goes, mappings stay for emulated devices, and so does the charge for what is pinned no more.',
    readIn('vfio_iommu_unmap_unpin_reaccount: why it is there'),
    ['type1-replay', 'locked.0', 8],
    steps(() => ({
      reaccount: (_, container) => {
        for (const dma of container.dmas) dma.mapped = false;
      },
    })),
  ),
  fault(
    'valid/nothing-asked',
    'A map is not held against the list of valid ranges.',
    synthetic('vfio_dma_do_map without vfio_iommu_iova_dma_valid'),
    ['type1-apertures', 'outcome.is', 5],
    steps(() => ({ isValid: () => true })),
  ),
];
