// May a driver take a device, and what does it give back when it goes?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { groupOf, hasEntries, hasItsGroup } from '../groups.js';
import { DEFAULT, type Op, type State } from '../state.js';
import { OK, ours, type Rule, WARNED } from './checks.js';

type Bind = Extract<Op, { op: 'bind' }>;
type Unbind = Extract<Op, { op: 'unbind' }>;

const USE = cite('linux', 'iommu_device_use_default_domain');
const UNUSE = cite('linux', 'iommu_device_unuse_default_domain');
const CORE = cite('linux', 'really_probe, device_unbind_cleanup');

const withDriver = (s: State, o: Bind): State['devices'] =>
  patchAt(s.devices, o.device, { driver: o.managed ? 'managed' : 'kernel' });

const counted = (s: State, device: number, by: number): State['groups'] => {
  const home = s.devices[device]!.home;
  return patchAt(s.groups, home, { owners: s.groups[home]!.owners + by });
};

export const bind: readonly Rule<Bind>[] = [
  refuse(
    'ENODEV',
    { id: 'bind/no-device', says: 'A device that does not exist has no driver.', cite: [ours] },
    (s, o) => s.devices[o.device] === undefined,
  ),
  refuse(
    'EBUSY',
    { id: 'bind/has-driver', says: 'A device has one driver at a time.', cite: [CORE] },
    (s, o) => s.devices[o.device]!.driver !== 'none',
  ),
  ending(
    {
      id: 'bind/manages-its-dma',
      says: 'A driver that manages the DMA of its device asks nobody: it will claim the group before it lets a user in.',
      cite: [cite('linux', 'struct bus_type dma_configure: driver_managed_dma')],
    },
    (s, o) => ({ outcome: OK, state: patch(s, { devices: withDriver(s, o) }) }),
    (_, o) => o.managed,
  ),
  ending(
    {
      id: 'bind/no-iommu',
      says: 'A kernel driver of a device without a group is no business of the IOMMU core.',
      cite: [USE],
    },
    (s, o) => ({ outcome: OK, state: patch(s, { devices: withDriver(s, o) }) }),
    (s, o) => !hasItsGroup(s, o.device),
  ),
  refuse(
    'EPROBE_DEFER',
    {
      id: 'bind/no-default-domain',
      says: 'While the group has no default domain yet, a kernel driver is told to come again.',
      cite: [cite('linux-7', 'iommu_device_use_default_domain: EPROBE_DEFER')],
    },
    (s, o) => groupOf(s, o.device).type === 'none',
  ),
  refuse(
    'EBUSY',
    {
      id: 'bind/group-taken',
      says: 'No kernel driver is bound beside an owner, nor to a group in use that is not on its default domain or has PASIDs attached.',
      cite: [USE],
    },
    (s, o) => {
      const { owners, owner, domain } = groupOf(s, o.device);
      return owners > 0 && (domain !== DEFAULT || owner >= 0 || hasEntries(s, s.devices[o.device]!.home));
    },
  ),
  ending(
    {
      id: 'bind/bound',
      says: 'A kernel driver uses the default domain of the group, and is counted.',
      cite: [USE],
    },
    (s, o) => ({
      outcome: OK,
      state: patch(s, { devices: withDriver(s, o), groups: counted(s, o.device, 1) }),
    }),
  ),
];

const without = (s: State, o: Unbind): State['devices'] => patchAt(s.devices, o.device, { driver: 'none' });

export const unbind: readonly Rule<Unbind>[] = [
  refuse(
    'ENODEV',
    {
      id: 'unbind/no-driver',
      says: 'A device without a driver has none to lose.',
      cite: [cite('linux', 'unbind_store')],
    },
    (s, o) => s.devices[o.device] === undefined || s.devices[o.device]!.driver === 'none',
  ),
  ending(
    {
      id: 'unbind/uncounted',
      says: 'A driver that manages its DMA, or whose device is in no group, was not counted.',
      cite: [UNUSE],
    },
    (s, o) => ({ outcome: OK, state: patch(s, { devices: without(s, o) }) }),
    (s, o) => s.devices[o.device]!.driver === 'managed' || !hasItsGroup(s, o.device),
  ),
  ending(
    {
      id: 'unbind/pasids-left',
      says: 'The kernel complains of a driver that leaves PASIDs behind, or was never counted, and does not count it down.',
      cite: [UNUSE],
    },
    (s, o) => ({ outcome: WARNED, state: patch(s, { devices: without(s, o) }) }),
    (s, o) => groupOf(s, o.device).owners === 0 || hasEntries(s, s.devices[o.device]!.home),
  ),
  ending(
    {
      id: 'unbind/unbound',
      says: 'The driver goes, and with it its use of the default domain.',
      cite: [UNUSE],
    },
    (s, o) => ({
      outcome: OK,
      state: patch(s, { devices: without(s, o), groups: counted(s, o.device, -1) }),
    }),
  ),
];
