// What may a line say about groups: which device joins one, and which leaves?

import { chapter } from '../../kit/chapter.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { departed, joined } from '../iommu-device.js';
import { memberNamed } from '../iommu-group.js';
import type { Policies } from '../policies.js';
import { happened, type State } from '../state.js';
import { pastUnknown } from './late.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'add_device_to_group' | 'remove_device_from_group'>;

const ADD = [
  cite('linux-6.12-7.2', 'drivers/iommu/iommu.c: iommu_group_alloc_device'),
  cite('linux-5.10-6.1', 'drivers/iommu/iommu.c: iommu_group_add_device'),
];
const REMOVE = [
  cite('linux-6.12-7.2', 'drivers/iommu/iommu.c: __iommu_group_free_device'),
  cite('linux-5.10-6.1', 'drivers/iommu/iommu.c: iommu_group_remove_device'),
];
const HOME = [
  cite(
    'linux-6.12-7.2',
    'drivers/iommu/iommu.c: iommu_setup_default_domain, iommu_create_device_direct_mappings',
  ),
  cite('linux-5.10-6.1', 'drivers/iommu/iommu.c: bus_iommu_probe, iommu_create_device_direct_mappings'),
];

type Join = Extract<Op, { op: 'add_device_to_group' }>;
type Leave = Extract<Op, { op: 'remove_device_from_group' }>;

const join = chapter<State, Join, Policies>('group', ...ADD);
const leave = chapter<State, Leave, Policies>('group', ...REMOVE);

export const groups: Chapter = {
  add_device_to_group: [
    join.must(
      'one-only',
      'EBUSY',
      'A device that is in a group joins no group, not even its own again.',
      (s, { device }) => memberNamed(s, device) !== undefined,
    ),
    join.ends(
      'joined',
      'A device joins a group; the first one forms it, with a default domain of its own.',
      (s, op) => happened(joined(s, op.group, op.device)),
      undefined,
      { cite: HOME },
    ),
  ],
  remove_device_from_group: [
    pastUnknown('group', (s, { device }: Leave) => memberNamed(s, device) === undefined),
    leave.must(
      'leave-own',
      'ENODEV',
      'A device leaves only the group that it is in.',
      (s, { device, group }) => memberNamed(s, device)?.group !== group,
    ),
    leave.ends(
      'left',
      'The device is in no group; a group without devices is gone, and its default domain with it.',
      (s, op) => happened(departed(s, op.device)),
    ),
  ],
};
