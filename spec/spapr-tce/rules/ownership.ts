// Who owns a group: what must be empty when the blocking domain is attached, and what comes back?

import { addressOf } from '../../kit/pages.js';
import { patch, patchAt } from '../../kit/record.js';
import { always } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { entryOf } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import { hasOperations } from '../releases.js';
import type { Op, State } from '../state.js';
import { freed, setWindow, unsetWindow, withTable } from '../table.js';
import { about, linux, type Rule } from './ioctl.js';

type Claim = Extract<Op, { op: 'claim' }>;
type Release = Extract<Op, { op: 'release' }>;

const mail = (at: string) => cite('mail-2022-ppc', at);

const noGroup = <O extends { readonly group: number }>(op: string): Rule<O> =>
  about<O>(op, linux('iommu_group_get')).must(
    'no-group',
    'ENODEV',
    'The group must exist.',
    (s, o) => s.groups[o.group]?.exists !== true,
  );

/** The kernel's table, unset and freed with whatever is in it, and the bypass window off. */
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

const onClaim = about<Claim>(
  'claim',
  mail('"It is important when this returns that the iommu translation is all emptied"'),
  linux('pnv_ioda2_take_ownership'),
  linux('spapr_tce_blocked_iommu_attach_dev'),
);

export const claim: readonly Rule<Claim>[] = [
  noGroup('claim'),
  onClaim.must(
    'no-iommu',
    'EINVAL',
    'The bridge must have IOMMU operations; without them there is no blocking domain.',
    (s, o, p) => !hasOperations(p) || !s.bridges[s.groups[o.group]!.bridge]!.iommu,
    {
      cite: [
        cite('linux-6.1', '__iommu_group_alloc_blocking_domain'),
        mail('"iommu_group_dma_owner_claimed()"'),
      ],
    },
  ),
  onClaim.must(
    'claimed',
    'EPERM',
    'The group must have no owner.',
    (s, o) => s.groups[o.group]!.domain === 'blocked',
    { cite: [linux('iommu_group_claim_dma_owner: owner_cnt')] },
  ),
  onClaim.must(
    'kernel-mappings-live',
    'EBUSY',
    "The kernel's table must have no live entry, where the policy asks for it.",
    (s, o, p) => p['blocking-attach'] === 'refuses-live' && kernelLive(s, o.group),
    { cite: [cite('linux-6.1', 'iommu_take_ownership')], status: 'disputed' },
  ),
  onClaim.ends(
    'blocked',
    "The group translates nothing when the attach of the blocking domain returns. The kernel's table is unset and freed with all that is in it, and the bypass window is off.",
    (s, o, p) => {
      const bare = p['blocking-attach'] === 'empties-nothing' ? s : kernelGone(s, o.group, p);
      return {
        outcome: { is: 'ok' },
        state: patch(bare, { groups: patchAt(bare.groups, o.group, { domain: 'blocked' }) }),
      };
    },
    always,
    { status: 'disputed' },
  ),
];

/** The kernel's own table: on pseries the firmware's default window, whose pages are of 4 KiB. */
const kernelShift = (s: State): number => (s.platform.name === 'pseries' ? 12 : s.platform.pageShift);

/** The kernel's default configuration: a new empty table where window 0 has none, and the bypass. */
function kernelBack(s: State, g: number): State {
  const { start, size, window0 } = s.groups[g]!;
  const { bypass } = s.platform;
  const shift = kernelShift(s);
  const on = patch(s, { groups: patchAt(s.groups, g, { domain: 'platform', bypass: bypass > 0 }) });
  if (window0 >= 0) return on;
  const made = withTable(on, {
    kind: 'kernel',
    shift,
    offset: entryOf(addressOf(start), shift),
    size: entryOf(addressOf(size), shift),
    levels: 1,
    mm: -1,
  });
  return setWindow(made.state, g, 0, made.row);
}

const onRelease = about<Release>(
  'release',
  linux('pnv_ioda2_release_ownership'),
  linux('spapr_tce_release_ownership'),
  linux('spapr_tce_platform_iommu_attach_dev'),
);

export const release: readonly Rule<Release>[] = [
  noGroup('release'),
  onRelease.must(
    'not-claimed',
    'EINVAL',
    'The group must be claimed.',
    (s, o) => s.groups[o.group]!.domain !== 'blocked',
    {
      cite: [
        cite('ours', 'ADR-0013: what spapr-tce corrects'),
        linux('iommu_group_release_dma_owner: WARN_ON'),
      ],
    },
  ),
  onRelease.must(
    'in-container',
    'EBUSY',
    'The group must have left its container.',
    (s, o) => s.groups[o.group]!.container >= 0,
    { cite: [linux('vfio_group_detach_container'), cite('ours', 'ADR-0013: what spapr-tce corrects')] },
  ),
  onRelease.ends(
    'platform',
    'The kernel gets its default window back, empty, and the bypass window where it uses one.',
    (s, o) => ({ outcome: { is: 'ok' }, state: kernelBack(s, o.group) }),
  ),
];
