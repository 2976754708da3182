// What may a line say about groups: which device joins one, and which leaves?
import { ending, refuse } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { joined, parted } from '../moves.js';
import { memberNamed } from '../places.js';
import type { Policies } from '../policies.js';
import { happened, type State } from '../state.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'add_device_to_group' | 'remove_device_from_group'>;

const ADD = [cite('linux', 'drivers/iommu/iommu.c: iommu_group_alloc_device, iommu_group_add_device')];
const REMOVE = [cite('linux', 'drivers/iommu/iommu.c: __iommu_group_remove_device')];
const HOME = [
  cite('linux', 'drivers/iommu/iommu.c: iommu_setup_default_domain, iommu_create_device_direct_mappings'),
];

export const groups: Chapter = {
  add_device_to_group: [
    refuse(
      'EBUSY',
      {
        id: 'group/one-only',
        says: 'A device that is in a group joins no group, not even its own again.',
        cite: ADD,
      },
      (s, { device }) => memberNamed(s, device) !== undefined,
    ),
    ending(
      {
        id: 'group/joined',
        says: 'A device joins a group; the first one forms it, with a default domain of its own.',
        cite: HOME,
      },
      (s, op) => happened(joined(s, op.group, op.device)),
    ),
  ],
  remove_device_from_group: [
    refuse(
      'ENODEV',
      { id: 'group/leave-own', says: 'A device leaves only the group that it is in.', cite: REMOVE },
      (s, { device, group }) => memberNamed(s, device)?.group !== group,
    ),
    ending(
      {
        id: 'group/left',
        says: 'The device is in no group; a group without devices is gone, and its default domain with it.',
        cite: REMOVE,
      },
      (s, op) => happened(parted(s, op.device)),
    ),
  ],
};
