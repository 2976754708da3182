// What happens when a device appears, or a driver takes one?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { groupInUse, homeOf } from '../sets.js';
import type { Device, Op, State } from '../state.js';
import type { Rule } from './handles.js';

type HotAdd = Extract<Op, { op: 'hot_add' }>;
type Bind = Extract<Op, { op: 'bind' }>;

const ADD = cite('vfio-rfc-2', 'vfio_group_add_dev');
const IN_USE = cite('mail-2011', '"How to prevent other drivers from claiming?"');

const known = (s: State, device: number): boolean => device < s.devices.length;
const home = (s: State, o: HotAdd, p: PolicyValues): number => homeOf(s, o.device, p);
/** Is the device coming into a set that a user has in hand? */
const besideUser = (s: State, o: HotAdd, p: PolicyValues): boolean => groupInUse(s, home(s, o, p), p);

/** The group object is there, standing for isolation group `hardware` if it had to be made. */
const created = (s: State, g: number, hardware: number): State['groups'] =>
  s.groups[g]!.exists ? s.groups : patchAt(s.groups, g, { exists: true, hardware });

/** The device is there and tracked, with this driver; its group exists from now on. */
function tracked(s: State, o: HotAdd, driver: Device['driver'], p: PolicyValues): State {
  const g = home(s, o, p);
  return patch(s, {
    devices: patchAt(s.devices, o.device, { driver, listed: 'yes' }),
    groups: created(s, g, s.devices[o.device]!.group),
  });
}

/** The device is there, but VFIO could not track it: what that does is a policy. */
function failed(s: State, o: HotAdd, p: PolicyValues): State {
  const listed = p['failed-hot-add'] === 'special-group' ? 'special' : 'lost';
  const driver = o.claimed ? 'kernel' : 'unbound';
  const devices = patchAt(s.devices, o.device, { driver, listed });
  if (p['failed-hot-add'] !== 'taint-group') return patch(s, { devices });
  const g = home(s, o, p);
  const groups = patchAt(created(s, g, s.devices[o.device]!.group), g, { tainted: true });
  return patch(s, { devices, groups });
}

/** With nobody's policy in the way the device is tracked, with the driver that claimed it or none. */
const plain = (s: State, o: HotAdd, p: PolicyValues): State =>
  tracked(s, o, o.claimed ? 'kernel' : 'unbound', p);

export const hotAdd: readonly Rule<HotAdd>[] = [
  refuse(
    'ENODEV',
    {
      id: 'hot_add/unknown',
      says: 'A device that the machine does not describe cannot be added.',
      cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
    },
    (s, o) => !known(s, o.device),
  ),
  ending(
    { id: 'hot_add/already-there', says: 'To add a device that is there changes nothing.', cite: [ADD] },
    s => ({ outcome: { is: 'ok' }, state: s }),
    (s, o) => s.devices[o.device]!.driver !== 'absent',
  ),
  ending(
    {
      id: 'hot_add/no-iommu',
      says: "A device that is not behind an IOMMU is none of VFIO's: it is not tracked, and nothing is tainted.",
      cite: [cite('mail-2011', '"it\'s just a random device that can\'t be used by vfio"')],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, {
        devices: patchAt(s.devices, o.device, { driver: o.claimed ? 'kernel' : 'unbound' }),
      }),
    }),
    (s, o) => s.devices[o.device]!.group < 0,
  ),
  refuse(
    'EBUSY',
    {
      id: 'hot_add/refused',
      says: 'A bus that can say no keeps the device out of a set in use (policy hot-add-in-use=refuse).',
      cite: [IN_USE],
      status: 'disputed',
    },
    (s, o, p) => p['hot-add-in-use'] === 'refuse' && besideUser(s, o, p),
  ),
  ending(
    {
      id: 'hot_add/foreign-bus',
      says: 'Where a number alone names a group, a device whose number is taken by a group of another bus cannot be tracked.',
      cite: [cite('vfio-rfc-1', 'vfio_group_add_dev: group id conflict')],
      status: 'disputed',
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: failed(s, o, p) }),
    (s, o, p) => {
      const g = s.groups[home(s, o, p)]!;
      return g.exists && s.groups[g.hardware]!.bus !== s.groups[s.devices[o.device]!.group]!.bus;
    },
  ),
  ending(
    {
      id: 'hot_add/tracking-fails',
      says: 'VFIO may fail to track a device, for want of memory; the device is there all the same, and its group is tainted (policy failed-hot-add).',
      cite: [cite('mail-2011', '"set a taint flag on the group"'), ADD],
      kind: 'may',
      status: 'disputed',
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: failed(s, o, p) }),
  ),
  ending(
    {
      id: 'hot_add/claim-fails',
      says: 'vfio cannot claim a device that another driver has already: adding it into a set in use has failed (policy hot-add-in-use=claim).',
      cite: [
        cite('mail-2011', '"in trouble if dev->driver is already set when we get the bus add notification"'),
      ],
      status: 'disputed',
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: failed(s, o, p) }),
    (s, o, p) => p['hot-add-in-use'] === 'claim' && o.claimed && besideUser(s, o, p),
  ),
  ending(
    {
      id: 'hot_add/taken-by-vfio',
      says: 'A device that comes into a set in use, and that nobody has taken, goes to vfio at once (policies claim and preinit-driver).',
      cite: [
        cite('mail-2011', '"pre-initialize the driver pointer"'),
        cite('vfio-rfc-2', 'vfio_group_add_dev: claim'),
      ],
      status: 'disputed',
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: tracked(s, o, 'vfio', p) }),
    (s, o, p) =>
      (p['hot-add-in-use'] === 'claim' || p['hot-add-in-use'] === 'preinit-driver') &&
      !o.claimed &&
      besideUser(s, o, p),
  ),
  ending(
    {
      id: 'hot_add/tracked',
      says: 'The device is tracked, with the driver that took it or none; it is attached if its set is open, and the set is not viable until it is bound to vfio.',
      cite: [ADD, cite('mail-2011', '"It\'s ok to make a group non-viable"')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: plain(s, o, p) }),
  ),
];

const BIND = cite('vfio-rfc-2', 'vfio_bind_dev');

export const bind: readonly Rule<Bind>[] = [
  refuse(
    'ENODEV',
    { id: 'bind/no-device', says: 'A device that is not in the machine gets no driver.', cite: [BIND] },
    (s, o) => !known(s, o.device) || s.devices[o.device]!.driver === 'absent',
  ),
  refuse(
    'EBUSY',
    {
      id: 'bind/has-driver',
      says: 'A device has one driver at a time.',
      cite: [cite('linux', 'device_bind_driver, driver_probe_device')],
    },
    (s, o) => s.devices[o.device]!.driver !== 'unbound',
  ),
  refuse(
    'EINVAL',
    { id: 'bind/not-tracked', says: 'vfio binds only a device that it tracks.', cite: [BIND] },
    (s, o) => o.driver === 'vfio' && s.devices[o.device]!.listed !== 'yes',
  ),
  ending(
    {
      id: 'bind/bound',
      says: 'The device has the driver. Nothing stops a kernel driver, also beside a user: the set is not viable then.',
      cite: [BIND, IN_USE],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, { devices: patchAt(s.devices, o.device, { driver: o.driver }) }),
    }),
  ),
];
