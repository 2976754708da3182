// How do calls end that change the domain of a group, and may fail?
import type { Said } from '../../kit/chapter.js';
import type { Clause } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import type { Errno } from '../../protocol/errno.js';
import type { PolicyValues } from '../policies.js';
import { SINCE_612 } from '../releases.js';
import {
  type Change,
  type Failed,
  failures,
  frozen,
  isThere,
  type Reason,
  refusedByAll,
  resetHoldsMember,
} from '../set-domain.js';
import { fits, type Named, refOf } from '../state/domain.js';
import { instanceOf } from '../state/group.js';
import type { State } from '../state.js';
import {
  at,
  type CoreChapter,
  chapterOf,
  groupIn,
  type OnDevice,
  type OnGroup,
  refusalOf,
} from './chapter.js';

const SET = cite('linux-6.12-7.2', '__iommu_group_set_domain_internal, __iommu_device_set_domain');
const REVERT = cite('linux-6.12-7.2', '__iommu_group_set_domain_internal: err_revert');
const DIRECT = cite('linux-6.12-7.2', '__iommu_device_set_domain: require_direct');
/** Which domains a driver takes; AMD's refuses only for dirty tracking. */
export const FITS = cite(
  'linux-7.2',
  'paging_domain_compatible; arm_smmu_attach_dev: "smmu_domain->smmu != smmu"; amd_iommu_attach_device',
);
const AUX = cite('linux-5.10', 'intel_iommu_attach_device: is_aux_domain');

/** The change of domain that a call asks for. */
export type Asks<O> = (s: State, o: O) => Change;

export const toNamed = (s: State, o: (OnDevice | OnGroup) & { readonly domain: Named | null }): Change => {
  const group = groupIn(s, o);
  return { group, to: refOf(s, group, o.domain!) };
};

type Ends<O, E extends string> = { readonly [K in E]: Clause<State, O, PolicyValues> };

/** What stands in the way before any driver is called. */
function before<O>(
  op: string,
  asks: Asks<O>,
): Ends<O, 'reset-in-progress' | 'pasids-attached' | 'does-not-fit'> {
  const { must, mustLeave } = chapterOf<O>(op, SET);
  const moves = (s: State, o: O): boolean => !isThere(s, asks(s, o));
  return {
    'reset-in-progress': must(
      'reset-in-progress',
      'EBUSY',
      'A device of the group is being reset, and the change of domain might have to be rolled back.',
      (s, o) => moves(s, o) && resetHoldsMember(s, asks(s, o).group),
      at(cite('linux-7.2', '__iommu_group_set_domain_internal: recovery_cnt')),
    ),
    'pasids-attached': must(
      'pasids-attached',
      'EBUSY',
      'A PASID is attached, so the requester id keeps its domain (policy rid-while-pasid=frozen).',
      (s, o, p) => moves(s, o) && frozen(s, asks(s, o).group, p),
      { cite: [cite('mail-2021', '"it can still generate non-PASID traffic"')], status: 'disputed' },
    ),
    'does-not-fit': mustLeave(
      'does-not-fit',
      'EINVAL',
      "The domain was made for an instance that is wider or has other page sizes, or, with SMMUv3, for any other; AMD's driver takes every one.",
      (s, o, p) => [refusedByAll(s, asks(s, o), p)],
      (s, o) => {
        const c = asks(s, o);
        const instance = instanceOf(s, c.group);
        return moves(s, o) && instance !== undefined && !fits(s, instance, c.to);
      },
      at(FITS, cite('linux-6.12-7.2', 'iommu_attach_group: "EINVAL can be treated as a soft failure"'), SET),
    ),
  };
}

/** A failure that leaves something changed, and of which the kernel may warn. */
export function told<O>(
  leaves: CoreChapter<O>['mayLeave'],
  what: string,
  errno: Errno,
  says: string,
  endings: (s: State, o: O, p: PolicyValues) => readonly Failed[],
  said: Said,
): Clause<State, O, PolicyValues> {
  const states = (s: State, o: O, p: PolicyValues) => endings(s, o, p).map(e => e.state);
  return {
    ...leaves(what, errno, says, states, undefined, said),
    then: (s, o, p) =>
      endings(s, o, p).map(({ state, warned }) => ({
        outcome: refusalOf(errno, warned ? { warned } : {}),
        state,
      })),
  };
}

/** A clause for each reason why a member is not attached, with and without a member that cannot go back. */
const whileAttaching = <O>(op: string, asks: Asks<O>) => {
  const { mustLeave, mayLeave } = chapterOf<O>(op, SET);
  const failed = (why: Reason, lost: boolean) => (s: State, o: O, p: PolicyValues) =>
    failures(s, asks(s, o), p, why, lost);
  const lost = <W extends string>(
    what: W,
    errno: Errno,
    why: Reason,
    says: string,
    ...cited: readonly Citation[]
  ) => told(mayLeave, what, errno, says, failed(why, true), at(REVERT, ...cited));
  const refused = <W extends string>(what: W, errno: Errno, why: Reason, says: string, cited: Citation) =>
    told(mustLeave, what, errno, says, failed(why, false), at(cited));
  return {
    'attach-fails': told(
      mayLeave,
      'attach-fails',
      'ENOMEM',
      'The driver fails to attach a member; the members before it are attached to the old domain again, in 6.12 the member itself as well.',
      failed('driver', false),
      at(SET),
    ),
    'rollback-fails': lost(
      'rollback-fails',
      'ENOMEM',
      'driver',
      "In the rollback the driver fails to attach a member to the old domain. The member is attached to the blocking domain if the group has it; its domain differs from its group's.",
    ),
    'direct-map-rollback-fails': lost(
      'direct-map-rollback-fails',
      'EINVAL',
      'direct',
      "A member needs its direct map, and in the rollback the driver fails for a member before it, whose domain then differs from its group's.",
    ),
    'needs-direct-map': refused(
      'needs-direct-map',
      'EINVAL',
      'direct',
      'The domain is the blocking domain, and a member is known to need its direct map since a default domain was set up.',
      DIRECT,
    ),
    'by-parts-rollback-fails': lost(
      'by-parts-rollback-fails',
      'EPERM',
      'aux',
      "A member has its aux domains enabled, and in the rollback the driver fails for a member before it, whose domain then differs from its group's.",
      AUX,
    ),
    'assigned-by-parts': refused(
      'assigned-by-parts',
      'EPERM',
      'aux',
      'A member has its aux domains enabled: no domain of a user becomes its primary one.',
      AUX,
    ),
  };
};

/** How a change of domain that may fail ends badly. */
export type BadEnding = keyof (ReturnType<typeof before> & ReturnType<typeof whileAttaching>);

/** The clauses of `set_domain` for one operation in the order in which they are found out, but for those that cannot happen to it. */
export const setDomainFails = <O>(
  op: string,
  asks: Asks<O>,
  ...never: readonly BadEnding[]
): readonly Clause<State, O, PolicyValues>[] => {
  const clauses: Ends<O, BadEnding> = { ...before(op, asks), ...whileAttaching(op, asks) };
  const kept = (Object.keys(clauses) as BadEnding[]).filter(e => !never.includes(e));
  return kept.map(e => ({ ...clauses[e], ...SINCE_612 }));
};
