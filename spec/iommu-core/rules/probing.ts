// What happens when a device appears?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { allocates, firstDefault, firstDefaultFailures, firstDefaultHeld } from '../defaults.js';
import { isMember } from '../groups.js';
import {
  attachedToCurrent,
  givenBack,
  groupFor,
  hasCurrent,
  homeOf,
  isReferenced,
  joined,
  mediated,
  type Probe,
  putOff,
  setsUp,
  staticFor,
  typeFor,
  withdrawn,
} from '../joining.js';
import { retyped } from '../naming.js';
import { BLOCKED } from '../state.js';
import { halfway, OK, ours, type Rule } from './checks.js';

const PROBE = cite('linux', '__iommu_probe_device');

export const probe: readonly Rule<Probe>[] = [
  refuse(
    'ENODEV',
    {
      id: 'probe/no-iommu',
      says: 'A device behind no IOMMU, or one that does not exist, joins no group.',
      cite: [PROBE],
    },
    (s, o) => s.devices[o.device] === undefined || (s.devices[o.device]!.instance < 0 && !mediated(s, o)),
  ),
  ending(
    { id: 'probe/already', says: 'A device that is in its group stays there.', cite: [PROBE] },
    s => ({ outcome: OK, state: s }),
    (s, o) => isMember(s, o.device),
  ),
  refuse(
    'EBUSY',
    {
      id: 'probe/driver-bound',
      says: 'A device that has a driver already joins no group: nobody counted the driver.',
      cite: [
        cite('linux-7', '__iommu_probe_device: "late IOMMU probe at driver bind, something fishy here!"'),
        ours,
      ],
    },
    (s, o) => s.devices[o.device]!.driver !== 'none',
  ),
  halfway(
    'ENOMEM',
    {
      id: 'probe/no-memory',
      says: "The driver's own probe, a new group or the list entry may fail for want of memory, and nothing is left of it; but for the list entry a reference of the group is given back that the device may not have brought.",
      cite: [PROBE],
    },
    (s, o, p) => (isReferenced(s, o, p) ? [s] : [s, givenBack(s, o, p)]),
  ),
  ending(
    {
      id: 'probe/mediated',
      says: 'A mediated device gets a group of its own that is on no domain, since no IOMMU sees it.',
      cite: [cite('linux-5', 'mdev_attach_iommu')],
    },
    (s, o, p) => ({ outcome: OK, state: joined(s, o, p) }),
    mediated,
  ),
  halfway(
    'EINVAL',
    {
      id: 'probe/needs-direct-map',
      says: 'A device that needs a direct map does not join a group that is on its blocking domain.',
      cite: [PROBE, cite('linux', '__iommu_device_set_domain: require_direct')],
    },
    (s, o, p) => [givenBack(s, o, p)],
    'must',
    (s, o) => groupFor(s, o).domain === BLOCKED && s.devices[o.device]!.direct,
  ),
  halfway(
    'ENOMEM',
    {
      id: 'probe/attach-fails',
      says: "The newcomer's attach to the group's current domain may fail, and then it does not join.",
      cite: [PROBE],
    },
    (s, o, p) => [givenBack(s, o, p)],
    'may',
    (s, o) => hasCurrent(s, o) && !putOff(s, o) && !(groupFor(s, o).domain === BLOCKED && staticFor(s, o)),
  ),
  ending(
    {
      id: 'probe/current-domain',
      says: "A device that joins a group is attached to the group's current domain, be it that of a user.",
      cite: [PROBE],
    },
    (s, o, p) => ({ outcome: OK, state: attachedToCurrent(s, o, p) }),
    hasCurrent,
  ),
  halfway(
    'ENOMEM',
    {
      id: 'probe/no-default-domain',
      says: 'The allocation of the default domain may fail, and then the device does not join.',
      cite: [cite('linux', 'iommu_setup_default_domain')],
    },
    (s, o, p) => [givenBack(s, o, p)],
    'may',
    (s, o, p) => setsUp(s, o) && allocates(joined(s, o, p), homeOf(s, o), typeFor(s, o, p)),
  ),
  halfway(
    'EBUSY',
    {
      id: 'probe/reset-in-progress',
      says: 'While a member that was queued is reset, nobody is attached to the first default domain; the device does not join, and the group keeps the default domain.',
      cite: [
        cite('linux', 'iommu_setup_default_domain'),
        cite('linux-7', '__iommu_group_set_domain_internal: resetting_domain'),
      ],
    },
    (s, o, p) => [withdrawn(s, retyped(joined(s, o, p), homeOf(s, o), typeFor(s, o, p)), o, p)],
    'must',
    (s, o, p) => setsUp(s, o) && firstDefaultHeld(s, homeOf(s, o), p),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'probe/first-attach-fails',
      says: 'The first attach of a member to the default domain may fail, though it must not; the device does not join, and members that were queued keep the default domain.',
      cite: [
        cite(
          'linux',
          'iommu_setup_default_domain: "Drivers are not allowed to fail the first domain attach"',
        ),
      ],
    },
    (s, o, p) =>
      setsUp(s, o)
        ? firstDefaultFailures(joined(s, o, p), homeOf(s, o), typeFor(s, o, p), p).map(after =>
            withdrawn(s, after, o, p),
          )
        : [],
  ),
  ending(
    {
      id: 'probe/default-domain',
      says: "The first device that is not queued sets the group's default domain up, and every member is attached to it.",
      cite: [PROBE, cite('linux', 'iommu_setup_default_domain')],
    },
    (s, o, p) => ({
      outcome: OK,
      state: firstDefault(joined(s, o, p), homeOf(s, o), typeFor(s, o, p), p),
    }),
    setsUp,
  ),
  ending(
    {
      id: 'probe/queued',
      says: 'A device that a scan of its bus finds waits in its group until the whole group is known.',
      cite: [cite('linux', 'bus_iommu_probe: "deferred default domain creation"')],
    },
    (s, o, p) => ({ outcome: OK, state: joined(s, o, p) }),
  ),
];
