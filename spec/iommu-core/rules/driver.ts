// May a driver be bound to a device, and what does it give back when it is unbound?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { SINCE_612 } from '../releases.js';
import { groupOf, hasEntries, hasItsGroup, homeOf } from '../state/group.js';
import { DEFAULT, type Device, NONE, type State } from '../state.js';
import { at, done, type OnDevice, OURS, operation, type Rule, type The, warned } from './chapter.js';

const CORE = at(cite('linux-6.1-7.2', '__driver_probe_device, device_unbind_cleanup'));

const withDriver = (s: State, o: OnDevice, driver: Device['driver']): State =>
  patch(s, { devices: patchAt(s.devices, o.device, { driver }) });

const counted = (s: State, o: OnDevice, by: number): State =>
  patch(s, { groups: patchAt(s.groups, homeOf(s, o), { owners: groupOf(s, o.device).owners + by }) });

const bound = (s: State, o: The<'bind'>): State => withDriver(s, o, o.managed ? 'managed' : 'kernel');

/** Only a bus whose dma_configure asks for the default domain is concerned; that of mediated devices does not. */
const isConcerned = (s: State, o: OnDevice): boolean =>
  hasItsGroup(s, o.device) && s.devices[o.device]!.instance >= 0;

const BIND = operation('bind', cite('linux-6.1-7.2', 'iommu_device_use_default_domain'));

export const bind: readonly Rule<The<'bind'>>[] = [
  BIND.must(
    'no-device',
    'ENODEV',
    'The device does not exist.',
    (s, o) => s.devices[o.device] === undefined,
    OURS,
  ),
  BIND.must(
    'has-driver',
    'EBUSY',
    'The device has a driver already.',
    (s, o) => s.devices[o.device]!.driver !== 'none',
    CORE,
  ),
  BIND.ends(
    'manages-its-dma',
    'A driver that manages the DMA of its device does not ask: it claims the group before it lets a user in.',
    (s, o) => done(bound(s, o)),
    (_, o) => o.managed,
    at(cite('linux-6.1-7.2', 'pci_dma_configure: driver_managed_dma')),
  ),
  BIND.ends(
    'no-iommu',
    'The device is in no group, or is mediated and behind no IOMMU: the IOMMU core is not concerned.',
    (s, o) => done(bound(s, o)),
    (s, o) => !isConcerned(s, o),
  ),
  BIND.must(
    'no-default-domain',
    'EPROBE_DEFER',
    'The group has no default domain yet: the driver must be bound again later.',
    (s, o) => groupOf(s, o.device).type === 'none',
    { ...at(cite('linux-6.12-7.2', 'iommu_device_use_default_domain: EPROBE_DEFER')), ...SINCE_612 },
  ),
  BIND.must(
    'group-taken',
    'EBUSY',
    'The group is in use, and it has an owner, is not on its default domain, or has a PASID attached.',
    (s, o) => {
      const { owners, owner, domain, type } = groupOf(s, o.device);
      const core = type === 'none' ? NONE : DEFAULT;
      return owners > 0 && (domain !== core || owner >= 0 || hasEntries(s, homeOf(s, o)));
    },
  ),
  BIND.ends('bound', 'The kernel driver uses the default domain of the group, and is counted.', (s, o) =>
    done(counted(bound(s, o), o, 1)),
  ),
];

const UNBIND = operation('unbind', cite('linux-6.1-7.2', 'iommu_device_unuse_default_domain'));

const unbound = (s: State, o: OnDevice): State => withDriver(s, o, 'none');

export const unbind: readonly Rule<The<'unbind'>>[] = [
  UNBIND.must(
    'no-driver',
    'ENODEV',
    'The device has no driver.',
    (s, o) => (s.devices[o.device]?.driver ?? 'none') === 'none',
    at(cite('linux-6.12-7.2', 'unbind_store')),
  ),
  UNBIND.ends(
    'uncounted',
    'The driver manages its DMA, or the device is in no group or behind no IOMMU: it was not counted.',
    (s, o) => done(unbound(s, o)),
    (s, o) => s.devices[o.device]!.driver === 'managed' || !isConcerned(s, o),
  ),
  UNBIND.ends(
    'pasids-left',
    'A PASID of the group is still attached, or nobody is counted: the kernel warns, and does not count the driver down.',
    (s, o) => warned(unbound(s, o)),
    (s, o) => groupOf(s, o.device).owners === 0 || hasEntries(s, homeOf(s, o)),
  ),
  UNBIND.ends('unbound', 'The driver no longer uses the default domain, and is counted down.', (s, o) =>
    done(counted(unbound(s, o), o, -1)),
  ),
];
