// What must end, and end well, once everybody gives back what he has?
import { sum } from '../../kit/selector.js';
import type { Liveness } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';

type Lives = Liveness<State, Op, PolicyValues>;

const devices = (s: State): State['devices'] => s.devices;
const resets = sum('resets', devices, d => d.resets);
const members = sum('members', devices, d => (d.member ? 1 : 0));
const driven = sum('driven', devices, d => (d.driver === 'none' ? 0 : 1));
const references = sum(
  'references',
  (s: State) => s.references,
  () => 1,
);
const owners = sum(
  'owners',
  (s: State) => s.groups,
  g => g.owners,
);
const bonds = sum(
  'bonds',
  (s: State) => s.bonds,
  b => b.count,
);
const entries = sum(
  'entries',
  (s: State) => s.pasidTable,
  () => 1,
);

const GIVES_BACK: readonly Op['op'][] = [
  'remove',
  'group_put',
  'unbind',
  'release_group',
  'release_device',
  'detach_pasid',
  'sva_unbind',
  'reset_done',
];

export const lives: readonly Lives[] = [
  {
    id: 'reset/ends',
    says: 'Once every reset has ended, in whatever order, no device is kept on the blocking domain by a reset.',
    cite: [cite('linux-7.2', 'pci_dev_reset_iommu_done')],
    drives: (_, op) => op.op === 'reset_done',
    rank: [resets],
    good: s => s.devices.every(d => d.resets === 0) && s.groups.every(g => g.resetting < 0),
  },
  {
    id: 'everything-given-back',
    says: 'Once everybody has given back what he has, in whatever order, no group, entry or programmed PASID is left.',
    cite: [cite('linux-6.12-7.2', 'iommu_group_release'), cite('linux-6.12-7.2', 'iommu_deinit_device')],
    drives: (_, op) => GIVES_BACK.includes(op.op),
    rank: [members, references, driven, owners, bonds, entries, resets],
    good: s =>
      s.groups.every(g => g.refs === 0) &&
      s.references.size === 0 &&
      s.pasidTable.size === 0 &&
      s.programmed.size === 0 &&
      s.bonds.size === 0 &&
      s.devices.every(d => !d.member && d.driver === 'none'),
  },
];
