// How is the domain of a PASID exchanged, and how is it detached?
import { cite } from '../../law/sources.js';
import { homeOf } from '../state/group.js';
import { programmed, withEntry } from '../state/pasid.js';
import { NONE, type State, SVA } from '../state.js';
import { at, chapterOf, done, inGroup, OURS, operation, type Rule, type The } from './chapter.js';
import {
  attached,
  common,
  current,
  members,
  misfit,
  notInReset,
  type OnPasid,
  pasidFailures,
  refFor,
  SET,
  type WithDomain,
} from './pasid.js';

const REPLACE = cite('linux-7.2', 'iommu_replace_device_pasid');

const bond = <O extends OnPasid>(op: string): Rule<O> =>
  chapterOf<O>(op).must(
    'bond',
    'EBUSY',
    'The PASID belongs to an SVA bond, which is unbound.',
    (s, o) => current(s, o) <= SVA,
    OURS,
  );

const replace = operation('replace_pasid', REPLACE);

const exchanges = (s: State, o: WithDomain): boolean => current(s, o) !== refFor(s, o);

/** Every way in which the exchange fails, with or without a member that cannot go back. */
const replaceFailures = (s: State, o: WithDomain, lost: boolean): readonly State[] => {
  const called = exchanges(s, o) ? members(s, o) : [];
  return pasidFailures(called.length, current(s, o), refFor(s, o))
    .filter(f => f.lost >= 0 === lost)
    .map(f => {
      const back = programmed(s, called.slice(0, f.at), o.pasid, current(s, o));
      return lost ? programmed(back, [called[f.lost]!], o.pasid, NONE) : back;
    });
};

export const replacePasid: readonly Rule<The<'replace_pasid'>>[] = [
  ...common<The<'replace_pasid'>>('replace_pasid', REPLACE),
  replace.must('no-handle', 'EINVAL', 'No handle is given.', (_, o) => o.handle === null),
  notInReset('replace_pasid'),
  replace.may(
    'no-memory',
    'ENOMEM',
    'Nothing is attached, and there is no memory to reserve a PASID table entry, which is done before that is seen.',
    (s, o) => current(s, o) === NONE,
    at(cite('linux-7.2', 'iommu_replace_device_pasid: xa_cmpxchg')),
  ),
  replace.must('not-attached', 'EINVAL', 'The PASID is not attached.', (s, o) => current(s, o) === NONE),
  bond('replace_pasid'),
  replace.must(
    'same-handle',
    'EINVAL',
    'The handle is the old one, which somebody may be reading without a lock.',
    (s, o) => s.pasidTable.get(homeOf(s, o) * s.machine.pasidSpan + o.pasid).handle === o.handle,
    { warned: true },
  ),
  misfit('replace_pasid', exchanges),
  replace.mayLeave(
    'attach-fails',
    'ENOMEM',
    'The driver fails for a member: the members before it are attached to the old domain again, and the old PASID table entry stays.',
    (s, o) => replaceFailures(s, o, false),
    undefined,
    SET,
  ),
  replace.mayLeave(
    'rollback-fails',
    'ENOMEM',
    'In the rollback the driver fails to attach a member to the old domain: its PASID is blocked.',
    (s, o) => replaceFailures(s, o, true),
    undefined,
    { ...SET, warned: true },
  ),
  replace.ends(
    'replaced',
    'Every member is on the new domain and the handle is the new one; for the same domain only the handle changes.',
    (s, o) => {
      const now = exchanges(s, o) ? attached(s, o) : s;
      return done(withEntry(now, homeOf(s, o), o.pasid, refFor(s, o), o.handle!));
    },
  ),
];

const detach = operation(
  'detach_pasid',
  cite('linux-7.2', 'iommu_detach_device_pasid, __iommu_remove_group_pasid'),
);

export const detachPasid: readonly Rule<The<'detach_pasid'>>[] = [
  inGroup(detach),
  bond('detach_pasid'),
  detach.ends(
    'nothing',
    'Nothing is attached: nothing changes.',
    s => done(s),
    (s, o) => o.pasid === 0 || current(s, o) === NONE,
  ),
  detach.ends(
    'detached',
    'The PASID is blocked on every member that is not being reset, and its PASID table entry is removed.',
    (s, o) => done(withEntry(programmed(s, members(s, o), o.pasid, NONE), homeOf(s, o), o.pasid, NONE)),
  ),
];
