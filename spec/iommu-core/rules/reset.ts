// What becomes of a device's translations while it is reset?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { groupOf, hasItsGroup, hasStaticBlocked, homeOf } from '../state/group.js';
import { allPasidsBlocked, restorable, restoredPasids } from '../state/pasid.js';
import { BLOCKED, NONE, type State } from '../state.js';
import { at, done, type OnDevice, operation, type Rule, type The, warned } from './chapter.js';
import { withBlocking } from './ownership.js';

const DEPTH = at(cite('linux-7.2', 'the group_device field reset_depth'));

const behindIommu = (s: State, o: OnDevice): boolean =>
  hasItsGroup(s, o.device) && s.devices[o.device]!.instance >= 0;

/** Is the group on its blocking domain already, so that the device need not be attached to it? */
const isBlocked = (s: State, o: OnDevice): boolean => groupOf(s, o.device).domain === BLOCKED;

const depth = (s: State, o: OnDevice, by: number): State =>
  patch(s, {
    devices: patchAt(s.devices, o.device, { resets: s.devices[o.device]!.resets + by }),
  });

/** The device and all its PASIDs are blocked; the group's domain and its PASID table stay. */
function blocked(s: State, o: OnDevice, p: PolicyValues): State {
  const now = depth(withBlocking(s, homeOf(s, o)), o, 1);
  const place = isBlocked(s, o) ? {} : { rid: BLOCKED, stale: NONE, deferred: false, differs: false };
  const resetting = p['reset-state'] === 'per-group' ? o.device : groupOf(s, o.device).resetting;
  return allPasidsBlocked(
    patch(now, {
      devices: patchAt(now.devices, o.device, place),
      groups: patchAt(now.groups, homeOf(s, o), { resetting }),
    }),
    o.device,
  );
}

const PREPARE_SOURCE = cite('linux-7.2', 'pci_dev_reset_iommu_prepare');
const PREPARE = operation('reset_prepare', PREPARE_SOURCE);

export const resetPrepare: readonly Rule<The<'reset_prepare'>>[] = [
  PREPARE.ends(
    'no-iommu',
    'The device is behind no IOMMU: nothing is done.',
    s => done(s),
    (s, o) => !behindIommu(s, o),
  ),
  PREPARE.must(
    'reset-in-progress',
    'EBUSY',
    'A device of the group is being reset already (policy reset-state=per-group).',
    (s, o, p) => p['reset-state'] === 'per-group' && groupOf(s, o.device).resetting >= 0,
    { status: 'disputed' },
  ),
  PREPARE.ends(
    'nested',
    'The device is being reset already: the depth is counted, and only the outermost reset acts.',
    (s, o) => done(depth(s, o, 1)),
    (s, o) => s.devices[o.device]!.resets > 0,
    DEPTH,
  ),
  PREPARE.may(
    'no-blocking-domain',
    'ENOMEM',
    'The driver has no static blocked domain, and the allocation of an empty paging domain fails.',
    (s, o) => !hasStaticBlocked(s, homeOf(s, o)) && !groupOf(s, o.device).blocking,
    at(PREPARE_SOURCE, cite('linux-6.12-7.2', '__iommu_group_alloc_blocking_domain')),
  ),
  PREPARE.mayLeave(
    'attach-fails',
    'ENOMEM',
    'The driver fails to attach a blocking domain that is not static: the device must not be reset.',
    (s, o) => (hasStaticBlocked(s, homeOf(s, o)) || isBlocked(s, o) ? [] : [withBlocking(s, homeOf(s, o))]),
  ),
  PREPARE.ends(
    'parked',
    "The device and its PASIDs are attached to the blocking domain. The group's domain and its PASID table stay.",
    (s, o, p) => done(blocked(s, o, p)),
  ),
];

/** Is the driver called at the end? Not where the group is on blocking, nor where it has no domain: the device stays blocked. */
const attaches = (s: State, o: OnDevice): boolean => !isBlocked(s, o) && groupOf(s, o.device).domain !== NONE;

function restored(s: State, o: OnDevice, fails: boolean, lost = 0): State {
  const g = homeOf(s, o);
  const there = fails ? { differs: true } : { rid: s.groups[g]!.domain, differs: false, stale: NONE };
  const place = attaches(s, o) ? { ...there, deferred: false } : {};
  return restoredPasids(
    patch(s, {
      devices: patchAt(s.devices, o.device, { ...place, resets: 0 }),
      groups: s.groups[g]!.resetting === o.device ? patchAt(s.groups, g, { resetting: -1 }) : s.groups,
    }),
    o.device,
    lost,
  );
}

const DONE = operation('reset_done', cite('linux-7.2', 'pci_dev_reset_iommu_done'));

export const resetDone: readonly Rule<The<'reset_done'>>[] = [
  DONE.ends(
    'no-iommu',
    'The device is behind no IOMMU: nothing is done.',
    s => done(s),
    (s, o) => !behindIommu(s, o),
  ),
  DONE.ends(
    'not-begun',
    'No reset of the device has begun: the kernel warns, and nothing changes.',
    s => warned(s),
    (s, o) => s.devices[o.device]!.resets === 0,
  ),
  DONE.ends(
    'still-nested',
    'The end of an inner reset does not end the outer one.',
    (s, o) => done(depth(s, o, -1)),
    (s, o) => s.devices[o.device]!.resets > 1,
    DEPTH,
  ),
  DONE.mayEnd(
    'attach-fails',
    "The driver fails to attach the device to its group's domain: the kernel warns, and the device stays blocked, which differs from its group's domain.",
    (s, o) => warned(restored(s, o, true)),
    attaches,
  ),
  DONE.mayEnd(
    'pasid-fails',
    'The driver fails to attach a PASID again: the kernel warns, and the PASID table entry stays.',
    (s, o) => restorable(s, o.device).map(pasid => warned(restored(s, o, false, pasid))),
    (s, o) => restorable(s, o.device).length > 0,
  ),
  DONE.ends(
    'restored',
    "The device is attached to its group's domain as it is now, and its PASIDs as the PASID table says.",
    (s, o) => done(restored(s, o, false)),
  ),
];
