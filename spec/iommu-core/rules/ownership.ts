// Who may take a group away from the kernel's DMA?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { IN_61, SINCE_612 } from '../releases.js';
import { type Change, setDomain } from '../set-domain.js';
import { groupOf, hasEntries, hasIommu, hasStaticBlocked, homeOf } from '../state/group.js';
import { BLOCKED, DEFAULT, type Group, NONE, type State } from '../state.js';
import {
  at,
  chapterOf,
  done,
  groupIn,
  hasGroup,
  hasMember,
  inGroup,
  OURS,
  operation,
  type Rule,
  type The,
} from './chapter.js';
import { setDomainFails } from './set-domain.js';
import { claimFails } from './set-domain-6-1.js';

type Claim = The<'claim_group'> | The<'claim_device'>;

const TAKE = cite('linux-6.12-7.2', '__iommu_take_dma_ownership');
const CLAIM_61 = cite('linux-6.1', 'iommu_group_claim_dma_owner');
const BLOCKING = cite('linux-6.12-7.2', '__iommu_group_alloc_blocking_domain');

export const withGroup = (s: State, g: number, now: Partial<Group>): State =>
  patch(s, { groups: patchAt(s.groups, g, now) });

/** Where a call has found or allocated the group's blocking domain, the group keeps it. */
export const withBlocking = (s: State, g: number): State =>
  s.groups[g]!.blocking ? s : withGroup(s, g, { blocking: true });

/** A clause for a group that has its blocking domain already. */
function afterBlocking<O extends Claim>(c: Rule<O>): Rule<O> {
  const found = (s: State, o: O): State => withBlocking(s, groupIn(s, o));
  return { ...c, when: (s, o, p) => c.when(found(s, o), o, p), then: (s, o, p) => c.then(found(s, o), o, p) };
}

/** Taking a group that nobody uses; Linux 6.1 can only claim whole groups. */
function taking<O extends Claim>(op: O['op']): readonly Rule<O>[] {
  const inOld = (...rules: readonly Rule<O>[]): readonly Rule<O>[] => (op === 'claim_group' ? rules : []);
  const TAKING = op === 'claim_group' ? at(TAKE, CLAIM_61) : at(TAKE);
  const { must, may, ends } = chapterOf<O>(op, TAKE);
  const toBlocking = (s: State, o: O): Change => ({ group: groupIn(s, o), to: BLOCKED });
  return [
    must(
      'attached',
      'EBUSY',
      'The group is not on its default domain, or a PASID of it is attached: whoever attached it must detach it first.',
      (s, o) => {
        const { domain } = s.groups[groupIn(s, o)]!;
        return (domain !== NONE && domain !== DEFAULT) || hasEntries(s, groupIn(s, o));
      },
      TAKING,
    ),
    may(
      'no-blocking-domain',
      'ENOMEM',
      'The driver has no static blocked domain, and the allocation of an empty paging domain fails.',
      (s, o) => !s.groups[groupIn(s, o)]!.blocking && !hasStaticBlocked(s, groupIn(s, o)),
      { ...at(BLOCKING), ...SINCE_612 },
    ),
    ...inOld(
      may(
        'no-blocking-memory',
        'EINVAL',
        'The driver allocates neither a blocking domain nor an empty paging one.',
        (s, o) => !s.groups[groupIn(s, o)]!.blocking,
        { ...at(cite('linux-6.1', '__iommu_group_alloc_blocking_domain')), ...IN_61 },
      ),
    ),
    ...setDomainFails<O>(
      op,
      toBlocking,
      'pasids-attached',
      'does-not-fit',
      'by-parts-rollback-fails',
      'assigned-by-parts',
    ).map(afterBlocking),
    ...inOld(...claimFails<O>(op, toBlocking).map(afterBlocking)),
    ends(
      'taken',
      'The group is on its blocking domain and belongs to the owner; in 6.1 also to nobody, who is counted.',
      (s, o, p) => {
        const g = groupIn(s, o);
        const now = setDomain(withBlocking(s, g), { group: g, to: BLOCKED }, p);
        return done(withGroup(now, g, { owner: o.owner ?? -1, owners: 1 }));
      },
      undefined,
      TAKING,
    ),
  ];
}

const noOwner = <O extends Claim>(op: O['op'], source: string): Rule<O> =>
  chapterOf<O>(op, cite('linux-6.12-7.2', source)).must(
    'no-owner',
    'EINVAL',
    'No owner is given.',
    (_, o) => o.owner === null,
    { warned: true, ...SINCE_612 },
  );

/** A mediated device's group has no driver that could block it. */
const withIommu = <O extends Claim>(op: O['op']): Rule<O> =>
  chapterOf<O>(op).must(
    'no-iommu',
    'ENODEV',
    'The devices of the group are behind no IOMMU.',
    (s, o) => !hasIommu(s, groupIn(s, o)),
    OURS,
  );

const CLAIM_GROUP = operation('claim_group', cite('linux-6.1-7.2', 'iommu_group_claim_dma_owner'));

export const claimGroup: readonly Rule<The<'claim_group'>>[] = [
  noOwner('claim_group', 'iommu_group_claim_dma_owner'),
  hasGroup(CLAIM_GROUP),
  CLAIM_GROUP.must(
    'in-use',
    'EPERM',
    'The group has an owner, be it the same one, or a kernel driver is bound to a member.',
    (s, o) => s.groups[o.group]!.owners > 0,
  ),
  hasMember(CLAIM_GROUP),
  withIommu('claim_group'),
  ...taking<The<'claim_group'>>('claim_group'),
];

const CLAIM_DEVICE = operation('claim_device', cite('linux-6.12-7.2', 'iommu_device_claim_dma_owner'));

export const claimDevice: readonly Rule<The<'claim_device'>>[] = [
  noOwner('claim_device', 'iommu_device_claim_dma_owner'),
  inGroup(CLAIM_DEVICE),
  CLAIM_DEVICE.must(
    'other-owner',
    'EPERM',
    'Somebody else owns the group, or a kernel driver uses it.',
    (s, o) => groupOf(s, o.device).owners > 0 && groupOf(s, o.device).owner !== o.owner,
  ),
  CLAIM_DEVICE.ends(
    'shared',
    'The same owner claims another device of the group, and each claim counts.',
    (s, o) => done(withGroup(s, homeOf(s, o), { owners: groupOf(s, o.device).owners + 1 })),
    (s, o) => groupOf(s, o.device).owners > 0,
  ),
  withIommu('claim_device'),
  ...taking<The<'claim_device'>>('claim_device'),
];
