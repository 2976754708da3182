// What happens when a device appears?
import { cite } from '../../law/sources.js';
import { isOld, SINCE_612 } from '../releases.js';
import {
  allocates,
  firstDefault,
  firstDefaultFailures,
  firstDefaultHeld,
  instead,
  retyped,
} from '../state/default-domain.js';
import { homeOf, isMember } from '../state/group.js';
import {
  attachedToCurrent,
  failedProbe,
  groupFor,
  hasCurrent,
  isDeferred,
  isReferenced,
  joined,
  mediated,
  type Probe,
  seesDirect,
  setsUp,
  staticFor,
  typeFor,
  withdrawn,
} from '../state/join.js';
import { BLOCKED } from '../state.js';
import { at, done, operation, ours, type Rule } from './chapter.js';
import { FALLBACK } from './default-domain.js';
import { newcomerAlone, newcomerLocked } from './probe-6-1.js';

const PROBE = cite('linux-6.1-7.2', '__iommu_probe_device');
const SETUP = cite('linux-6.12-7.2', 'iommu_setup_default_domain');

const { must, mustLeave, mayLeave, mayEnd, ends } = operation('probe', PROBE);

export const probe: readonly Rule<Probe>[] = [
  must(
    'no-iommu',
    'ENODEV',
    'The device does not exist, or is behind no IOMMU.',
    (s, o) => s.devices[o.device] === undefined || (s.devices[o.device]!.instance < 0 && !mediated(s, o)),
  ),
  ends(
    'already',
    'The device is in its group already.',
    s => done(s),
    (s, o) => isMember(s, o.device),
  ),
  must(
    'driver-bound',
    'EBUSY',
    'A driver is bound to the device already, and was not counted.',
    (s, o) => s.devices[o.device]!.driver !== 'none',
    at(
      cite('linux-7.2', '__iommu_probe_device: "late IOMMU probe at driver bind, something fishy here!"'),
      ours,
    ),
  ),
  mayLeave(
    'no-memory',
    'ENOMEM',
    "There is no memory for the driver's probe, a new group or the list entry. Where the list entry fails a reference of the group is dropped, also if device_group took none.",
    (s, o, p) => (isReferenced(s, o, p) ? [s] : [s, failedProbe(s, o, p)]),
  ),
  ends(
    'mediated',
    'The device is mediated: it gets a group of its own without a domain, since it is behind no IOMMU.',
    (s, o, p) => done(joined(s, o, p)),
    mediated,
    at(cite('linux-5.10', 'mdev_attach_iommu')),
  ),
  mustLeave(
    'needs-direct-map',
    'EINVAL',
    'The device needs a direct map, and the group has a default domain and is on its blocking domain.',
    (s, o, p) => [failedProbe(s, o, p)],
    (s, o, p) => groupFor(s, o).domain === BLOCKED && seesDirect(s, o, p),
    { ...at(PROBE, cite('linux-6.12-7.2', '__iommu_device_set_domain: require_direct')), ...SINCE_612 },
  ),
  newcomerLocked,
  mayLeave(
    'attach-fails',
    'ENOMEM',
    "The driver fails to attach the device to the group's current domain: it does not join.",
    (s, o, p) => [failedProbe(s, o, p)],
    (s, o, p) =>
      hasCurrent(s, o) && !isDeferred(s, o, p) && !(groupFor(s, o).domain === BLOCKED && staticFor(s, o)),
  ),
  ends(
    'current-domain',
    'The group has a domain, be it that of a user: the device is attached to it.',
    (s, o, p) => done(attachedToCurrent(s, o, p)),
    (s, o, p) => hasCurrent(s, o) && (o.queued === true || !isOld(p)),
  ),
  ...newcomerAlone,
  mayLeave(
    'no-default-domain',
    'ENOMEM',
    'The allocation of the default domain fails: the device does not join.',
    (s, o, p) => [failedProbe(s, o, p)],
    (s, o, p) =>
      setsUp(s, o) &&
      allocates(joined(s, o, p), homeOf(s, o), typeFor(s, o, p)) &&
      instead(joined(s, o, p), homeOf(s, o)) !== 'none',
    { ...at(SETUP), ...SINCE_612 },
  ),
  mayLeave(
    'no-default',
    'EINVAL',
    'No driver asks for a type, and the default domain of type DMA cannot be allocated: the device does not join.',
    (s, o, p) => [failedProbe(s, o, p)],
    (s, o, p) => setsUp(s, o) && instead(joined(s, o, p), homeOf(s, o)) === 'none',
    { ...at(FALLBACK), ...SINCE_612 },
  ),
  mustLeave(
    'reset-in-progress',
    'EBUSY',
    'A queued member is being reset: no member is attached, the device does not join, and the group keeps the default domain.',
    (s, o, p) => [withdrawn(s, retyped(joined(s, o, p), homeOf(s, o), typeFor(s, o, p)), o, p)],
    (s, o, p) => setsUp(s, o) && firstDefaultHeld(s, homeOf(s, o), p),
    { ...at(SETUP, cite('linux-7.2', '__iommu_group_set_domain_internal: recovery_cnt')), ...SINCE_612 },
  ),
  mayLeave(
    'first-attach-fails',
    'ENOMEM',
    'The driver fails to attach a member to the first default domain, though it must not: the device does not join, and queued members keep the default domain.',
    (s, o, p) =>
      setsUp(s, o)
        ? firstDefaultFailures(joined(s, o, p), homeOf(s, o), typeFor(s, o, p), p).map(after =>
            withdrawn(s, after, o, p),
          )
        : [],
    undefined,
    {
      ...at(
        cite(
          'linux-6.12-7.2',
          'iommu_setup_default_domain: "Drivers are not allowed to fail the first domain attach"',
        ),
      ),
      warned: true,
      ...SINCE_612,
    },
  ),
  mayEnd(
    'dma-instead',
    'No driver asks for a type, and the default domain cannot be allocated: it is one of type DMA.',
    (s, o, p) => done(firstDefault(joined(s, o, p), homeOf(s, o), 'dma', p)),
    (s, o, p) => setsUp(s, o) && instead(joined(s, o, p), homeOf(s, o)) === 'dma',
    { ...at(FALLBACK), ...SINCE_612 },
  ),
  ends(
    'default-domain',
    'The device is not queued and the group has no default domain: it gets one, and every member is attached to it.',
    (s, o, p) => done(firstDefault(joined(s, o, p), homeOf(s, o), typeFor(s, o, p), p)),
    setsUp,
    { ...at(cite('linux-6.12-7.2', '__iommu_probe_device'), SETUP), ...SINCE_612 },
  ),
  ends(
    'queued',
    'The device was found by a scan of its bus, and waits in its group until all devices are found.',
    (s, o, p) => done(joined(s, o, p)),
    undefined,
    at(cite('linux-6.1-7.2', '__iommu_probe_device: group_list')),
  ),
];
