// What must end, and end well, once everybody gives back what he has?
import type { Liveness } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';

type Lives = Liveness<State, Op, PolicyValues>;

const total = (s: State, of: (d: State['devices'][number]) => number): number =>
  s.devices.reduce((n, d) => n + of(d), 0);
const sum = (rows: State['bonds']): number => rows.reduce((n: number, r) => n + r.count, 0);

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
    says: 'Once every reset has ended, in whatever order, no device is parked any more.',
    cite: [cite('linux-7', 'pci_dev_reset_iommu_done')],
    drives: (_, op) => op.op === 'reset_done',
    rank: s => [total(s, d => d.resets)],
    good: s => s.devices.every(d => d.resets === 0) && s.groups.every(g => g.resetting < 0),
  },
  {
    id: 'everything-given-back',
    says: 'Once everybody has given back what he has, in whatever order, no group, entry or programmed PASID is left.',
    cite: [cite('linux', 'iommu_group_release'), cite('linux', 'iommu_deinit_device')],
    drives: (_, op) => GIVES_BACK.includes(op.op),
    rank: s => [
      total(s, d => (d.member ? 1 : 0)),
      s.references.size,
      total(s, d => (d.driver === 'none' ? 0 : 1)),
      s.groups.reduce((n, g) => n + g.owners, 0),
      sum(s.bonds),
      s.entries.size,
      total(s, d => d.resets),
    ],
    good: s =>
      s.groups.every(g => g.refs === 0) &&
      s.references.size === 0 &&
      s.entries.size === 0 &&
      s.programmed.size === 0 &&
      s.bonds.size === 0 &&
      s.devices.every(d => !d.member && d.driver === 'none'),
  },
];
