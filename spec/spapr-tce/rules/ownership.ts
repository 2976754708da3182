// Whose is a group: what must be empty when the blocking domain is attached, and what comes back?

import { addressOf } from '../../kit/pages.js';
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { entryOf } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';
import { freed, setWindow, unsetWindow, withTable } from '../table.js';
import type { Rule } from './ioctl.js';

type Claim = Extract<Op, { op: 'claim' }>;
type Release = Extract<Op, { op: 'release' }>;

const linux = (at: string) => cite('linux-tce', at);
const mail = (at: string) => cite('mail-2022-ppc', at);

const noGroup = <O extends { readonly group: number }>(op: string): Rule<O> =>
  refuse(
    'ENODEV',
    {
      id: `${op}/no-group`,
      says: 'A group that is not there is refused.',
      cite: [linux('iommu_group_get')],
    },
    (s, o) => s.groups[o.group]?.exists !== true,
  );

/** The kernel's table, unset and dropped with whatever is in it, and the bypass window off. */
export function kernelGone(s: State, g: number, p: PolicyValues): State {
  const row = s.groups[g]!.window0;
  const dropped = row >= 0 && s.tables[row]!.kind === 'kernel' ? freed(unsetWindow(s, g, 0), row, p) : s;
  if (p['take-empties'] === 'table-only' || !dropped.groups[g]!.bypass) return dropped;
  return patch(dropped, { groups: patchAt(dropped.groups, g, { bypass: false }) });
}

const kernelLive = (s: State, g: number): boolean => {
  const row = s.groups[g]!.window0;
  return row >= 0 && s.entries[row]!.size > 0;
};

export const claim: readonly Rule<Claim>[] = [
  noGroup('claim'),
  refuse(
    'EINVAL',
    {
      id: 'claim/no-iommu',
      says: 'A bridge without IOMMU operations has no blocking domain.',
      cite: [linux('__iommu_group_alloc_blocking_domain'), mail('"iommu_group_dma_owner_claimed()"')],
    },
    (s, o) => !s.bridges[s.groups[o.group]!.bridge]!.iommu,
  ),
  refuse(
    'EPERM',
    {
      id: 'claim/claimed',
      says: 'A group has one owner at a time.',
      cite: [linux('iommu_group_claim_dma_owner: owner_cnt')],
    },
    (s, o) => s.groups[o.group]!.domain === 'blocked',
  ),
  refuse(
    'EBUSY',
    {
      id: 'claim/kernel-mappings-live',
      says: "Where the era asks for it, a group is not taken over while the kernel's table has a live entry.",
      cite: [linux('iommu_take_ownership, kernel 6.3')],
      status: 'disputed',
    },
    (s, o, p) => p['blocking-attach'] === 'refuses-live' && kernelLive(s, o.group),
  ),
  ending(
    {
      id: 'claim/blocked',
      says: "When the attach of the blocking domain returns, the group translates nothing: the kernel's table is unset and dropped with all that is in it, and the bypass window is off.",
      cite: [
        mail('"It is important when this returns that the iommu translation is all emptied"'),
        linux('pnv_ioda2_take_ownership'),
        linux('spapr_tce_blocking_iommu_attach_dev'),
      ],
      status: 'disputed',
    },
    (s, o, p) => {
      const bare = p['blocking-attach'] === 'empties-nothing' ? s : kernelGone(s, o.group, p);
      return {
        outcome: { is: 'ok' },
        state: patch(bare, { groups: patchAt(bare.groups, o.group, { domain: 'blocked' }) }),
      };
    },
  ),
];

/** The kernel's default configuration: a new empty table where the first window has none, and the bypass. */
function kernelBack(s: State, g: number): State {
  const { start, size, window0 } = s.groups[g]!;
  const { pageShift, bypass } = s.platform;
  const on = patch(s, { groups: patchAt(s.groups, g, { domain: 'platform', bypass: bypass > 0 }) });
  if (window0 >= 0) return on;
  const made = withTable(on, {
    kind: 'kernel',
    shift: pageShift,
    offset: entryOf(addressOf(start), pageShift),
    size: entryOf(addressOf(size), pageShift),
    levels: 1,
    mm: -1,
  });
  return setWindow(made.state, g, 0, made.row);
}

export const release: readonly Rule<Release>[] = [
  noGroup('release'),
  refuse(
    'EINVAL',
    {
      id: 'release/not-claimed',
      says: 'A group that nobody claimed is not released.',
      cite: [linux('iommu_group_release_dma_owner')],
    },
    (s, o) => s.groups[o.group]!.domain !== 'blocked',
  ),
  refuse(
    'EBUSY',
    {
      id: 'release/in-container',
      says: 'A group leaves its container before the kernel gets it back.',
      cite: [linux('vfio_group_detach_container'), cite('ours', 'ADR-0013: what spapr-tce corrects')],
    },
    (s, o) => s.groups[o.group]!.container >= 0,
  ),
  ending(
    {
      id: 'release/platform',
      says: 'The kernel gets its default window back, empty, and the bypass window where it uses one.',
      cite: [linux('pnv_ioda2_release_ownership'), linux('spapr_tce_platform_iommu_attach_dev')],
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: kernelBack(s, o.group) }),
  ),
];
