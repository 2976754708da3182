// How does a group come back to the kernel, and who can ask whose it is?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { coreDomain, groupLives, hasEntries } from '../groups.js';
import { NONE, type Op, type State } from '../state.js';
import { type Change, forced, forcedFailures, isThere, resetInTheWay } from '../transition.js';
import { inGroup, OK, ours, type Rule, WARNED } from './checks.js';

type ReleaseGroup = Extract<Op, { op: 'release_group' }>;
type ReleaseDevice = Extract<Op, { op: 'release_device' }>;
type OwnerClaimed = Extract<Op, { op: 'owner_claimed' }>;

const RELEASE = cite('linux', '__iommu_release_dma_ownership');

type Home<O> = (s: State, o: O) => number;
const homeOf: Home<ReleaseDevice> = (s, o) => s.devices[o.device]!.home;

/** Nothing to release: no owner, or PASIDs that were left attached. */
const wrongRelease = (s: State, g: number): boolean =>
  s.groups[g]!.owners === 0 || s.groups[g]!.owner < 0 || hasEntries(s, g);

/** The group as it is when nobody owns it, before it goes back to its default domain. */
const disowned = (s: State, g: number): State =>
  patch(s, { groups: patchAt(s.groups, g, { owner: -1, owners: 0 }) });

const back = (s: State, g: number): Change => ({ group: g, to: coreDomain(disowned(s, g).groups[g]!) });

const releasing = <O extends ReleaseGroup | ReleaseDevice>(op: string, home: Home<O>): readonly Rule<O>[] => [
  ending(
    {
      id: `${op}/not-owned`,
      says: 'The kernel complains of a release by somebody who owns nothing or has left a PASID attached, and nothing changes.',
      cite: [RELEASE],
    },
    s => ({ outcome: WARNED, state: s }),
    (s, o) => wrongRelease(s, home(s, o)),
  ),
  ending(
    {
      id: `${op}/nowhere-to-go`,
      says: 'A group that has no default domain any more, or cannot change its domain now, stays where it is without an owner; the kernel complains.',
      cite: [RELEASE, cite('linux', '__iommu_group_set_domain_nofail')],
    },
    (s, o) => ({ outcome: WARNED, state: disowned(s, home(s, o)) }),
    (s, o, p) => {
      const to = back(s, home(s, o));
      return !isThere(s, to) && (to.to === NONE || resetInTheWay(s, home(s, o), p));
    },
  ),
  ending(
    {
      id: `${op}/attach-fails`,
      says: 'A member may not be attached to the default domain, though it must; it is astray, the others are on the default domain.',
      cite: [RELEASE, cite('linux', '__iommu_device_set_domain: IOMMU_SET_DOMAIN_MUST_SUCCEED')],
      kind: 'may',
    },
    (s, o, p) => {
      const g = home(s, o);
      return forcedFailures(disowned(s, g), back(s, g), p).map(state => ({ outcome: WARNED, state }));
    },
    (s, o, p) => forcedFailures(disowned(s, home(s, o)), back(s, home(s, o)), p).length > 0,
  ),
  ending(
    {
      id: `${op}/released`,
      says: 'The group has no owner, and is on its default domain again.',
      cite: [RELEASE],
    },
    (s, o, p) => {
      const g = home(s, o);
      return { outcome: OK, state: forced(disowned(s, g), back(s, g), -1, p) };
    },
  ),
];

export const releaseGroup: readonly Rule<ReleaseGroup>[] = [
  refuse(
    'ENODEV',
    { id: 'release_group/no-group', says: 'A group that does not exist is not owned.', cite: [ours] },
    (s, o) => !groupLives(s, o.group),
  ),
  ...releasing<ReleaseGroup>('release_group', (_, o) => o.group),
];

export const releaseDevice: readonly Rule<ReleaseDevice>[] = [
  inGroup('release_device', ours),
  ending(
    {
      id: 'release_device/never-owned',
      says: 'A release by somebody who never claimed takes no use away from the kernel drivers of the group.',
      cite: [cite('ours', 'ADR-0010: a caller that never claimed')],
    },
    s => ({ outcome: WARNED, state: s }),
    (s, o) => s.groups[homeOf(s, o)]!.owner < 0,
  ),
  ending(
    {
      id: 'release_device/one-less',
      says: 'While other claims of the group are left, one less is counted, whoever made it.',
      cite: [cite('linux', 'iommu_device_release_dma_owner')],
    },
    (s, o) => {
      const g = homeOf(s, o);
      return {
        outcome: OK,
        state: patch(s, { groups: patchAt(s.groups, g, { owners: s.groups[g]!.owners - 1 }) }),
      };
    },
    (s, o) => s.groups[homeOf(s, o)]!.owners > 1,
  ),
  ...releasing<ReleaseDevice>('release_device', homeOf),
];

export const ownerClaimed: readonly Rule<OwnerClaimed>[] = [
  refuse(
    'ENODEV',
    { id: 'owner_claimed/no-group', says: 'A group that does not exist cannot be asked.', cite: [ours] },
    (s, o) => !groupLives(s, o.group),
  ),
  ending(
    {
      id: 'owner_claimed/told',
      says: 'The answer is yes while anything is counted, a bound kernel driver as well; it is for display.',
      cite: [cite('linux', 'iommu_group_dma_owner_claimed')],
    },
    (s, o) => ({ outcome: { is: 'ok', yes: s.groups[o.group]!.owners > 0 }, state: s }),
  ),
];
