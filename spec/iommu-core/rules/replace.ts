// How is the domain of a group replaced?
import { cite } from '../../law/sources.js';
import { IN_72 } from '../releases.js';
import { setDomain } from '../set-domain.js';
import { hasIommu } from '../state/group.js';
import { withEntry } from '../state/pasid.js';
import { NONE, type State } from '../state.js';
import { hasHandle, withHandle } from './attach.js';
import {
  type CoreChapter,
  done,
  hasDomain,
  hasMember,
  type OnGroup,
  OURS,
  operation,
  type Rule,
  type The,
} from './chapter.js';
import { setDomainFails, toNamed } from './set-domain.js';

const REPLACE = cite('linux-6.12-7.2', 'iommu_replace_group_handle');
const DRAFT = cite('mail-2022', '"replace the domain of an iommu group for frameworks like vfio"');

type Replace = The<'replace_group'> | The<'replace_handle'>;

const noDomainGiven = <O extends Replace>({ must }: CoreChapter<O>): Rule<O> =>
  must('nothing-given', 'EINVAL', 'No domain is given.', (_, o) => o.domain === null);

const withIommu = <O extends Replace>({ must }: CoreChapter<O>): Rule<O> =>
  must('no-iommu', 'EINVAL', 'The group is behind no IOMMU.', (s, o) => !hasIommu(s, o.group), OURS);

const REPLACE_GROUP = operation('replace_group', DRAFT);

export const replaceGroup: readonly Rule<The<'replace_group'>>[] = [
  noDomainGiven(REPLACE_GROUP),
  hasMember(REPLACE_GROUP),
  hasDomain(REPLACE_GROUP),
  withIommu(REPLACE_GROUP),
  ...setDomainFails<The<'replace_group'>>('replace_group', toNamed),
  REPLACE_GROUP.ends(
    'replaced',
    'The group is on the new domain, whatever it was on before; no DMA is blocked for it.',
    (s, o, p) => done(setDomain(s, toNamed(s, o), p)),
  ),
];

/** The entry of the handle is gone. */
const withoutHandle = (s: State, o: OnGroup): State => (hasHandle(s, o) ? withEntry(s, o.group, 0, NONE) : s);

/** In 6.12 a replace that fails releases an entry that an attach without a handle has reserved. */
const losesReserved = (c: Rule<The<'replace_handle'>>): Rule<The<'replace_handle'>> => ({
  ...c,
  then: (s, o, p) => {
    const endings = [c.then(s, o, p)].flat();
    const reserved =
      p.release === 'linux-6.12' && s.pasidTable.get(o.group * s.machine.pasidSpan).handle === -1;
    return reserved ? endings.map(e => ({ ...e, state: withoutHandle(e.state, o) })) : endings;
  },
});

const REPLACE_HANDLE = operation('replace_handle', REPLACE);

export const replaceHandle: readonly Rule<The<'replace_handle'>>[] = [
  noDomainGiven(REPLACE_HANDLE),
  REPLACE_HANDLE.must('no-handle', 'EINVAL', 'No handle is given.', (_, o) => o.handle === null, IN_72),
  hasMember(REPLACE_HANDLE),
  hasDomain(REPLACE_HANDLE),
  withIommu(REPLACE_HANDLE),
  REPLACE_HANDLE.may(
    'no-memory',
    'ENOMEM',
    'There is no memory to reserve the entry for the handle.',
    (s, o) => o.handle !== null && !hasHandle(s, o),
  ),
  ...setDomainFails<The<'replace_handle'>>('replace_handle', toNamed).map(losesReserved),
  REPLACE_HANDLE.ends(
    'replaced',
    'The group is on the new domain, and its handle is the new one; in 6.12 it has none if none is given.',
    (s, o, p) => {
      const now = setDomain(s, toNamed(s, o), p);
      return done(o.handle === null ? withoutHandle(now, o) : withHandle(now, o));
    },
  ),
];
