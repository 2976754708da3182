// What may a line say about attaching: which device moves to another domain, and when may it?

import { chapter } from '../../kit/chapter.js';
import type { Rules } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { Op } from '../../protocol/linux-dma.js';
import { pendingOf, withPending } from '../cache-tag.js';
import { divides, movedByTag, movedUnseen, target } from '../iommu-device.js';
import { memberNamed, withDevice } from '../iommu-group.js';
import { isIncomplete, synced } from '../iotlb.js';
import { isStrict, type Policies } from '../policies.js';
import { happened, NO_DOMAIN, type State } from '../state.js';
import { pastUnknown } from './late.js';

type Chapter = Pick<Rules<State, Op, Policies>, 'attach_device_to_domain' | 'detach_device_from_domain'>;

const ATTACH = [
  cite('linux-5.10-7.2', 'drivers/iommu/iommu.c: __iommu_attach_device'),
  cite('linux-6.12-7.2', 'drivers/iommu/iommu.c: __iommu_group_set_domain_internal'),
  cite('linux-6.1', 'drivers/iommu/iommu.c: __iommu_group_set_domain'),
];
const HOME = [
  cite(
    'linux-6.12-7.2',
    'drivers/iommu/iommu.c: iommu_setup_default_domain, iommu_create_device_direct_mappings',
  ),
  cite('linux-5.10-6.1', 'drivers/iommu/iommu.c: bus_iommu_probe, iommu_create_device_direct_mappings'),
];
const TAGS = [
  cite('linux-6.12-7.2', 'drivers/iommu/intel/iommu.c: device_block_translation, intel_iommu_attach_device'),
];

const attach = chapter<State, Extract<Op, { op: 'attach_device_to_domain' }>, Policies>('attach', ...ATTACH);
const detach = chapter<State, Extract<Op, { op: 'detach_device_from_domain' }>, Policies>(
  'detach',
  cite('linux-5.10-6.1', 'drivers/iommu/iommu.c: __iommu_detach_device'),
);

export const attaching: Chapter = {
  attach_device_to_domain: [
    pastUnknown('attach', undefined, (s, op) => withPending(s, op.task, undefined)),
    attach.must(
      'not-in-a-group',
      'ENODEV',
      'Only a device that is in a group is attached to a domain.',
      (s, { device }) => memberNamed(s, device) === undefined,
    ),
    attach.must(
      'still-tagged',
      'EBUSY',
      'A device leaves the tags of its old domain before it is attached to the next.',
      (s, { device, task }) => {
        const { domain } = memberNamed(s, device)!;
        return s.machine.tags && domain >= 0 && pendingOf(s, task).left !== domain;
      },
      { cite: TAGS },
    ),
    attach.must(
      'divides-the-group',
      'EINVAL',
      'All devices of a group are on one domain: a move begins when all have arrived, and takes all along.',
      (s, { device, task }) => s.machine.tags && divides(s, memberNamed(s, device)!, target(s, device, task)),
    ),
    attach.must(
      'left-uninvalidated',
      'EBUSY',
      'What a device may have cached of the domain that it left is invalidated before it is on the next.',
      (s, { task }) => pendingOf(s, task).unflushed || isIncomplete(s, task),
      { cite: [...TAGS, cite('vt-d', 'Context-cache Invalidate Descriptor')] },
    ),
    attach.must(
      'before-own-flush',
      'EBUSY',
      'In strict mode a context that removed a range announces its flush before it attaches anything.',
      (s, { task }, p) => isStrict(s.machine.mode, p) && synced(s, task) === undefined,
      { cite: [cite('linux-5.10-7.2', 'drivers/iommu/iommu.c: iommu_unmap, iommu_iotlb_sync')] },
    ),
    attach.ends(
      'moved',
      'The device is on the domain whose tag it took, or on none; the first attach of a group is to its default domain.',
      (s, op, p) => {
        const state = isStrict(s.machine.mode, p) ? synced(s, op.task)! : s;
        return happened(
          s.machine.tags ? movedByTag(state, op.device, op.task) : movedUnseen(state, op.device),
        );
      },
      undefined,
      { cite: [...ATTACH, ...HOME] },
    ),
  ],
  detach_device_from_domain: [
    pastUnknown('detach', undefined, (s, op) => withPending(s, op.task, undefined)),
    detach.must(
      'not-in-a-group',
      'ENODEV',
      'Only a device that is in a group is detached.',
      (s, { device }) => memberNamed(s, device) === undefined,
    ),
    detach.ends('done', 'The device is on no domain.', (s, op) =>
      happened(withPending(withDevice(s, op.device, { domain: NO_DOMAIN }), op.task, undefined)),
    ),
  ],
};
