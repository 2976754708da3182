// What may a line say about attaching: which device moves to another domain, and when may it?
import { ending, refuse } from '../../law/clause.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { isIncomplete, paid } from '../flushing.js';
import { divides, movedByTag, movedUnseen, target } from '../moves.js';
import { memberNamed, pendingOf, withDevice, withPending } from '../places.js';
import { isStrict, type Policies } from '../policies.js';
import { happened, NO_DOMAIN, type State } from '../state.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'attach_device_to_domain' | 'detach_device_from_domain'>;

const ATTACH = [
  cite('linux', 'drivers/iommu/iommu.c: __iommu_attach_device, __iommu_group_set_domain_internal'),
];
const HOME = [
  cite('linux', 'drivers/iommu/iommu.c: iommu_setup_default_domain, iommu_create_device_direct_mappings'),
];
const TAGS = [
  cite('linux', 'drivers/iommu/intel/iommu.c: device_block_translation, intel_iommu_attach_device'),
];

export const attaching: Chapter = {
  attach_device_to_domain: [
    refuse(
      'ENODEV',
      {
        id: 'attach/not-in-a-group',
        says: 'Only a device that is in a group is attached to a domain.',
        cite: ATTACH,
      },
      (s, { device }) => memberNamed(s, device) === undefined,
    ),
    refuse(
      'EBUSY',
      {
        id: 'attach/still-tagged',
        says: 'A device leaves the tags of its old domain before it is attached to the next.',
        cite: TAGS,
      },
      (s, { device, task }) => {
        const { domain } = memberNamed(s, device)!;
        return s.machine.tags && domain >= 0 && pendingOf(s, task).left !== domain;
      },
    ),
    refuse(
      'EINVAL',
      {
        id: 'attach/divides-the-group',
        says: 'All devices of a group are on one domain: a move begins when all have arrived, and takes all along.',
        cite: ATTACH,
      },
      (s, { device, task }) => s.machine.tags && divides(s, memberNamed(s, device)!, target(s, device, task)),
    ),
    refuse(
      'EBUSY',
      {
        id: 'attach/left-uninvalidated',
        says: 'What a device may have cached of the domain that it left is invalidated before it is on the next.',
        cite: [...TAGS, cite('vt-d', 'Context-cache Invalidate Descriptor')],
      },
      (s, { task }) => pendingOf(s, task).unflushed || isIncomplete(s, task),
    ),
    refuse(
      'EBUSY',
      {
        id: 'attach/before-own-flush',
        says: 'In strict mode a context that removed a range announces its flush before it attaches anything.',
        cite: [cite('linux', 'drivers/iommu/iommu.c: iommu_unmap, iommu_iotlb_sync')],
      },
      (s, { task }, p) => isStrict(s.machine.mode, p) && paid(s, task) === undefined,
    ),
    ending(
      {
        id: 'attach/moved',
        says: 'The device is on the domain whose tag it took, or on none; the first attach of a group is to its default domain.',
        cite: [...ATTACH, ...HOME],
      },
      (s, op, p) => {
        const state = isStrict(s.machine.mode, p) ? paid(s, op.task)! : s;
        return happened(
          s.machine.tags ? movedByTag(state, op.device, op.task) : movedUnseen(state, op.device),
        );
      },
    ),
  ],
  detach_device_from_domain: [
    refuse(
      'ENODEV',
      { id: 'detach/not-in-a-group', says: 'Only a device that is in a group is detached.', cite: ATTACH },
      (s, { device }) => memberNamed(s, device) === undefined,
    ),
    ending({ id: 'detach/done', says: 'The device is on no domain.', cite: ATTACH }, (s, op) =>
      happened(withPending(withDevice(s, op.device, { domain: NO_DOMAIN }), op.task, undefined)),
    ),
  ],
};
