// What goes wrong with PASIDs, shared address spaces, aux domains, and with what a domain translates?
import { EADDRINUSE, EINVAL, ENOMEM } from '../../../impl/errno.js';
import { type Doing, groupOf, setEntry } from '../../../impl/iommu-core/core.js';
import type { Odd } from '../../../impl/iommu-core/translation.js';
import { DMA_FAULT } from '../../../impl/iommu-core/translation.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { linux } from '../seeding.js';
import { calls, fault, memberOf, steps } from './seed.js';

export const numbers: readonly FaultyMachine[] = [
  fault(
    'pasid/zero-is-taken',
    'PASID 0, which is the requester id itself, is attached like any other.',
    synthetic('iommu_attach_device_pasid without IOMMU_NO_PASID'),
    ['pasids', 'outcome.is', 3],
    steps(own => ({
      refusal: (core, group, driver, pasid) => own.refusal(core, group, driver, pasid === 0 ? 1 : pasid),
    })),
  ),
  fault(
    'pasid/replace-of-nothing',
    'A replace of a PASID that was never attached attaches it, and says so.',
    linux('55c85fa7579d', '"iommufd: Fail replace if device has not been attached"'),
    ['pasids', 'outcome.is', 3],
    calls(
      own =>
        class extends own {
          override replacePasid(device: number, domain: number, pasid: number, handle: number): number {
            const result = super.replacePasid(device, domain, pasid, handle);
            const found = memberOf(this.core.devices, device);
            const nothing = found !== undefined && !found.group.entries.has(pasid);
            return result === -EINVAL && nothing && handle >= 0
              ? this.attachPasid(device, domain, pasid, handle)
              : result;
          }
        },
    ),
  ),
  fault(
    'pasid/same-handle-again',
    'What replaces an attachment may bring the same handle, which somebody is reading without a lock.',
    history('Linux, iommu_replace_device_pasid: WARN_ON(handle == curr), and why it is there'),
    ['pasids', 'outcome.is', 4],
    calls(
      own =>
        class extends own {
          override replacePasid(device: number, domain: number, pasid: number, handle: number): number {
            const entries = memberOf(this.core.devices, device)?.group.entries;
            const now = entries?.get(pasid);
            if (now !== undefined && handle >= 0 && now.handle === handle)
              entries?.set(pasid, { ...now, handle: -1 });
            const result = super.replacePasid(device, domain, pasid, handle);
            if (result < 0 && now !== undefined) entries?.set(pasid, now);
            return result;
          }
        },
    ),
  ),
  fault(
    'pasid/way-back-is-nothing',
    'A replace of a PASID that fails for one member blocks it on those before, which had another domain.',
    synthetic('__iommu_set_group_pasid without the old domain'),
    ['pasids', 'devices.0.programmed.1', 6],
    steps(own => ({
      programAll: function* (core, group, pasid, domain): Doing {
        return yield* own.programAll(core, group, pasid, domain, undefined);
      },
    })),
  ),
  fault(
    'pasid/failure-leaves-the-entry',
    'The entry is written before the hardware is programmed, and stays where that fails.',
    linux('5e9f822c9c68', 'pasid_array is set before the driver has attached the domain'),
    ['pasids', 'groups.0.pasids.1', 3],
    steps(own => ({
      attachEntry: function* (core, group, domain, pasid, handle): Doing {
        const error = yield* own.attachEntry(core, group, domain, pasid, handle);
        if (error === -ENOMEM && !group.entries.has(pasid)) setEntry(core, group, pasid, domain, handle);
        return error;
      },
    })),
  ),
  fault(
    'sva/bond-counted-once',
    'Two devices of a group share an address space by one bond, and the first that lets go ends it for both.',
    linux('6384c56c99d9', 'the SVA handle of one device is shared with the others of its group'),
    ['sva', 'devices.0.programmed.1', 4],
    calls(
      own =>
        class extends own {
          override bindSpace(device: number, mm: number): number {
            const result = super.bindSpace(device, mm);
            const group = groupOf(this.core.devices[device]);
            const space = this.core.spaces[mm];
            if (result >= 0 && group !== undefined) space?.bonds.set(group.index, 1);
            return result;
          }
        },
    ),
  ),
  fault(
    'sva/number-goes-with-the-process',
    'The PASID of a process is free again when the process ends, though devices still share its address space.',
    history('openanolis bug 4081: the PASID is freed with the last user of the mm, devices are still bound'),
    ['sva', 'mms.0.pasid', 3],
    steps(own => ({
      releasePasid: (core, space) => {
        if (space.alive || space.pasid === 0) return own.releasePasid(core, space);
        core.numbers.give(space.pasid);
        core.pasidsOfSpaces.delete(space.pasid);
        space.pasid = 0;
      },
    })),
  ),
  fault(
    'aux/off-while-attached',
    'The feature is switched off while aux domains are attached, and each later detach silently does nothing.',
    history('Linux 5.1 to 5.17, intel_iommu_disable_auxd: only clears the flag'),
    ['aux', 'outcome.is', 5],
    calls(
      own =>
        class extends own {
          override disableAux(index: number): number {
            const result = super.disableAux(index);
            const device = this.core.devices[index];
            if (device?.group === undefined) return result;
            device.aux = false;
            return 0;
          }
        },
    ),
  ),
  fault(
    'aux/number-stays-in-the-domain',
    'The last detach gives the PASID back, and the domain keeps it and takes it at its next attach.',
    history('Linux 5.1 to 5.17, aux_domain_remove_dev: ioasid_put, and default_pasid is left as it was'),
    ['aux', 'domains.0.pasid', 5],
    steps(own => ({
      detachFrom: (core, device, domain) => {
        const pasid = domain.auxPasid;
        own.detachFrom(core, device, domain);
        if (domain.auxPasid === 0) domain.auxPasid = pasid;
      },
    })),
  ),
  fault(
    'aux/first-detach-ends-all',
    'A domain that is an aux domain twice is gone from the device with the first detach.',
    synthetic('the count per domain and device, left out'),
    ['aux', 'devices.0.programmed.1', 6],
    calls(
      own =>
        class extends own {
          override detachAux(device: number, domain: number, mdev: number): number {
            const uses = this.core.domains.get(domain)?.auxUses;
            if (uses?.has(device)) uses.set(device, 1);
            return super.detachAux(device, domain, mdev);
          }
        },
    ),
  ),
  fault(
    'aux/lookup-by-the-parent',
    'The domain of a mediated device is looked up with its parent, which has the primary domain and not the aux one.',
    history('iommu list, "Add iommu_aux_get_domain_for_dev" (2020): iommu_get_domain_for_dev of the parent'),
    ['aux', 'outcome.is', 5],
    calls(
      own =>
        class extends own {
          override lookupAux(index: number): number {
            const device = this.core.devices[index];
            const parent = this.core.devices[device?.setup.parent ?? -1];
            const handle = parent?.group?.domain?.handle ?? -1;
            return device?.group !== undefined && handle >= 0 ? handle : super.lookupAux(index);
          }
        },
    ),
  ),
  fault(
    'domain/freed-under-its-device',
    'A domain is freed when no group is on it, though a device that could not be moved still walks it.',
    history('CVE-2024-53232, iommu/s390: a domain is freed after an attach that must succeed has failed'),
    ['no-static-blocked', 'outcome.is', 5],
    calls(
      own =>
        class extends own {
          override freeDomain(handle: number): number {
            const domain = this.core.domains.get(handle);
            if (domain !== undefined && domain.users === 0) domain.attachments = 0;
            return super.freeDomain(handle);
          }
        },
    ),
  ),
  fault(
    'table/failed-map-is-reported-done',
    'The test of what the page table said is the wrong way round: a map that failed is a success.',
    history(
      'Linux, fixed between 7.0 and 7.2: "Fixes: d6c65b0fd621", the result of the map is tested inverted',
    ),
    ['tables', 'outcome.is', 3],
    calls(
      own =>
        class extends own {
          override map(domain: number, page: number, frame: number, pages: number, odd?: Odd): number {
            const result = super.map(domain, page, frame, pages, odd);
            return result === -ENOMEM ? 0 : result;
          }
        },
    ),
  ),
  fault(
    'table/failed-map-unmaps-its-neighbours',
    'A map that fails in the middle unmaps all that it was asked for, and with it what was there before.',
    history('Linux, iommu_map: the unwinding unmaps orig_size - size, and why it is not orig_size'),
    ['tables', 'domains.0.maps.0', 4],
    calls(
      own =>
        class extends own {
          override map(domain: number, page: number, frame: number, pages: number, odd?: Odd): number {
            const result = super.map(domain, page, frame, pages, odd);
            if (result === -EADDRINUSE || result === -ENOMEM) this.unmap(domain, page, pages);
            return result;
          }
        },
    ),
  ),
  fault(
    'table/frame-zero-is-nowhere',
    'What is mapped to physical page 0 is taken for not mapped.',
    history('Linux, iommu_iova_to_phys: 0 stands for nothing, and vfio_unmap_unpin trusts it'),
    ['tables', 'outcome.is', 5],
    calls(
      own =>
        class extends own {
          override dma(device: number, pasid: number, page: number): number {
            const reached = super.dma(device, pasid, page);
            return reached === 0 ? DMA_FAULT : reached;
          }
        },
    ),
  ),
];
