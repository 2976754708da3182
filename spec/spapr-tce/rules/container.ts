// How is a container opened, which groups may join it, and what goes when they leave or it is closed?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { joined, left, shut } from '../container.js';
import { containerNamed, hasGroups, latestGroup } from '../group.js';
import { FREE_CONTAINER, type Op } from '../state.js';
import { freeRow, putAt } from '../table.js';
import { containerOf, isOpen, type Rule, rowOf, vfio } from './ioctl.js';
import { kernelGone } from './ownership.js';

type Open = Extract<Op, { op: 'open' }>;
type Close = Extract<Op, { op: 'close' }>;
type Attach = Extract<Op, { op: 'attach' }>;
type Detach = Extract<Op, { op: 'detach' }>;

export const open: readonly Rule<Open>[] = [
  refuse(
    'EINVAL',
    {
      id: 'open/other-type',
      says: 'The driver knows the IOMMU types of version 1 and version 2 only.',
      cite: [vfio('tce_iommu_open')],
    },
    (_, o) => o.type === 'other',
  ),
  refuse(
    'EMFILE',
    {
      id: 'open/no-descriptor',
      says: 'A name that is taken names no second container.',
      cite: [cite('posix', 'errors: EMFILE')],
    },
    (s, o) => containerNamed(s, o.as) >= 0,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'open/no-memory',
      says: 'The container may not be had for want of memory.',
      cite: [vfio('tce_iommu_open')],
    },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'open/opened',
      says: 'A new container has no group, no window, no memory and no address space.',
      cite: [vfio('tce_iommu_open')],
    },
    (s, o) => {
      const row = freeRow(s.containers);
      const version = o.type === 'v1' ? 1 : 2;
      const opened = patch(FREE_CONTAINER, { kind: 'open', name: o.as, version });
      const holds = row < s.holds.length ? s.holds : [...s.holds, s.holds[0]!.clear()];
      return {
        outcome: { is: 'ok' },
        state: patch(s, { containers: putAt(s.containers, row, opened), holds }),
      };
    },
  ),
];

export const close: readonly Rule<Close>[] = [
  isOpen('close'),
  ending(
    {
      id: 'close/closed',
      says: 'Every group leaves, every table is emptied and let go, every region is let go, and every charge is given back.',
      cite: [vfio('tce_iommu_release')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: shut(s, rowOf(s, o), p) }),
  ),
];

export const attach: readonly Rule<Attach>[] = [
  isOpen('attach'),
  refuse(
    'ENODEV',
    {
      id: 'attach/no-group',
      says: 'A group that is not there is refused.',
      cite: [vfio('tce_iommu_attach_group: iommu_group_get_iommudata')],
    },
    (s, o) => s.groups[o.group]?.exists !== true,
  ),
  refuse(
    'EINVAL',
    {
      id: 'attach/no-dynamic-windows',
      says: 'Version 2 takes only groups that support dynamic windows.',
      cite: [vfio('tce_iommu_attach_group: max_dynamic_windows_supported')],
    },
    (s, o) => containerOf(s, o).version === 2 && s.groups[o.group]!.windows === 0,
  ),
  refuse(
    'EBUSY',
    {
      id: 'attach/one-group-only',
      says: 'A container of version 1 has one group: its tables are not shared.',
      cite: [vfio('tce_iommu_attach_group: tce_groups_attached')],
    },
    (s, o) => containerOf(s, o).version === 1 && hasGroups(s, rowOf(s, o)),
  ),
  refuse(
    'EBUSY',
    {
      id: 'attach/attached',
      says: 'A group joins a container once.',
      cite: [vfio('tce_iommu_attach_group: tcegrp->grp == iommu_group')],
    },
    (s, o) => s.groups[o.group]!.container === rowOf(s, o),
  ),
  refuse(
    'EPERM',
    {
      id: 'attach/incompatible',
      says: 'Groups share tables only if they have the same table operations.',
      cite: [vfio('tce_iommu_attach_group: create_table')],
    },
    (s, o) =>
      hasGroups(s, rowOf(s, o)) &&
      s.groups[latestGroup(s, rowOf(s, o))]!.family !== s.groups[o.group]!.family,
  ),
  refuse(
    'EBUSY',
    {
      id: 'attach/elsewhere',
      says: 'A group is in one container at a time.',
      cite: [vfio('vfio_group_ioctl_set_container')],
    },
    (s, o) => s.groups[o.group]!.container >= 0,
  ),
  refuse(
    'EPERM',
    {
      id: 'attach/not-claimed',
      says: 'A group joins a container only while it is claimed.',
      cite: [vfio('vfio_container_attach_group: iommu_group_claim_dma_owner')],
    },
    (s, o) => s.groups[o.group]!.domain !== 'blocked',
  ),
  refuse(
    'ENOMEM',
    {
      id: 'attach/no-memory',
      says: 'The call may fail for want of memory for its record of the group.',
      cite: [vfio('tce_iommu_attach_group: kzalloc')],
    },
    () => true,
    'may',
  ),
  refuse(
    'EIO',
    {
      id: 'attach/set-fails',
      says: 'The firmware may refuse a window of the container for the new group, and then the group has none of them.',
      cite: [vfio('tce_iommu_take_ownership: set_window')],
    },
    (s, o) => containerOf(s, o).window0 >= 0 || containerOf(s, o).window1 >= 0,
    'may',
  ),
  ending(
    {
      id: 'attach/joined',
      says: "The windows of the container are the group's windows; the first group of a container without a first window has one put off until it is used.",
      cite: [vfio('tce_iommu_attach_group'), vfio('tce_iommu_take_ownership')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: joined(kernelGone(s, o.group, p), rowOf(s, o), o.group) }),
  ),
];

export const detach: readonly Rule<Detach>[] = [
  isOpen('detach'),
  refuse(
    'EINVAL',
    {
      id: 'detach/not-here',
      says: 'Only a group of the container leaves it.',
      cite: [vfio('vfio_group_ioctl_unset_container')],
    },
    (s, o) => s.groups[o.group]?.container !== rowOf(s, o),
  ),
  ending(
    {
      id: 'detach/left',
      says: 'The tables of the container are emptied, also for the groups that stay, and then unset on the group.',
      cite: [vfio('tce_iommu_release_ownership')],
      status: 'disputed',
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: left(s, o.group, p) }),
  ),
];
