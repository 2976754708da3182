// What must end, and end well, once users close what they hold?
import { sum } from '../../kit/selector.js';
import type { Liveness } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import { lockedBy } from '../account.js';
import { windowNumbered } from '../guest-window.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';

type Lives = Liveness<State, Op, PolicyValues>;

const linux = (at: string) => cite('linux-tce', at);

const openContainers = sum(
  'openContainers',
  (s: State) => s.containers,
  c => (c.kind === 'open' ? 1 : 0),
);
const kvmWindows = sum(
  'kvmWindows',
  (s: State) => s.windows,
  w => (w.kind === 'kvm' ? 1 : 0),
);
const blocked = sum(
  'blocked',
  (s: State) => s.groups,
  g => (g.domain === 'blocked' ? 1 : 0),
);

export const lives: readonly Lives[] = [
  {
    id: 'close/frees-everything',
    says: 'Once every container is closed, in whatever order, no table of a user, no registered memory and no charge is left.',
    cite: [linux('tce_iommu_release')],
    drives: (s, op) =>
      op.op === 'close' || (op.op === 'kvm_close' && s.windows[windowNumbered(s, op.liobn)]?.kind === 'kvm'),
    rank: [openContainers, kvmWindows],
    good: s =>
      openContainers(s) === 0 &&
      s.groups.every(g => g.container < 0) &&
      s.tables.every(t => t.kind !== 'container') &&
      s.regions.every(r => r.kind === 'free') &&
      s.mms.every((_, mm) => lockedBy(s, mm) === 0),
  },
  {
    id: 'release/gives-everything-back',
    says: 'Once every container is closed and every group released, in whatever order, the kernel has all its windows back.',
    cite: [linux('spapr_tce_platform_iommu_attach_dev')],
    drives: (_, op) => op.op === 'close' || op.op === 'release',
    rank: [openContainers, blocked],
    good: s =>
      s.groups.every(
        g => g.domain === 'platform' && g.window0 >= 0 && g.window1 < 0 && g.bypass === s.platform.bypass > 0,
      ),
  },
];
