// What becomes of a device's translations while it is reset?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { blocksAlways, groupOf, hasItsGroup } from '../groups.js';
import { parkedPasids, restorable, restoredPasids } from '../pasids.js';
import type { PolicyValues } from '../policies.js';
import { BLOCKED, NONE, type Op, type State } from '../state.js';
import { halfway, OK, type Rule, WARNED } from './checks.js';

type Prepare = Extract<Op, { op: 'reset_prepare' }>;
type Done = Extract<Op, { op: 'reset_done' }>;

const PREPARE = cite('linux-7', 'pci_dev_reset_iommu_prepare');
const DONE = cite('linux-7', 'pci_dev_reset_iommu_done');

const homeOf = (s: State, o: Prepare | Done): number => s.devices[o.device]!.home;
const seen = (s: State, o: Prepare | Done): boolean =>
  hasItsGroup(s, o.device) && s.devices[o.device]!.instance >= 0;

/** Is the group on its blocking domain already, so that the device need not be attached to it? */
const blocked = (s: State, o: Prepare | Done): boolean => groupOf(s, o.device).domain === BLOCKED;

const withBlocking = (s: State, o: Prepare): State =>
  groupOf(s, o.device).blocking
    ? s
    : patch(s, { groups: patchAt(s.groups, homeOf(s, o), { blocking: true }) });

/** The device is on blocking, and all its PASIDs are; what is wanted stays written in the group. */
function parked(s: State, o: Prepare, p: PolicyValues): State {
  const now = withBlocking(s, o);
  const resets = s.devices[o.device]!.resets + 1;
  const place = blocked(s, o) ? {} : { rid: BLOCKED, leftover: NONE, deferred: false, astray: false };
  const resetting = p['reset-state'] === 'per-group' ? o.device : groupOf(s, o.device).resetting;
  return parkedPasids(
    patch(now, {
      devices: patchAt(s.devices, o.device, { ...place, resets }),
      groups: patchAt(now.groups, homeOf(s, o), { resetting }),
    }),
    o.device,
  );
}

export const resetPrepare: readonly Rule<Prepare>[] = [
  ending(
    {
      id: 'reset_prepare/no-iommu',
      says: 'A device that no IOMMU sees is reset without it.',
      cite: [PREPARE],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => !seen(s, o),
  ),
  refuse(
    'EBUSY',
    {
      id: 'reset_prepare/reset-in-progress',
      says: 'One device of a group is reset at a time (policy reset-state=per-group).',
      cite: [PREPARE],
      status: 'disputed',
    },
    (s, o, p) => p['reset-state'] === 'per-group' && groupOf(s, o.device).resetting >= 0,
  ),
  ending(
    {
      id: 'reset_prepare/nested',
      says: 'A reset within a reset of the same device is counted, and only the outermost acts.',
      cite: [cite('linux-7', 'the group_device field reset_depth')],
    },
    (s, o) => ({
      outcome: OK,
      state: patch(s, {
        devices: patchAt(s.devices, o.device, { resets: s.devices[o.device]!.resets + 1 }),
      }),
    }),
    (s, o) => s.devices[o.device]!.resets > 0,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'reset_prepare/no-blocking-domain',
      says: 'Where there is no static blocked domain, an empty paging domain is allocated once, which may fail.',
      cite: [PREPARE, cite('linux', '__iommu_group_alloc_blocking_domain')],
    },
    (s, o) => !blocksAlways(s, homeOf(s, o)) && !groupOf(s, o.device).blocking,
    'may',
  ),
  halfway(
    'ENOMEM',
    {
      id: 'reset_prepare/attach-fails',
      says: 'A blocking domain that is not static may not be attached; the device is not parked, and must not be reset.',
      cite: [PREPARE],
    },
    (s, o) => (blocksAlways(s, homeOf(s, o)) || blocked(s, o) ? [] : [withBlocking(s, o)]),
  ),
  ending(
    {
      id: 'reset_prepare/parked',
      says: 'The device and its PASIDs are parked on blocking; the group keeps what is wanted of it.',
      cite: [PREPARE],
    },
    (s, o, p) => ({ outcome: OK, state: parked(s, o, p) }),
  ),
];

/** Is the driver called at the end? Not where the whole group is on blocking, nor where it is nowhere: it stays parked. */
const goesOn = (s: State, o: Done): boolean => !blocked(s, o) && groupOf(s, o.device).domain !== NONE;

function restored(s: State, o: Done, fails: boolean, lost = 0): State {
  const g = homeOf(s, o);
  const to = s.groups[g]!.domain;
  const there = fails ? { astray: true } : { rid: to, astray: false, leftover: NONE };
  const place = goesOn(s, o) ? { ...there, deferred: false } : {};
  return restoredPasids(
    patch(s, {
      devices: patchAt(s.devices, o.device, { ...place, resets: 0 }),
      groups: s.groups[g]!.resetting === o.device ? patchAt(s.groups, g, { resetting: -1 }) : s.groups,
    }),
    o.device,
    lost,
  );
}

export const resetDone: readonly Rule<Done>[] = [
  ending(
    {
      id: 'reset_done/not-begun',
      says: 'The end of a reset that did not begin changes nothing.',
      cite: [DONE],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => !seen(s, o) || s.devices[o.device]!.resets === 0,
  ),
  ending(
    {
      id: 'reset_done/still-nested',
      says: 'The end of an inner reset does not end the outer one.',
      cite: [cite('linux-7', 'the group_device field reset_depth')],
    },
    (s, o) => ({
      outcome: OK,
      state: patch(s, {
        devices: patchAt(s.devices, o.device, { resets: s.devices[o.device]!.resets - 1 }),
      }),
    }),
    (s, o) => s.devices[o.device]!.resets > 1,
  ),
  ending(
    {
      id: 'reset_done/attach-fails',
      says: 'The attach to what the group is on now may fail; the kernel complains, and the device stays on blocking, astray.',
      cite: [DONE],
      kind: 'may',
    },
    (s, o) => ({ outcome: WARNED, state: restored(s, o, true) }),
    goesOn,
  ),
  ending(
    {
      id: 'reset_done/pasid-fails',
      says: 'A PASID may not be attached again; the kernel complains, and the entry stays though the device has it no more.',
      cite: [DONE],
      kind: 'may',
    },
    (s, o) =>
      restorable(s, o.device).map(pasid => ({ outcome: WARNED, state: restored(s, o, false, pasid) })),
    (s, o) => restorable(s, o.device).length > 0,
  ),
  ending(
    {
      id: 'reset_done/restored',
      says: 'The device is attached to what its group is on now, and its PASIDs to what is written down for them.',
      cite: [DONE],
    },
    (s, o) => ({ outcome: OK, state: restored(s, o, false) }),
  ),
];
