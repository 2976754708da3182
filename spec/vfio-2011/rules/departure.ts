// What happens when a driver is taken off a device, or the device leaves?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { contextInUse, contextOf } from '../sets.js';
import type { Op, State } from '../state.js';
import { depart, letGo } from '../teardown.js';
import type { Rule } from './handles.js';

type Unbind = Extract<Op, { op: 'unbind' }>;
type HotRemove = Extract<Op, { op: 'hot_remove' }>;
type Delete = Extract<Op, { op: 'delete' }>;
type Resume = Extract<Op, { op: 'resume' }>;
type Leaving = Unbind | HotRemove | Delete | Resume;

const UNBIND = cite('vfio-rfc-2', 'vfio_unbind_dev: wait_event on release_q');
const DELETE = cite('vfio-rfc-2', 'vfio_group_del_dev');

const absent = (s: State, o: Leaving): boolean =>
  o.device >= s.devices.length || s.devices[o.device]!.driver === 'absent';

/** vfio lets go of a device only when nothing of its whole set is in use. */
const held = (s: State, o: Leaving, p: PolicyValues): boolean => {
  const c = contextOf(s, o.device, p);
  return s.devices[o.device]!.driver === 'vfio' && c >= 0 && contextInUse(s, c, p);
};

const sleeping = (s: State, o: Leaving, doomed: boolean): State =>
  patch(s, { devices: patchAt(s.devices, o.device, { leaving: 'asleep', doomed, age: 0 }) });

export const unbind: readonly Rule<Unbind>[] = [
  refuse(
    'ENODEV',
    {
      id: 'unbind/no-device',
      says: 'A device that is not in the machine has no driver to lose.',
      cite: [UNBIND],
    },
    absent,
  ),
  refuse(
    'ENODEV',
    {
      id: 'unbind/no-driver',
      says: 'A device without a driver has none to lose.',
      cite: [cite('linux', 'unbind_store: ENODEV')],
    },
    (s, o) => s.devices[o.device]!.driver === 'unbound',
  ),
  refuse(
    'EBUSY',
    {
      id: 'unbind/already-leaving',
      says: 'A device that somebody waits to take away is not taken away twice.',
      cite: [cite('ours', 'ADR-0004: a second unbind would sleep on the device lock')],
    },
    (s, o) => s.devices[o.device]!.leaving !== 'no',
  ),
  ending(
    {
      id: 'unbind/waits',
      says: 'vfio lets go of a device only when no context and device handle of the whole merged set is open; until then the caller sleeps and the user is asked.',
      cite: [UNBIND],
    },
    (s, o) => ({ outcome: { is: 'waits' }, state: sleeping(s, o, s.devices[o.device]!.doomed) }),
    held,
  ),
  ending(
    {
      id: 'unbind/unbound',
      says: 'The device has no driver; one whose deletion was put off until now leaves the machine.',
      cite: [UNBIND, DELETE],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: letGo(s, o.device, p) }),
  ),
];

export const hotRemove: readonly Rule<HotRemove>[] = [
  refuse(
    'ENODEV',
    {
      id: 'hot_remove/no-device',
      says: 'A device that is not in the machine cannot leave it.',
      cite: [UNBIND],
    },
    absent,
  ),
  ending(
    {
      id: 'hot_remove/already-leaving',
      says: 'A device that somebody waits to take the driver off will leave the machine as well when the wait ends.',
      cite: [DELETE],
    },
    (s, o) => ({
      outcome: { is: 'waits' },
      state: patch(s, { devices: patchAt(s.devices, o.device, { doomed: true }) }),
    }),
    (s, o) => s.devices[o.device]!.leaving !== 'no',
  ),
  ending(
    {
      id: 'hot_remove/waits',
      says: 'The user is asked to let go, and the removal waits until no context and device handle of the whole merged set is open.',
      cite: [UNBIND, cite('mail-2011', '"signal the removal"')],
    },
    (s, o) => ({ outcome: { is: 'waits' }, state: sleeping(s, o, true) }),
    held,
  ),
  ending(
    {
      id: 'hot_remove/gone',
      says: 'The device leaves the machine, and the last device of a group without handles takes the group with it.',
      cite: [UNBIND, DELETE],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: depart(s, o.device, p) }),
  ),
];

export const del: readonly Rule<Delete>[] = [
  ending(
    { id: 'delete/unknown', says: 'News that an unknown device is gone is ignored.', cite: [DELETE] },
    s => ({ outcome: { is: 'ok' }, state: s }),
    absent,
  ),
  ending(
    {
      id: 'delete/put-off',
      says: 'A device that vfio still has is marked: it leaves when its driver lets go.',
      cite: [DELETE],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, { devices: patchAt(s.devices, o.device, { doomed: true }) }),
    }),
    (s, o) => s.devices[o.device]!.driver === 'vfio',
  ),
  ending(
    {
      id: 'delete/gone',
      says: 'Any other device is detached if it was attached, and forgotten.',
      cite: [DELETE],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: depart(s, o.device, p) }),
  ),
];

export const resume: readonly Rule<Resume>[] = [
  refuse(
    'EINVAL',
    {
      id: 'resume/nobody-woken',
      says: 'Nobody runs again who was not woken.',
      cite: [cite('ours', 'ADR-0004: a blocking call is two events')],
    },
    (s, o) => absent(s, o) || s.devices[o.device]!.leaving !== 'woken',
  ),
  ending(
    {
      id: 'resume/lost-the-race',
      says: 'A waiter checks again under the lock; if somebody opened the set meanwhile it sleeps on.',
      cite: [UNBIND],
    },
    (s, o) => ({
      outcome: { is: 'waits' },
      state: patch(s, { devices: patchAt(s.devices, o.device, { leaving: 'asleep' }) }),
    }),
    held,
  ),
  ending(
    {
      id: 'resume/finished',
      says: 'The wait is over: the driver lets go, and a doomed device leaves the machine.',
      cite: [UNBIND, DELETE],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: letGo(s, o.device, p) }),
  ),
];
