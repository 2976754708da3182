// Who may take a group away from the kernel's DMA?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { blocksAlways, hasEntries } from '../groups.js';
import { BLOCKED, DEFAULT, NONE, type Op, type State } from '../state.js';
import { changed } from '../transition.js';
import { type Asks, changing } from './changing.js';
import { hasGroup, hasMember, inGroup, OK, ours, type Rule } from './checks.js';

type ClaimGroup = Extract<Op, { op: 'claim_group' }>;
type ClaimDevice = Extract<Op, { op: 'claim_device' }>;

const TAKE = cite('linux', '__iommu_take_dma_ownership');

type Home<O> = (s: State, o: O) => number;

const noOwner = <O extends ClaimGroup | ClaimDevice>(op: string): Rule<O> =>
  refuse(
    'EINVAL',
    {
      id: `${op}/no-owner`,
      says: 'An owner must be somebody.',
      cite: [cite('linux', `iommu_${op === 'claim_group' ? 'group' : 'device'}_claim_dma_owner`)],
    },
    (_, o) => o.owner === null,
  );

/** Blocking is no user's domain, fits everywhere, and is not asked for while a PASID is attached. */
const NEVER = ['pasids-attached', 'does-not-fit', 'by-parts-rollback-fails', 'assigned-by-parts'];

/** Taking a group that nobody uses: what can stand in the way, and what it then is. */
const taking = <O extends ClaimGroup | ClaimDevice>(op: string, home: Home<O>): readonly Rule<O>[] => {
  const asks: Asks<O> = (s, o) => ({ group: home(s, o), to: BLOCKED });
  return [
    refuse(
      'EBUSY',
      {
        id: `${op}/attached`,
        says: 'A group is only taken from its default domain, and without a PASID attached: whoever attached something must detach it first.',
        cite: [TAKE],
      },
      (s, o) => {
        const { domain } = s.groups[home(s, o)]!;
        return (domain !== NONE && domain !== DEFAULT) || hasEntries(s, home(s, o));
      },
    ),
    refuse(
      'ENOMEM',
      {
        id: `${op}/no-blocking-domain`,
        says: 'Where the driver has no static blocked domain, an empty paging domain is allocated once, which may fail.',
        cite: [cite('linux', '__iommu_group_alloc_blocking_domain')],
      },
      (s, o) => !s.groups[home(s, o)]!.blocking && !blocksAlways(s, home(s, o)),
      'may',
    ),
    ...changing<O>(op, asks, NEVER).map(c => keepsBlocking(c, home)),
    ending(
      {
        id: `${op}/taken`,
        says: 'The group is on its blocking domain and belongs to the owner.',
        cite: [TAKE],
      },
      (s, o, p) => {
        const g = home(s, o);
        const found = withBlocking(s, g);
        const now = changed(found, { group: g, to: BLOCKED }, p);
        return {
          outcome: OK,
          state: patch(now, { groups: patchAt(now.groups, g, { owner: o.owner!, owners: 1 }) }),
        };
      },
    ),
  ];
};

const withBlocking = (s: State, g: number): State =>
  s.groups[g]!.blocking ? s : patch(s, { groups: patchAt(s.groups, g, { blocking: true }) });

/** A claim that fails half way has found or allocated the group's blocking domain all the same. */
function keepsBlocking<O>(c: Rule<O>, home: Home<O>): Rule<O> {
  return {
    ...c,
    when: (s, o, p) => c.when(withBlocking(s, home(s, o)), o, p),
    then: (s, o, p) => c.then(withBlocking(s, home(s, o)), o, p),
  };
}

export const claimGroup: readonly Rule<ClaimGroup>[] = [
  noOwner('claim_group'),
  hasGroup('claim_group'),
  refuse(
    'EPERM',
    {
      id: 'claim_group/in-use',
      says: 'A group that has an owner, also the same one, or a kernel driver bound is not claimed.',
      cite: [cite('linux', 'iommu_group_claim_dma_owner')],
    },
    (s, o) => s.groups[o.group]!.owners > 0,
  ),
  hasMember('claim_group'),
  ...withIommu<ClaimGroup>('claim_group', (_, o) => o.group),
  ...taking<ClaimGroup>('claim_group', (_, o) => o.group),
];

/** A mediated device's group has no driver that could block it. */
function withIommu<O>(op: string, home: Home<O>): readonly Rule<O>[] {
  return [
    refuse(
      'ENODEV',
      {
        id: `${op}/no-iommu`,
        says: 'A group of a device that no IOMMU sees has nothing to be taken from.',
        cite: [ours],
      },
      (s, o) => s.devices.every(d => d.home !== home(s, o) || !d.member || d.instance < 0),
    ),
  ];
}

const homeOf: Home<ClaimDevice> = (s, o) => s.devices[o.device]!.home;
const CLAIM_DEVICE = cite('linux', 'iommu_device_claim_dma_owner');

export const claimDevice: readonly Rule<ClaimDevice>[] = [
  noOwner('claim_device'),
  inGroup('claim_device', CLAIM_DEVICE),
  ...withIommu<ClaimDevice>('claim_device', homeOf),
  refuse(
    'EPERM',
    {
      id: 'claim_device/other-owner',
      says: 'A group that somebody else owns, or a kernel driver uses, is not claimed.',
      cite: [CLAIM_DEVICE],
    },
    (s, o) => s.groups[homeOf(s, o)]!.owners > 0 && s.groups[homeOf(s, o)]!.owner !== o.owner,
  ),
  ending(
    {
      id: 'claim_device/shared',
      says: 'Devices of one group are claimed one by one by the same owner, and each claim counts.',
      cite: [CLAIM_DEVICE],
    },
    (s, o) => {
      const g = homeOf(s, o);
      return {
        outcome: OK,
        state: patch(s, { groups: patchAt(s.groups, g, { owners: s.groups[g]!.owners + 1 }) }),
      };
    },
    (s, o) => s.groups[homeOf(s, o)]!.owners > 0,
  ),
  ...taking<ClaimDevice>('claim_device', homeOf),
];
