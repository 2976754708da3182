// Which checks do all calls on a PASID have in common?
import { patch } from '../../kit/record.js';
import { refuse } from '../../law/clause.js';
import { type Citation, cite } from '../../law/sources.js';
import { fits, instanceOf, membersOf, type Named, ofDriver, writtenRef } from '../groups.js';
import { programmable } from '../pasids.js';
import { BLOCKED, type Ref, type State } from '../state.js';
import { hasDomain, inGroup, type Rule } from './checks.js';

export interface OnPasid {
  readonly device: number;
  readonly pasid: number;
}
export interface WithDomain extends OnPasid {
  readonly domain: Named;
}

export const SET = cite('linux-7', '__iommu_set_group_pasid');

export const homeOf = (s: State, o: OnPasid): number => s.devices[o.device]!.home;
export const refFor = (s: State, o: WithDomain) => writtenRef(s, homeOf(s, o), o.domain);

/** Can PASIDs of this group be attached at all: does the driver know how to, and how to block them again? */
export const canSetPasids = (s: State, g: number): boolean => {
  const instance = instanceOf(s, g);
  return instance !== undefined && instance.pasids > 1 && instance.blocked;
};

/** The members that the driver may fail to attach a PASID of to this domain: the static blocked one never fails. */
export const mayFail = (members: readonly number[], to: Ref): readonly number[] =>
  to === BLOCKED ? [] : members;

/** Is any member in a reset? */
export const inReset = (s: State, g: number): boolean =>
  membersOf(s, g).some(at => s.devices[at]!.resets > 0);

/** Does some member that knows PASIDs not have this one? The widest have 20 bits. */
export const tooLarge = (s: State, g: number, pasid: number): boolean =>
  pasid >= s.machine.pasidSpan ||
  membersOf(s, g).some(at => s.devices[at]!.pasids > 0 && pasid >= s.devices[at]!.pasids);

export const common = <O extends WithDomain>(op: string, cited: Citation): readonly Rule<O>[] => [
  inGroup<O>(op, cited),
  hasDomain<O>(op, homeOf, o => o.domain),
  refuse(
    'EOPNOTSUPP',
    {
      id: `${op}/no-pasids`,
      says: 'A driver that cannot attach a PASID, or cannot block it again, is not asked.',
      cite: [cited],
    },
    (s, o) => !canSetPasids(s, homeOf(s, o)),
  ),
  refuse(
    'EINVAL',
    { id: `${op}/foreign-domain`, says: 'A domain of another driver does not do.', cite: [cited] },
    (s, o) => !ofDriver(s, instanceOf(s, homeOf(s, o))!, refFor(s, o)),
  ),
  refuse(
    'EINVAL',
    {
      id: `${op}/pasid-zero`,
      says: 'PASID 0 is the requester id itself, and is attached as such.',
      cite: [cited, cite('linux', 'IOMMU_NO_PASID')],
    },
    (_, o) => o.pasid === 0,
  ),
];

export const notInReset = <O extends OnPasid>(op: string): Rule<O> =>
  refuse(
    'EBUSY',
    {
      id: `${op}/reset-in-progress`,
      says: 'While a member is reset, no PASID of the group is attached or exchanged.',
      cite: [cite('linux-7', 'iommu_attach_device_pasid: resetting_domain')],
    },
    (s, o) => inReset(s, homeOf(s, o)),
  );

export const misfit = <O extends WithDomain>(op: string, changes: (s: State, o: O) => boolean): Rule<O> =>
  refuse(
    'EINVAL',
    {
      id: `${op}/does-not-fit`,
      says: 'A domain that the instance cannot translate by is refused by its driver.',
      cite: [SET],
    },
    (s, o) =>
      changes(s, o) &&
      programmable(s, homeOf(s, o)).length > 0 &&
      !fits(s, instanceOf(s, homeOf(s, o))!, refFor(s, o)),
  );

/** A domain allocated for a bus takes the format of the instance that it is first attached to. */
export const formed = (s: State, o: WithDomain): State => {
  if (typeof o.domain !== 'number' || s.domains.get(o.domain).kind !== 'unset') return s;
  const row = patch(s.domains.get(o.domain), { kind: 'paging', instance: s.devices[o.device]!.instance });
  return patch(s, { domains: s.domains.set(o.domain, row) });
};
