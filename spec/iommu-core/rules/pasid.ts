// How is a domain attached to a PASID of a device's group?
import { patch } from '../../kit/record.js';
import { type Citation, cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { IN_612 } from '../releases.js';
import { type Failure, failuresOf } from '../set-domain.js';
import { entryRef, fits, formed, type Named, ofDriver } from '../state/domain.js';
import { homeOf, instanceOf, membersOf } from '../state/group.js';
import { entryDomain, isProgrammed, programmable, programmed, withEntry } from '../state/pasid.js';
import { BLOCKED, NONE, type Ref, type State } from '../state.js';
import { at, chapterOf, done, hasDomain, inGroup, operation, type Rule, type The } from './chapter.js';

export interface OnPasid {
  readonly device: number;
  readonly pasid: number;
}
export interface WithDomain extends OnPasid {
  readonly domain: Named;
  readonly handle: number | null;
}

const ATTACH = cite('linux-7.2', 'iommu_attach_device_pasid');
export const SET = at(cite('linux-7.2', '__iommu_set_group_pasid'));

export const refFor = (s: State, o: WithDomain): Ref => entryRef(s, homeOf(s, o), o.domain);
export const current = (s: State, o: OnPasid): Ref => entryDomain(s, homeOf(s, o), o.pasid);
export const members = (s: State, o: OnPasid): readonly number[] => programmable(s, homeOf(s, o));

/** Can PASIDs of this group be attached at all: does the driver know how to, and how to block them again? */
export const canSetPasids = (s: State, g: number, { release }: PolicyValues): boolean => {
  const instance = instanceOf(s, g);
  return instance !== undefined && instance.pasids > 1 && (instance.blocked || release === 'linux-6.12');
};

/** Is any member in a reset? */
export const inReset = (s: State, g: number): boolean =>
  membersOf(s, g).some(at => s.devices[at]!.resets > 0);

/** Does some member that knows PASIDs not have this one? The widest have 20 bits. */
export const tooLarge = (s: State, g: number, pasid: number): boolean =>
  pasid >= s.machine.pasidSpan ||
  membersOf(s, g).some(at => s.devices[at]!.pasids > 0 && pasid >= s.devices[at]!.pasids);

/** The ways in which a change from one domain of a PASID to another fails. The static blocked domain never does. */
export const pasidFailures = (steps: number, from: Ref, to: Ref): readonly Failure[] =>
  failuresOf(
    Array.from({ length: steps }, () => ({
      mayFail: to !== BLOCKED,
      mayFailBack: from !== BLOCKED && from !== NONE,
    })),
  );

export const common = <O extends WithDomain>(op: string, cited: Citation): readonly Rule<O>[] => {
  const part = chapterOf<O>(op, cited);
  return [
    inGroup(part),
    hasDomain(part),
    part.must(
      'no-pasids',
      'EOPNOTSUPP',
      'The driver cannot attach a PASID, or, but for 6.12, cannot block it again.',
      (s, o, p) => !canSetPasids(s, homeOf(s, o), p),
    ),
    part.must(
      'foreign-domain',
      'EINVAL',
      "The domain must belong to the group's IOMMU driver.",
      (s, o) => !ofDriver(s, instanceOf(s, homeOf(s, o))!, refFor(s, o)),
    ),
    part.must(
      'pasid-zero',
      'EINVAL',
      'PASID 0 is the requester id itself.',
      (_, o) => o.pasid === 0,
      at(cited, cite('linux-6.12-7.2', 'IOMMU_NO_PASID')),
    ),
  ];
};

export const notInReset = <O extends OnPasid>(op: string): Rule<O> =>
  chapterOf<O>(op, cite('linux-7.2', 'iommu_attach_device_pasid: recovery_cnt')).must(
    'reset-in-progress',
    'EBUSY',
    'A member of the group is being reset.',
    (s, o) => inReset(s, homeOf(s, o)),
  );

export const misfit = <O extends WithDomain>(op: string, changes: (s: State, o: O) => boolean): Rule<O> =>
  chapterOf<O>(op).must(
    'does-not-fit',
    'EINVAL',
    'The IOMMU instance cannot translate by the domain: its driver refuses.',
    (s, o) =>
      changes(s, o) && members(s, o).length > 0 && !fits(s, instanceOf(s, homeOf(s, o))!, refFor(s, o)),
    SET,
  );

/** Every member that knows PASIDs is attached; a domain of a bus takes its format. */
export const attached = (s: State, o: WithDomain): State => {
  const domains = formed(s, refFor(s, o), s.devices[o.device]!.instance);
  return programmed(patch(s, { domains }), members(s, o), o.pasid, refFor(s, o));
};

const attach = operation('attach_pasid', ATTACH);

/** Has a member this PASID programmed for an aux domain? */
const fresh = (s: State, o: OnPasid): boolean =>
  current(s, o) === NONE && !isProgrammed(s, membersOf(s, homeOf(s, o)), o.pasid);

export const attachPasid: readonly Rule<The<'attach_pasid'>>[] = [
  ...common<The<'attach_pasid'>>('attach_pasid', ATTACH),
  attach.must(
    'static-domain',
    'EINVAL',
    'The domain is a static one, which has no owner, and is refused like that of another driver.',
    (_, o) => typeof o.domain !== 'number',
    {
      ...at(cite('linux-6.12', 'iommu_attach_device_pasid: dev_iommu_ops(dev) != domain->owner')),
      ...IN_612,
    },
  ),
  notInReset('attach_pasid'),
  attach.must('too-large', 'EINVAL', 'A member that knows PASIDs does not have this one.', (s, o) =>
    tooLarge(s, homeOf(s, o), o.pasid),
  ),
  attach.must('attached', 'EBUSY', 'The PASID of the group is attached already.', (s, o) => !fresh(s, o)),
  attach.may('no-memory', 'ENOMEM', 'There is no memory to reserve the PASID table entry.'),
  misfit('attach_pasid', () => true),
  attach.mayLeave(
    'attach-fails',
    'ENOMEM',
    'The driver fails for a member: the PASID of the members before it is blocked again, and there is no PASID table entry.',
    (s, o) => pasidFailures(members(s, o).length, NONE, refFor(s, o)).map(() => s),
    undefined,
    SET,
  ),
  attach.ends(
    'attached-everywhere',
    'Every member that knows PASIDs is attached, and only then the handle can be found. Other members are skipped, even if these are all.',
    (s, o) => done(withEntry(attached(s, o), homeOf(s, o), o.pasid, refFor(s, o), o.handle ?? -1)),
  ),
];
