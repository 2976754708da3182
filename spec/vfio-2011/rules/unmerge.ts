// When may a group leave its merged set, and what does it leave behind?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { groupDevicesInUse, singular } from '../sets.js';
import type { Op, State } from '../state.js';
import { dissolve, freeContext } from '../teardown.js';
import { contextBehind, mmGate, onKind, type Rule, readable } from './handles.js';

type Unmerge = Extract<Op, { op: 'unmerge' }>;

const BY_SELF = cite('vfio-rfc-2', 'vfio_group_unmerge');
const BY_HANDLE = cite('vfio-rfc-1', 'vfio_group_unmerge');

const named = (p: PolicyValues): boolean => p['unmerge-names'] === 'by-handle';

/** The group that is to leave. */
const leaver = (s: State, o: Unmerge): number => s.handles.get(o.member ?? o.handle).target;

/** The form that names the leaver by a second descriptor, and what that must be. */
const byHandle: readonly Rule<Unmerge>[] = [
  refuse(
    'ENOTTY',
    {
      id: 'unmerge/other-form',
      says: 'Only one form of the command exists: with the leaving group named by a descriptor, or without.',
      cite: [cite('mail-2011', '"we can avoid the awkward reference via file descriptor for the unmerge"')],
      status: 'disputed',
    },
    (_, o, p) => named(p) !== (o.member !== null),
  ),
  readable('unmerge', 'vfio_group_unl_ioctl: get_user'),
  refuse(
    'EINVAL',
    { id: 'unmerge/negative-descriptor', says: 'A negative descriptor is no descriptor.', cite: [BY_HANDLE] },
    (_, o) => o.member !== null && o.member < 0,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'unmerge/no-memory',
      says: 'The leaving group needs a context object of its own, and may fail for want of memory.',
      cite: [BY_SELF],
    },
    () => true,
    'may',
  ),
  refuse(
    'EBADF',
    {
      id: 'unmerge/member-not-open',
      says: 'The descriptor that names the leaver must be open.',
      cite: [BY_HANDLE],
    },
    (s, o) => o.member !== null && s.handles.get(o.member).kind === 'free',
  ),
  refuse(
    'EINVAL',
    {
      id: 'unmerge/member-no-group',
      says: 'The descriptor that names the leaver must be a group handle.',
      cite: [BY_HANDLE],
    },
    (s, o) => o.member !== null && s.handles.get(o.member).kind !== 'group',
  ),
  refuse(
    'EINVAL',
    {
      id: 'unmerge/not-together',
      says: 'The leaver must be another group of the same set.',
      cite: [BY_HANDLE],
    },
    (s, o) =>
      o.member !== null &&
      (leaver(s, o) === s.handles.get(o.handle).target ||
        s.groups[leaver(s, o)]!.context !== contextBehind(s, o.handle)),
  ),
];

function leave(s: State, g: number, p: PolicyValues): State {
  const old = s.groups[g]!.context;
  const own = freeContext(s, g);
  const apart = patch(s, { groups: patchAt(s.groups, g, { context: own }) });
  return dissolve(dissolve(apart, old, p), own, p);
}

export const unmerge: readonly Rule<Unmerge>[] = [
  ...onKind<Unmerge>('unmerge', 'group'),
  mmGate('unmerge'),
  ...byHandle,
  refuse(
    'EINVAL',
    {
      id: 'unmerge/not-merged',
      says: 'A group that is alone in its set has nothing to leave.',
      cite: [BY_SELF],
    },
    (s, o) => singular(s, leaver(s, o)),
  ),
  refuse(
    'EBUSY',
    {
      id: 'unmerge/device-open',
      says: 'A group with a device open does not leave: its context would change under the user.',
      cite: [BY_SELF, BY_HANDLE],
    },
    (s, o, p) => groupDevicesInUse(s, leaver(s, o), p),
  ),
  ending(
    {
      id: 'unmerge/left',
      says: 'The group leaves with a fresh closed context; mappings and context handles stay with the set, which may be busy. Groups left behind that nothing holds any more are dissolved at once.',
      cite: [BY_SELF, cite('ours', 'ADR-0007: an idle remainder is dissolved and its waiters woken')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: leave(s, leaver(s, o), p) }),
  ),
];
