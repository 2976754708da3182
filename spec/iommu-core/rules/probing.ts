// What happens when a device appears?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { allocates, automatic, firstDefault, firstDefaultFailures } from '../defaults.js';
import { blocksAlways, isMember } from '../groups.js';
import { leave } from '../leaving.js';
import type { PolicyValues } from '../policies.js';
import { BLOCKED, DEFAULT, NONE, type Op, type State } from '../state.js';
import { halfway, OK, ours, type Rule } from './checks.js';

type Probe = Extract<Op, { op: 'probe' }>;

const PROBE = cite('linux', '__iommu_probe_device');

const homeOf = (s: State, o: Probe): number => s.devices[o.device]!.home;
const groupFor = (s: State, o: Probe): State['groups'][number] => s.groups[homeOf(s, o)]!;
const mediated = (s: State, o: Probe): boolean => s.devices[o.device]!.parent >= 0;

/**
 * The device is in the list of its group. The group's first device brings the reference that the allocation
 * made; each further one has that which device_group took, if it took one.
 */
function joined(s: State, o: Probe, p: PolicyValues): State {
  const g = homeOf(s, o);
  const { refs } = s.groups[g]!;
  const brings = refs === 0 || p['device-group-reference'] === 'taken' ? 1 : 0;
  return patch(s, {
    devices: patchAt(s.devices, o.device, { member: true }),
    groups: patchAt(s.groups, g, { refs: refs + brings }),
  });
}

/** Does the group have a domain already that the newcomer is attached to? */
const hasCurrent = (s: State, o: Probe): boolean => groupFor(s, o).domain !== NONE;

/** Is the attach to the group's current domain put off, since it is the default domain? */
const putOff = (s: State, o: Probe): boolean =>
  s.devices[o.device]!.deferred && groupFor(s, o).domain === DEFAULT;

/** Is this the probe that sets the default domain up? */
const setsUp = (s: State, o: Probe): boolean =>
  !hasCurrent(s, o) && groupFor(s, o).type === 'none' && o.queued !== true;

const typeFor = (s: State, o: Probe, p: PolicyValues) => automatic(joined(s, o, p), homeOf(s, o));

const attachedToCurrent = (s: State, o: Probe, p: PolicyValues): State => {
  const now = joined(s, o, p);
  if (putOff(s, o)) return now;
  return patch(now, {
    devices: patchAt(now.devices, o.device, { rid: groupFor(s, o).domain, deferred: false }),
  });
};

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
  refuse(
    'ENOMEM',
    {
      id: 'probe/no-memory',
      says: "The driver's own probe, a new group or the list entry may fail for want of memory, and nothing is left of it.",
      cite: [PROBE],
    },
    () => true,
    'may',
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
  refuse(
    'EINVAL',
    {
      id: 'probe/needs-direct-map',
      says: 'A device that needs a direct map does not join a group that is on its blocking domain.',
      cite: [PROBE, cite('linux', '__iommu_device_set_domain: require_direct')],
    },
    (s, o) => groupFor(s, o).domain === BLOCKED && s.devices[o.device]!.direct,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'probe/attach-fails',
      says: "The newcomer's attach to the group's current domain may fail, and then it does not join.",
      cite: [PROBE],
    },
    (s, o) => hasCurrent(s, o) && !putOff(s, o) && !(groupFor(s, o).domain === BLOCKED && staticFor(s, o)),
    'may',
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
  refuse(
    'ENOMEM',
    {
      id: 'probe/no-default-domain',
      says: 'The allocation of the default domain may fail, and then the device does not join.',
      cite: [cite('linux', 'iommu_setup_default_domain')],
    },
    (s, o, p) => setsUp(s, o) && allocates(joined(s, o, p), homeOf(s, o), typeFor(s, o, p)),
    'may',
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

/** Has the instance that the device is behind a static blocked domain? */
const staticFor = (s: State, o: Probe): boolean =>
  blocksAlways(s, homeOf(s, o)) || s.instances[s.devices[o.device]!.instance]!.blocked;

/** The device goes again; its firmware's translations are as they were before. */
function withdrawn(before: State, after: State, o: Probe, p: PolicyValues): State {
  const left = leave(after, o.device, p);
  return patch(left, { devices: left.devices.map((d, at) => (at === o.device ? before.devices[at]! : d)) });
}
