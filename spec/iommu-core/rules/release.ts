// How does a group come back to the kernel, and who can ask whose it is?
import { cite } from '../../law/sources.js';
import { SINCE_612 } from '../releases.js';
import { type Change, forcedFailures, isThere, mustSetDomain, resetHoldsGroup } from '../set-domain.js';
import { coreDomain, groupOf, hasEntries, homeOf } from '../state/group.js';
import { NONE, type State } from '../state.js';
import {
  at,
  chapterOf,
  done,
  groupIn,
  hasGroup,
  inGroup,
  operation,
  ours,
  type Rule,
  type The,
  warned,
} from './chapter.js';
import { withGroup } from './ownership.js';
import { backFails } from './set-domain-6-1.js';

type Release = The<'release_group'> | The<'release_device'>;

const RELEASE = cite('linux-6.12-7.2', '__iommu_release_dma_ownership');
const RELEASE_61 = cite('linux-6.1', 'iommu_group_release_dma_owner');
const NOFAIL = cite('linux-6.12-7.2', '__iommu_group_set_domain_nofail');
const MUST_SUCCEED = cite('linux-6.12-7.2', '__iommu_device_set_domain: IOMMU_SET_DOMAIN_MUST_SUCCEED');

/** The group as it is when nobody owns it, before it goes back to its default domain. */
const disowned = (s: State, g: number): State => withGroup(s, g, { owner: -1, owners: 0 });
const back = (s: State, g: number): Change => ({ group: g, to: coreDomain(disowned(s, g).groups[g]!) });

function releasing<O extends Release>(op: O['op']): readonly Rule<O>[] {
  const rules = chapterOf<O>(op, ...(op === 'release_group' ? [RELEASE, RELEASE_61] : [RELEASE]));
  const { ends, mayEnd } = rules;
  const given = (s: State, o: O): State => disowned(s, groupIn(s, o));
  const old = op === 'release_group' ? backFails<O>(rules, given, (s, o) => back(s, groupIn(s, o))) : [];
  return [
    ends(
      'not-owned',
      'The caller owns nothing, or has left a PASID attached: the kernel warns, and nothing changes.',
      s => warned(s),
      (s, o) => {
        const { owners, owner } = s.groups[groupIn(s, o)]!;
        return owners === 0 || owner < 0 || hasEntries(s, groupIn(s, o));
      },
    ),
    ...old.slice(0, 1),
    ends(
      'nowhere-to-go',
      'The group has no default domain any more, or a reset holds it up: it keeps its domain without an owner, and the kernel warns.',
      (s, o) => warned(disowned(s, groupIn(s, o))),
      (s, o, p) => {
        const c = back(s, groupIn(s, o));
        return !isThere(s, c) && (c.to === NONE || resetHoldsGroup(s, c.group, p));
      },
      at(RELEASE, NOFAIL),
    ),
    mayEnd(
      'attach-fails',
      "The driver fails to attach a member to the default domain, though it must not: its domain differs from its group's, and the others are on the default domain.",
      (s, o, p) => {
        const g = groupIn(s, o);
        return forcedFailures(disowned(s, g), back(s, g), p).map(warned);
      },
      (s, o, p) => forcedFailures(disowned(s, groupIn(s, o)), back(s, groupIn(s, o)), p).length > 0,
      { ...at(RELEASE, MUST_SUCCEED), ...SINCE_612 },
    ),
    ...old.slice(1),
    ends('released', 'The group has no owner, and is on its default domain again.', (s, o, p) => {
      const g = groupIn(s, o);
      return done(mustSetDomain(disowned(s, g), back(s, g), p));
    }),
  ];
}

export const releaseGroup: readonly Rule<The<'release_group'>>[] = [
  hasGroup(operation('release_group')),
  ...releasing<The<'release_group'>>('release_group'),
];

const RELEASE_DEVICE = operation('release_device', cite('linux-6.12-7.2', 'iommu_device_release_dma_owner'));

export const releaseDevice: readonly Rule<The<'release_device'>>[] = [
  inGroup(RELEASE_DEVICE, ours),
  RELEASE_DEVICE.ends(
    'never-owned',
    'The caller never claimed: it takes no use away from the kernel drivers of the group.',
    s => warned(s),
    (s, o) => groupOf(s, o.device).owner < 0,
    at(cite('ours', 'ADR-0010: a caller that never claimed')),
  ),
  RELEASE_DEVICE.ends(
    'one-less',
    'The group has other claims: one less is counted, whoever made it.',
    (s, o) => done(withGroup(s, homeOf(s, o), { owners: groupOf(s, o.device).owners - 1 })),
    (s, o) => groupOf(s, o.device).owners > 1,
  ),
  ...releasing<The<'release_device'>>('release_device'),
];

const CLAIMED = operation('owner_claimed', cite('linux-6.1-7.2', 'iommu_group_dma_owner_claimed'));

export const ownerClaimed: readonly Rule<The<'owner_claimed'>>[] = [
  hasGroup(CLAIMED),
  CLAIMED.ends(
    'told',
    'The answer is yes while an owner or a kernel driver is counted; it is for display.',
    (s, o) => ({
      outcome: { is: 'ok', yes: s.groups[o.group]!.owners > 0 },
      state: s,
    }),
  ),
];
