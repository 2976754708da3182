// What must end, and end well, once the users close what they hold?
import { sum } from '../../kit/selector.js';
import type { Liveness } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { handlesOpen, livesFor } from '../sets.js';
import type { Op, State } from '../state.js';

type Lives = Liveness<State, Op, PolicyValues>;

const waiting = sum(
  'waiting',
  (s: State) => s.devices,
  d => (d.leaving === 'no' ? 0 : 1),
);
const woken = sum(
  'woken',
  (s: State) => s.devices,
  d => (d.leaving === 'woken' ? 1 : 0),
);

/** Ticks that are left until every wait is over its time. */
const patience = (s: State): number =>
  s.devices.reduce((n, d) => (d.leaving === 'no' ? n : n + Math.max(0, s.clock.timeout - d.age)), 0);

const idle = (s: State): boolean => s.devices.every(d => d.leaving === 'no');

export const lives: readonly Lives[] = [
  {
    id: 'unplug/ends-once-users-close',
    says: 'Once the users close their context and device handles, in whatever order, every removal ends; an idle group handle holds nothing up.',
    cite: [cite('vfio-rfc-2', 'vfio_unbind_dev'), cite('mail-2011', '"a benign entry point"')],
    drives: (s, op) => op.op === 'resume' || (op.op === 'close' && s.handles.get(op.handle).kind !== 'group'),
    rank: [handlesOpen, waiting, woken],
    good: idle,
  },
  {
    id: 'last-close/frees-everything',
    says: 'Once every handle is closed, in whatever order, nothing is left: no context, no mapping, no merged set, no waiter, no group without a device.',
    cite: [cite('vfio-rfc-2', '__vfio_try_dissolve_iommu'), cite('ours', 'ADR-0007')],
    drives: (_, op) => op.op === 'resume' || op.op === 'close',
    rank: [handlesOpen, waiting, woken],
    good: (s, p) =>
      handlesOpen(s) === 0 &&
      idle(s) &&
      s.contexts.every(c => !c.open) &&
      s.maps.every(runs => runs.size === 0) &&
      s.groups.every(
        (g, at) => g.context < 0 && g.exists === s.devices.some((_, d) => livesFor(s, d, at, p)),
      ),
  },
];

/** What a hard timeout is for: not promised while the default is to wait. */
export const unplugBounded: Lives = {
  id: 'unplug/ends-without-the-user',
  says: 'Every removal ends after the hard timeout, also if no user ever closes anything.',
  cite: [cite('mail-2011', '"We can\'t leave it to userspace to decide they get to keep the device"')],
  drives: (_, op) => op.op === 'tick' || op.op === 'resume',
  rank: [handlesOpen, waiting, patience, woken],
  good: idle,
};
