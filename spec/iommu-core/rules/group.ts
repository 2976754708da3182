// What happens when a device leaves its group, and who else holds the group?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { IN_72, SINCE_612 } from '../releases.js';
import { homeOf, isMember, membersOf } from '../state/group.js';
import { dropReference, leave } from '../state/leave.js';
import { DEFAULT, NONE, type State } from '../state.js';
import { at, done, inGroup, OURS, operation, ours, type Rule, type The, warned } from './chapter.js';

const LEAVE = cite(
  'linux-6.12-7.2',
  'iommu_release_device, __iommu_group_remove_device, iommu_deinit_device',
);
const REMOVE = operation('remove', LEAVE);

const taken = (s: State, g: number): boolean => {
  const { owners, domain, type } = s.groups[g]!;
  return owners > 0 || (domain !== DEFAULT && !(domain === NONE && type === 'none'));
};

export const remove: readonly Rule<The<'remove'>>[] = [
  REMOVE.ends(
    'unknown',
    'The device is in no group: nothing changes.',
    s => done(s),
    (s, o) => !isMember(s, o.device),
  ),
  REMOVE.must(
    'driver-bound',
    'EBUSY',
    'A driver is bound to the device: the driver core unbinds it before it removes the device.',
    (s, o) => s.devices[o.device]!.driver !== 'none',
    at(cite('linux-6.12-7.2', 'device_del: bus_remove_device before BUS_NOTIFY_REMOVED_DEVICE'), ours),
  ),
  REMOVE.must(
    'in-reset',
    'EBUSY',
    'The device is being reset. The kernel leaves it to its caller that this ends first: else its group refuses every change for good.',
    (s, o) => s.devices[o.device]!.resets > 0,
    {
      ...at(cite('linux-7.2', '__iommu_group_remove_device, pci_dev_reset_iommu_done: recovery_cnt'), ours),
      ...IN_72,
    },
  ),
  REMOVE.ends(
    'last-in-use',
    'The last device leaves a group that is owned, or not on its default domain: the kernel warns, and frees the domains of the group all the same.',
    (s, o, p) => warned(leave(s, o.device, p)),
    (s, o) => membersOf(s, homeOf(s, o)).length === 1 && taken(s, homeOf(s, o)),
    SINCE_612,
  ),
  REMOVE.ends(
    'left',
    'The device is detached, and drops its reference of the group. The default and the blocking domain are freed with the last member, in 6.1 with the group.',
    (s, o, p) => done(leave(s, o.device, p)),
    undefined,
    at(LEAVE, cite('linux-6.1', 'iommu_group_remove_device, iommu_group_release')),
  ),
];

const GET = operation('group_get', cite('linux-6.1-7.2', 'iommu_group_get'));

export const groupGet: readonly Rule<The<'group_get'>>[] = [
  inGroup(GET, cite('linux-6.1-7.2', 'iommu_group_get: NULL')),
  GET.must(
    'name-taken',
    'EEXIST',
    'The name for the new reference is taken.',
    (s, o) => s.references.has(o.as),
    OURS,
  ),
  GET.ends('held', 'The caller holds the group, which lives on without its devices.', (s, o) => {
    const group = homeOf(s, o);
    return done(
      patch(s, {
        references: s.references.set(o.as, { group }),
        groups: patchAt(s.groups, group, { refs: s.groups[group]!.refs + 1 }),
      }),
    );
  }),
];

const PUT = operation('group_put', cite('linux-6.1-7.2', 'iommu_group_put, iommu_group_release'));

const without = (s: State, o: The<'group_put'>): State =>
  patch(s, { references: s.references.delete(o.ref) });

export const groupPut: readonly Rule<The<'group_put'>>[] = [
  PUT.must(
    'not-held',
    'EBADF',
    'The reference was never taken, or is dropped already.',
    (s, o) => !s.references.has(o.ref),
    OURS,
  ),
  PUT.ends(
    'dead',
    'The group was freed under its holder, since one reference too few was counted: the kernel uses freed memory (policy device-group-reference=borrowed).',
    (s, o) => warned(without(s, o)),
    (s, o) => s.groups[s.references.get(o.ref).group]!.refs <= 0,
    {
      cite: [
        cite('linux-6.12-7.2', 'iommu_group_put'),
        cite('mail-2022-ppc', '"Is this missing a refcount get on the group?"'),
      ],
      status: 'disputed',
    },
  ),
  PUT.ends(
    'dropped',
    'One reference less. With the last one the group is freed, and only then its number can be used again.',
    (s, o, p) => done(dropReference(without(s, o), s.references.get(o.ref).group, p)),
  ),
];
