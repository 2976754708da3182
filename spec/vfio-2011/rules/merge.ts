// When may a group join the set of another, and what happens to its context?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { contextHandleOpen, hardwareOf, hasDevices, singular, viable } from '../sets.js';
import type { Op, State } from '../state.js';
import { dropMappings } from '../teardown.js';
import { opened } from './access.js';
import { contextBehind, mmGate, onKind, type Rule, readable } from './handles.js';

type Merge = Extract<Op, { op: 'merge' }>;

const MERGE = cite('vfio-rfc-2', 'vfio_group_merge');
const SINGULAR = cite('mail-2011', 'scenario 1: "and is a singular group"');

/** The group and the context of the merger (`handle`) and of the group that comes in (`incoming`). */
const host = (s: State, o: Merge) => s.handles.get(o.handle).target;
const guest = (s: State, o: Merge) => s.handles.get(o.incoming).target;
const into = (s: State, o: Merge) => contextBehind(s, o.handle);
const from = (s: State, o: Merge) => contextBehind(s, o.incoming);
const closed = (s: State, c: number) => !s.contexts[c]!.open;

/** What the second descriptor must be. */
const incomingHandle: readonly Rule<Merge>[] = [
  refuse(
    'EINVAL',
    { id: 'merge/negative-descriptor', says: 'A negative descriptor is no descriptor.', cite: [MERGE] },
    (_, o) => o.incoming < 0,
  ),
  refuse(
    'EBADF',
    { id: 'merge/incoming-not-open', says: 'The incoming descriptor must be open.', cite: [MERGE] },
    (s, o) => s.handles.get(o.incoming).kind === 'free',
  ),
  refuse(
    'EINVAL',
    { id: 'merge/incoming-no-group', says: 'The incoming descriptor must be a group handle.', cite: [MERGE] },
    (s, o) => s.handles.get(o.incoming).kind !== 'group',
  ),
];

/** What the incoming group must be. */
const incomingGroup: readonly Rule<Merge>[] = [
  refuse(
    'EINVAL',
    { id: 'merge/itself', says: 'A group is not merged with itself.', cite: [MERGE] },
    (s, o) => host(s, o) === guest(s, o),
  ),
  refuse(
    'EINVAL',
    {
      id: 'merge/incoming-in-use',
      says: 'A group whose context is open, by a handle of its own or of its set, does not come in: its devices would change context under their user.',
      cite: [MERGE, cite('mail-2011', 'scenario 2: "can\'t leave an attack window"')],
      status: 'disputed',
    },
    (s, o, p) => p['merge-incoming'] !== 'any' && s.contexts[from(s, o)]!.open,
  ),
  refuse(
    'EINVAL',
    {
      id: 'merge/incoming-not-singular',
      says: 'A group that is itself merged does not come in; its set is taken apart first.',
      cite: [SINGULAR],
      status: 'disputed',
    },
    (s, o, p) => p['merge-incoming'] === 'singular-idle' && !singular(s, guest(s, o)),
  ),
  refuse(
    'EINVAL',
    {
      id: 'merge/same-set',
      says: 'A group that is in the set already does not come in again.',
      cite: [cite('ours', 'ADR-0007: the 2011 code closes the live context here')],
    },
    (s, o) => into(s, o) === from(s, o),
  ),
  refuse(
    'EINVAL',
    {
      id: 'merge/other-bus',
      says: 'Groups of different buses have different IOMMU drivers and do not merge.',
      cite: [MERGE],
    },
    (s, o) => hardwareOf(s, host(s, o)).bus !== hardwareOf(s, guest(s, o)).bus,
  ),
];

/** The trial: can a domain hold each side, and can one domain hold both? Every step is undone on failure. */
const trial: readonly Rule<Merge>[] = [
  refuse(
    'EBUSY',
    {
      id: 'merge/incoming-not-viable',
      says: 'The incoming set must be viable, because its context is opened on trial.',
      cite: [MERGE],
    },
    (s, o, p) => !viable(s, from(s, o), p),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'merge/no-domain',
      says: 'Opening either context may fail for want of a domain; whatever was opened is closed again.',
      cite: [MERGE],
    },
    (s, o) => closed(s, from(s, o)) || closed(s, into(s, o)),
    'may',
  ),
  refuse(
    'EFAULT',
    {
      id: 'merge/attach-fails',
      says: "The IOMMU driver may refuse a device on either trial or in the merger's domain; all is undone.",
      cite: [MERGE, cite('linux', 'intel_iommu_attach_device (2011): address width not sufficient')],
    },
    (s, o, p) =>
      hasDevices(s, from(s, o), p) ||
      (closed(s, into(s, o)) && viable(s, into(s, o), p) && hasDevices(s, into(s, o), p)),
    'may',
  ),
  refuse(
    'EBUSY',
    {
      id: 'merge/merger-not-viable',
      says: "If the merger's context is closed it is opened too, and that needs a viable set.",
      cite: [MERGE],
    },
    (s, o, p) => closed(s, into(s, o)) && !viable(s, into(s, o), p),
  ),
  refuse(
    'EINVAL',
    {
      id: 'merge/coherency-differs',
      says: 'Both sides must agree on cache coherency; the trial contexts are closed again.',
      cite: [cite('vfio-rfc-2', 'vfio_group_merge: IOMMU_CAP_CACHE_COHERENCY')],
    },
    (s, o) => hardwareOf(s, host(s, o)).coherent !== hardwareOf(s, guest(s, o)).coherent,
  ),
];

/** Every handle of context `old` is one of context `to`. */
const retargeted = (s: State, old: number, to: number): State['handles'] =>
  s.handles.reduce(
    (now, h, key) =>
      h.kind === 'context' && h.target === old ? now.set(key, patch(h, { target: to })) : now,
    s.handles,
  );

/** The incoming set's members and open handles point to the merger's context; their own is free. */
function join(s: State, o: Merge): State {
  const to = into(s, o);
  const old = from(s, o);
  const moved = dropMappings(s, old);
  const contexts = opened(s, to, o.mm);
  return patch(moved, {
    handles: contextHandleOpen(s, old) ? retargeted(s, old, to) : s.handles,
    groups: s.groups.map(g => (g.context === old ? patch(g, { context: to }) : g)),
    contexts: contexts[old]!.open ? patchAt(contexts, old, { open: false, mm: -1 }) : contexts,
  });
}

export const merge: readonly Rule<Merge>[] = [
  ...onKind<Merge>('merge', 'group'),
  mmGate('merge'),
  readable('merge', 'VFIO_GROUP_MERGE: get_user'),
  ...incomingHandle,
  ...incomingGroup,
  ...trial,
  ending(
    {
      id: 'merge/joined',
      says: "The incoming set joins: one context, one domain, one address space, one map list and one name space of devices. The merger's context is open from now on, even if no handle keeps it, until the next close of any handle of the set.",
      cite: [
        MERGE,
        cite(
          'mail-2011',
          '"close the file descriptor for B and access all of the devices for the merged group from A"',
        ),
      ],
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: join(s, o) }),
  ),
];
