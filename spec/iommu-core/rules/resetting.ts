// What becomes of a device's translations while it is reset?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { blocksAlways, groupOf, isMember } from '../groups.js';
import { parkedPasids, restoredPasids } from '../pasids.js';
import type { PolicyValues } from '../policies.js';
import { BLOCKED, NONE, type Op, type State } from '../state.js';
import { OK, type Rule, WARNED } from './checks.js';

type Prepare = Extract<Op, { op: 'reset_prepare' }>;
type Done = Extract<Op, { op: 'reset_done' }>;

const PREPARE = cite('linux-7', 'pci_dev_reset_iommu_prepare');
const DONE = cite('linux-7', 'pci_dev_reset_iommu_done');

const homeOf = (s: State, o: Prepare | Done): number => s.devices[o.device]!.home;
const seen = (s: State, o: Prepare | Done): boolean =>
  isMember(s, o.device) && s.devices[o.device]!.instance >= 0;

/** The device is on blocking, and all its PASIDs are; what is wanted stays written in the group. */
function parked(s: State, o: Prepare, p: PolicyValues): State {
  const g = homeOf(s, o);
  const d = s.devices[o.device]!;
  return parkedPasids(
    patch(s, {
      devices: patchAt(s.devices, o.device, { rid: BLOCKED, resets: d.resets + 1, leftover: NONE }),
      groups: patchAt(s.groups, g, {
        blocking: true,
        resetting: p['reset-state'] === 'per-group' ? o.device : s.groups[g]!.resetting,
      }),
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
      says: 'Where there is no static blocked domain, one may not be had, or not be attached.',
      cite: [PREPARE, cite('linux', '__iommu_group_alloc_blocking_domain')],
    },
    (s, o) => !blocksAlways(s, homeOf(s, o)),
    'may',
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

/** Where the device belongs when its reset is over; one without a domain stays parked. */
const wanted = (s: State, o: Done): number => {
  const { domain } = groupOf(s, o.device);
  return domain === NONE ? BLOCKED : domain;
};

function restored(s: State, o: Done, fails: boolean): State {
  const g = homeOf(s, o);
  const rid = fails ? BLOCKED : wanted(s, o);
  return restoredPasids(
    patch(s, {
      devices: patchAt(s.devices, o.device, { rid, resets: 0, astray: fails, deferred: false }),
      groups: s.groups[g]!.resetting === o.device ? patchAt(s.groups, g, { resetting: -1 }) : s.groups,
    }),
    o.device,
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
    (s, o) => wanted(s, o) !== BLOCKED,
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
