// What may never happen to an owner, or to the kernel beside one?
import type { StateProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { defaultIsStatic } from '../state/domain.js';
import { membersOf } from '../state/group.js';
import { BLOCKED, DEFAULT, NONE, type State } from '../state.js';

type Always = StateProperty<State, PolicyValues>;

export const safety: readonly Always[] = [
  {
    id: 'owner/not-on-the-kernels-domain',
    says: "While somebody owns a group, it is not on the default domain, where the kernel's own mappings are.",
    cite: [cite('linux-6.12-7.2', '__iommu_take_dma_ownership')],
    holds: s =>
      s.groups.every(
        (g, at) =>
          g.owner < 0 || g.domain !== DEFAULT || defaultIsStatic(s, at) || membersOf(s, at).length === 0,
      ),
  },
  {
    id: 'owner/no-kernel-driver-beside',
    says: 'While somebody owns a group, no kernel driver is bound to a member.',
    cite: [cite('linux-6.12-7.2', 'iommu_device_use_default_domain')],
    holds: s =>
      s.groups.every(
        (g, at) => g.owner < 0 || membersOf(s, at).every(d => s.devices[d]!.driver !== 'kernel'),
      ),
  },
  {
    id: 'owner/is-counted',
    says: 'An owner is counted at least once, and without one at least every kernel driver is.',
    cite: [
      cite('linux-6.12-7.2', '__iommu_take_dma_ownership'),
      cite('linux-6.12-7.2', 'iommu_device_use_default_domain'),
    ],
    holds: s =>
      s.groups.every((g, at) => {
        const drivers = membersOf(s, at).filter(d => s.devices[d]!.driver === 'kernel').length;
        return g.owners >= (g.owner >= 0 ? 1 : drivers);
      }),
  },
  {
    id: 'blocked/nothing-left-translated',
    says: 'When a blocking domain has been attached, a device reaches nothing of the domain before.',
    cite: [
      cite('mail-2022-ppc', '"There should be no left over translations from the DMA API at this point"'),
    ],
    holds: s => s.devices.every(d => d.rid !== BLOCKED || d.stale === NONE),
  },
  {
    id: 'aux/flag-agrees',
    says: 'Where a group is marked as using an aux domain, its domain is an aux domain of the parent device.',
    cite: [cite('mail-2020', '"the tradeoff between leaving breadcrumb in domain or in group"')],
    holds: s =>
      s.devices.every(d => {
        const g = s.groups[d.home]!;
        if (!d.member || d.parent < 0 || !g.auxAttached) return true;
        return g.domain >= 0 && s.auxUses.has(g.domain * s.devices.length + d.parent);
      }),
  },
];
