// How do calls end that change the domain of a group, and may fail?
import { refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { fits, instanceOf, type Named, refOf } from '../groups.js';
import type { State } from '../state.js';
import {
  type Change,
  doubleFailures,
  failedAt,
  failures,
  firstRefusing,
  frozen,
  isThere,
  type Refusal,
  refusal,
  refusedFailures,
  resetOfMember,
} from '../transition.js';
import { halfway, type Rule } from './halfway.js';

const SET = cite('linux', '__iommu_group_set_domain_internal, __iommu_device_set_domain');
const REVERT = cite('linux', '__iommu_group_set_domain_internal: err_revert');

/** Why a member refuses, where it does. */
const refusedFor = (s: State, c: Change, why: Refusal): boolean => !isThere(s, c) && refusal(s, c) === why;

/** The change of domain that a call asks for. */
export type Asks<O> = (s: State, o: O) => Change;

export const changeTo =
  <O>(groupOf: (s: State, o: O) => number, named: (o: O) => Named): Asks<O> =>
  (s, o) => {
    const group = groupOf(s, o);
    return { group, to: refOf(s, group, named(o)) };
  };

/**
 * How a change of domain that may fail ends badly, in the order in which it is found out. `never`: what
 * cannot happen to this operation.
 */
export const changing = <O>(op: string, asks: Asks<O>, never: readonly string[] = []): readonly Rule<O>[] =>
  endings(op, asks).filter(rule => !never.includes(rule.id.slice(op.length + 1)));

const endings = <O>(op: string, asks: Asks<O>): readonly Rule<O>[] => [
  refuse(
    'EBUSY',
    {
      id: `${op}/reset-in-progress`,
      says: 'While a device of the group is reset, no change of domain begins that might have to be taken back.',
      cite: [cite('linux-7', '__iommu_group_set_domain_internal: resetting_domain')],
    },
    (s, o) => !isThere(s, asks(s, o)) && resetOfMember(s, asks(s, o).group),
  ),
  refuse(
    'EBUSY',
    {
      id: `${op}/pasids-attached`,
      says: 'While a PASID is attached, the requester id keeps its domain (policy rid-while-pasid=frozen).',
      cite: [cite('mail-2021', '"it can still generate non-PASID traffic"')],
      status: 'disputed',
    },
    (s, o, p) => !isThere(s, asks(s, o)) && frozen(s, asks(s, o).group, p),
  ),
  halfway(
    'EINVAL',
    {
      id: `${op}/does-not-fit`,
      says: "A domain that the members' instance cannot translate by is refused by its driver; another domain may do.",
      cite: [cite('linux', 'iommu_attach_group: "EINVAL can be treated as a soft failure"'), SET],
    },
    (s, o, p) => [failedAt(s, asks(s, o), 0, p)],
    'must',
    (s, o) => {
      const c = asks(s, o);
      const instance = instanceOf(s, c.group);
      return !isThere(s, c) && instance !== undefined && !fits(s, instance, c.to);
    },
  ),
  halfway(
    'ENOMEM',
    {
      id: `${op}/attach-fails`,
      says: 'The driver may fail to attach a member; the members before it go back to the old domain.',
      cite: [SET],
    },
    (s, o, p) => failures(s, asks(s, o), p),
  ),
  halfway(
    'ENOMEM',
    {
      id: `${op}/rollback-fails`,
      says: 'The driver may even fail to attach a member to the old domain again, though it must not; that member is put on blocking if the group has it, and is astray.',
      cite: [REVERT],
    },
    (s, o, p) => doubleFailures(s, asks(s, o), p),
  ),
  halfway(
    'EINVAL',
    {
      id: `${op}/direct-map-rollback-fails`,
      says: 'Where a member needs its direct map, one before it may fail to be attached to the old domain again; the answer is the same, and that member is astray.',
      cite: [REVERT],
    },
    (s, o, p) => (refusedFor(s, asks(s, o), 'direct') ? refusedFailures(s, asks(s, o), p) : []),
  ),
  halfway(
    'EINVAL',
    {
      id: `${op}/needs-direct-map`,
      says: 'A device whose firmware needs a direct map is never blocked, so its group cannot be.',
      cite: [cite('linux', '__iommu_device_set_domain: require_direct')],
    },
    (s, o, p) => [failedAt(s, asks(s, o), firstRefusing(s, asks(s, o)), p)],
    'must',
    (s, o) => refusedFor(s, asks(s, o), 'direct'),
  ),
  halfway(
    'EPERM',
    {
      id: `${op}/by-parts-rollback-fails`,
      says: 'Where a member is assigned by parts, one before it may fail to be attached to the old domain again; the answer is the same, and that member is astray.',
      cite: [REVERT, cite('linux-5', 'intel_iommu_attach_device: is_aux_domain')],
    },
    (s, o, p) => (refusedFor(s, asks(s, o), 'aux') ? refusedFailures(s, asks(s, o), p) : []),
  ),
  halfway(
    'EPERM',
    {
      id: `${op}/assigned-by-parts`,
      says: 'A device with aux domains switched on is assigned by parts, and no paging domain of a user is its primary one.',
      cite: [cite('linux-5', 'intel_iommu_attach_device: is_aux_domain')],
    },
    (s, o, p) => [failedAt(s, asks(s, o), firstRefusing(s, asks(s, o)), p)],
    'must',
    (s, o) => refusedFor(s, asks(s, o), 'aux'),
  ),
];
