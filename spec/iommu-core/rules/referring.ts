// What happens when a device is gone, and who else holds its group?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { isMember, membersOf } from '../groups.js';
import { dropReference, leave } from '../leaving.js';
import { DEFAULT, NONE, type Op, type State } from '../state.js';
import { inGroup, OK, ours, type Rule, WARNED } from './checks.js';

type Remove = Extract<Op, { op: 'remove' }>;
type GroupGet = Extract<Op, { op: 'group_get' }>;
type GroupPut = Extract<Op, { op: 'group_put' }>;

const REMOVE = cite('linux', 'iommu_release_device, __iommu_group_remove_device, iommu_deinit_device');

const homeOf = (s: State, o: Remove | GroupGet): number => s.devices[o.device]!.home;

export const remove: readonly Rule<Remove>[] = [
  ending(
    {
      id: 'remove/unknown',
      says: 'News that a device is gone that is in no group changes nothing.',
      cite: [REMOVE],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => !isMember(s, o.device),
  ),
  refuse(
    'EBUSY',
    {
      id: 'remove/driver-bound',
      says: 'A device leaves only when its driver has been taken off: the driver core does that first.',
      cite: [cite('linux', 'device_del: bus_remove_device before BUS_NOTIFY_REMOVED_DEVICE'), ours],
    },
    (s, o) => s.devices[o.device]!.driver !== 'none',
  ),
  ending(
    {
      id: 'remove/last-in-use',
      says: "When the last device leaves, the kernel complains of a group that is still owned or on another domain than its default domain; the group's domains go all the same.",
      cite: [REMOVE],
    },
    (s, o, p) => ({ outcome: WARNED, state: leave(s, o.device, p) }),
    (s, o) => membersOf(s, homeOf(s, o)).length === 1 && taken(s, homeOf(s, o)),
  ),
  ending(
    {
      id: 'remove/left',
      says: 'The device is detached and forgotten, and lets go of its group; the last one takes the default and the blocking domain along.',
      cite: [REMOVE],
    },
    (s, o, p) => ({ outcome: OK, state: leave(s, o.device, p) }),
  ),
];

const taken = (s: State, g: number): boolean => {
  const { owners, domain, type } = s.groups[g]!;
  return owners > 0 || (domain !== DEFAULT && !(domain === NONE && type === 'none'));
};

export const groupGet: readonly Rule<GroupGet>[] = [
  inGroup('group_get', cite('linux', 'iommu_group_get: NULL')),
  refuse(
    'EEXIST',
    { id: 'group_get/name-taken', says: 'The name for the new reference must be free.', cite: [ours] },
    (s, o) => s.references.has(o.as),
  ),
  ending(
    {
      id: 'group_get/held',
      says: 'The caller holds the group, which lives on without its devices.',
      cite: [cite('linux', 'iommu_group_get')],
    },
    (s, o) => {
      const g = homeOf(s, o);
      return {
        outcome: OK,
        state: patch(s, {
          references: s.references.set(o.as, { group: g }),
          groups: patchAt(s.groups, g, { refs: s.groups[g]!.refs + 1 }),
        }),
      };
    },
  ),
];

export const groupPut: readonly Rule<GroupPut>[] = [
  refuse(
    'EBADF',
    { id: 'group_put/not-held', says: 'A reference is given back once.', cite: [ours] },
    (s, o) => !s.references.has(o.ref),
  ),
  ending(
    {
      id: 'group_put/dead',
      says: 'The kernel uses memory that was freed where somebody counted one too few (policy device-group-reference=borrowed).',
      cite: [
        cite('linux', 'iommu_group_put'),
        cite('mail-2022-ppc', '"Is this missing a refcount get on the group?"'),
      ],
      status: 'disputed',
    },
    (s, o) => ({ outcome: WARNED, state: patch(s, { references: s.references.delete(o.ref) }) }),
    (s, o) => s.groups[s.references.get(o.ref).group]!.refs <= 0,
  ),
  ending(
    {
      id: 'group_put/dropped',
      says: 'One reference less; the last one takes the group, and only then its number can be used again.',
      cite: [cite('linux', 'iommu_group_put, iommu_group_release')],
    },
    (s, o, p) => {
      const { group } = s.references.get(o.ref);
      return {
        outcome: OK,
        state: dropReference(patch(s, { references: s.references.delete(o.ref) }), group, p),
      };
    },
  ),
];
