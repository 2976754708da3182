// How is a container opened, which groups may join it, and what goes when they leave or it is closed?

import { patch } from '../../kit/record.js';
import { always } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { joined, left, shut } from '../container.js';
import { containerNamed, hasGroups, latestGroup } from '../group.js';
import { hasOperations } from '../releases.js';
import { FREE_CONTAINER, type Op, type State } from '../state.js';
import { freeRow, putAt } from '../table.js';
import { about, containerOf, isOpen, linux, type Rule, rowOf } from './ioctl.js';
import { kernelGone } from './ownership.js';

type Open = Extract<Op, { op: 'open' }>;
type Close = Extract<Op, { op: 'close' }>;
type Attach = Extract<Op, { op: 'attach' }>;
type Detach = Extract<Op, { op: 'detach' }>;

const onOpen = about<Open>('open', linux('tce_iommu_open'));

const hasWindow = (s: State, o: Attach): boolean =>
  containerOf(s, o).window0 >= 0 || containerOf(s, o).window1 >= 0;

export const open: readonly Rule<Open>[] = [
  onOpen.must(
    'no-driver',
    'EINVAL',
    'The container must have a group before it gets a driver, and no group can be claimed.',
    (_, __, p) => !hasOperations(p),
    { releases: ['linux-6.1'], cite: [cite('linux-6.1', 'vfio_ioctl_set_iommu: list_empty')] },
  ),
  onOpen.must(
    'other-type',
    'EINVAL',
    'The IOMMU type must be version 1 or version 2 of SPAPR TCE.',
    (_, o) => o.type === 'other',
  ),
  onOpen.must(
    'no-descriptor',
    'EMFILE',
    'A name that is taken names no second container.',
    (s, o) => containerNamed(s, o.as) >= 0,
    { cite: [cite('posix', 'errors: EMFILE')] },
  ),
  onOpen.may('no-memory', 'ENOMEM', 'There may be no memory for the container.'),
  onOpen.ends(
    'opened',
    'A new container has no group, no window, no memory and no address space.',
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
  about<Close>('close', linux('tce_iommu_release')).ends(
    'closed',
    'Every group leaves, every table is cleared and freed, every region is let go, and every charge is given back.',
    (s, o, p) => ({ outcome: { is: 'ok' }, state: shut(s, rowOf(s, o), p) }),
  ),
];

const onAttach = about<Attach>('attach', linux('tce_iommu_attach_group'));

export const attach: readonly Rule<Attach>[] = [
  isOpen('attach'),
  onAttach.must(
    'in-container',
    'EINVAL',
    'The group must be in no container.',
    (s, o) => (s.groups[o.group]?.container ?? -1) >= 0,
    { cite: [linux('vfio_group_ioctl_set_container: vfio_group_has_iommu')] },
  ),
  onAttach.must('no-group', 'ENODEV', 'The group must exist.', (s, o) => s.groups[o.group]?.exists !== true, {
    cite: [linux('vfio_group_ioctl_set_container: iommu_group')],
  }),
  onAttach.must(
    'no-dynamic-windows',
    'EINVAL',
    'A group of a version 2 container must support dynamic windows.',
    (s, o) => containerOf(s, o).version === 2 && s.groups[o.group]!.windows === 0,
    { cite: [linux('tce_iommu_attach_group: max_dynamic_windows_supported')] },
  ),
  onAttach.must(
    'one-group-only',
    'EBUSY',
    'A version 1 container has one group: its tables are not shared.',
    (s, o) => containerOf(s, o).version === 1 && hasGroups(s, rowOf(s, o)),
    { cite: [linux('tce_iommu_attach_group: tce_groups_attached')] },
  ),
  onAttach.must(
    'incompatible',
    'EPERM',
    'The groups of a container must have the same table operations.',
    (s, o) =>
      hasGroups(s, rowOf(s, o)) &&
      s.groups[latestGroup(s, rowOf(s, o))]!.family !== s.groups[o.group]!.family,
    { cite: [linux('tce_iommu_attach_group: create_table')] },
  ),
  onAttach.must(
    'not-claimed',
    'EPERM',
    'The group must be claimed.',
    (s, o) => s.groups[o.group]!.domain !== 'blocked',
    { cite: [cite('ours', 'ADR-0013: what spapr-tce corrects')] },
  ),
  onAttach.may('no-memory', 'ENOMEM', 'There may be no memory for the record of the group.', always, {
    cite: [linux('tce_iommu_attach_group: kzalloc')],
  }),
  onAttach.must(
    'two-groups',
    'EPERM',
    'On pseries a container that has a window takes no other group: the table is of the group that made it.',
    (s, o) => s.platform.name === 'pseries' && hasWindow(s, o),
    { cite: [linux('tce_iommu_take_ownership: set_window'), linux('spapr_tce_set_window')] },
  ),
  onAttach.may(
    'set-fails',
    'EPERM',
    'OPAL may answer OPAL_PARAMETER for a window of the container; then the new group has none of them.',
    (s, o) => s.platform.name === 'powernv' && hasWindow(s, o),
    { cite: [linux('tce_iommu_take_ownership: set_window'), linux('pnv_pci_ioda2_set_window')] },
  ),
  onAttach.may(
    'hardware-fails',
    'ENXIO',
    'OPAL may answer OPAL_HARDWARE for a window of the container; then the new group has none of them.',
    (s, o) => s.platform.name === 'powernv' && hasWindow(s, o),
    { cite: [linux('tce_iommu_take_ownership: set_window'), linux('pnv_pci_ioda2_set_window')] },
  ),
  onAttach.ends(
    'joined',
    'The windows of the container are set for the group; the first group of a container without window 0 makes the default window pending.',
    (s, o, p) => ({ outcome: { is: 'ok' }, state: joined(kernelGone(s, o.group, p), rowOf(s, o), o.group) }),
    always,
    { cite: [linux('tce_iommu_attach_group'), linux('tce_iommu_take_ownership')] },
  ),
];

const onDetach = about<Detach>('detach', linux('tce_iommu_release_ownership'));

export const detach: readonly Rule<Detach>[] = [
  isOpen('detach'),
  onDetach.must(
    'not-here',
    'EINVAL',
    'The group must be in the container.',
    (s, o) => s.groups[o.group]?.container !== rowOf(s, o),
    { cite: [linux('vfio_group_ioctl_unset_container')] },
  ),
  onDetach.ends(
    'left',
    'The tables of the container are cleared, also for the groups that stay, and then its windows are unset for the group.',
    (s, o, p) => ({ outcome: { is: 'ok' }, state: left(s, o.group, p) }),
    always,
    { status: 'disputed' },
  ),
];
