// What must end, and end well, once the users close what they hold?
import { sum } from '../../kit/selector.js';
import type { Liveness } from '../../law/profile.js';
import { lockedBy } from '../account.js';
import { handlesOpen } from '../holding.js';
import { everywhere } from '../rules/checks.js';
import type { Choice, Op, State } from '../state.js';

type Lives = Liveness<State, Op, Choice>;

const waiting = sum(
  'waiting',
  (s: State) => s.devices,
  d => (d.leaving === 'no' ? 0 : 1),
);
const idle = (s: State): boolean => s.devices.every(d => d.leaving === 'no');

export const lives: readonly Lives[] = [
  {
    id: 'unplug/ends-once-users-close',
    says: 'Once the users close their devices, in whatever order, every unbind and removal ends; an open group or container holds nothing up.',
    cite: everywhere('vfio_unregister_group_dev'),
    drives: (s, op) =>
      op.op === 'resume' || (op.op === 'close' && s.handles.get(op.handle).kind === 'device'),
    rank: [handlesOpen, waiting],
    good: idle,
  },
  {
    id: 'last-close/frees-everything',
    says: 'Once every descriptor is closed, in whatever order, nothing is left: no group in a container, no mapping, no pinned page, no charge, nobody who waits.',
    cite: everywhere('vfio_group_fops_release, vfio_iommu_type1_release'),
    drives: (_, op) => op.op === 'resume' || op.op === 'close',
    rank: [handlesOpen, waiting],
    good: s =>
      handlesOpen(s) === 0 &&
      idle(s) &&
      s.groups.every(g => g.container < 0) &&
      s.maps.every(runs => runs.size === 0) &&
      s.pins.every(rows => rows.size === 0) &&
      s.mms.every((_, mm) => lockedBy(s, mm) === 0),
  },
];
