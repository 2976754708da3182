// How is a domain attached to a device or a group, and how is it replaced?
import { type Citation, cite } from '../../law/sources.js';
import { IN_72, IN_612 } from '../releases.js';
import { setDomain } from '../set-domain.js';
import { entryRef, type Named, ofDriver } from '../state/domain.js';
import { hasIommu, homeOf, instanceOf, membersOf, onCoreDomain } from '../state/group.js';
import { withEntry } from '../state/pasid.js';
import { NONE, type State } from '../state.js';
import {
  at,
  type CoreChapter,
  chapterOf,
  done,
  groupIn,
  hasDomain,
  hasGroup,
  hasMember,
  inGroup,
  type OnDevice,
  type OnGroup,
  OURS,
  operation,
  type Rule,
  type The,
} from './chapter.js';
import { type BadEnding, setDomainFails, toNamed } from './set-domain.js';

type Done<O> = (s: State, o: O) => State;
const asIs = (s: State): State => s;

const ATTACH = cite('linux-6.12-7.2', '__iommu_attach_group');

/** What an attach asks before it changes the group's domain, and how it ends. */
function attaching<O extends (OnDevice | OnGroup) & { readonly domain: Named }>(
  op: string,
  cited: Citation,
  after: Done<O> = asIs,
  ...never: readonly BadEnding[]
): readonly Rule<O>[] {
  const { must, ends } = chapterOf<O>(op, ATTACH);
  return [
    must(
      'taken',
      'EBUSY',
      'The group is on a domain that somebody attached: neither its default nor its blocking domain.',
      (s, o) => !onCoreDomain(s, groupIn(s, o)),
    ),
    must(
      'foreign-domain',
      'EINVAL',
      "The domain must belong to the group's IOMMU driver, or be one of its static domains.",
      (s, o) => {
        const instance = instanceOf(s, groupIn(s, o));
        return instance === undefined || !ofDriver(s, instance, toNamed(s, o).to);
      },
      at(cite('linux-7.2', '__iommu_attach_group: domain_iommu_ops_compatible')),
    ),
    must(
      'static-domain',
      'EINVAL',
      'The domain is a static one, which has no owner, and is refused like that of another driver.',
      (_, o) => typeof o.domain !== 'number',
      { ...at(cite('linux-6.12', '__iommu_attach_group: dev_iommu_ops(dev) != domain->owner')), ...IN_612 },
    ),
    ...setDomainFails<O>(op, toNamed, ...never),
    ends(
      'attached',
      'Every member of the group is on the domain.',
      (s, o, p) => done(after(setDomain(s, toNamed(s, o), p), o)),
      undefined,
      at(cited),
    ),
  ];
}

const ATTACH_DEVICE = cite('linux-6.12-7.2', 'iommu_attach_device');
const BY_DEVICE = operation('attach_device', ATTACH_DEVICE);

export const attachDevice: readonly Rule<The<'attach_device'>>[] = [
  inGroup(BY_DEVICE),
  hasDomain(BY_DEVICE),
  BY_DEVICE.must(
    'not-alone',
    'EINVAL',
    'The device shares its group with others.',
    (s, o) => membersOf(s, homeOf(s, o)).length !== 1,
  ),
  ...attaching<The<'attach_device'>>(
    'attach_device',
    ATTACH_DEVICE,
    asIs,
    'direct-map-rollback-fails',
    'by-parts-rollback-fails',
  ),
];

const BY_GROUP = operation('attach_group');

export const attachGroup: readonly Rule<The<'attach_group'>>[] = [
  hasMember(BY_GROUP),
  hasDomain(BY_GROUP),
  ...attaching<The<'attach_group'>>('attach_group', cite('linux-6.12-7.2', 'iommu_attach_group')),
];

/** The handle of the requester id is kept under PASID 0. */
export const hasHandle = (s: State, o: OnGroup): boolean => s.pasidTable.has(o.group * s.machine.pasidSpan);
const withHandle = (
  s: State,
  o: OnGroup & { readonly domain: Named | null; readonly handle: number | null },
): State => withEntry(s, o.group, 0, entryRef(s, o.group, o.domain!), o.handle ?? -1);

const HANDLE = cite('linux-6.12-7.2', 'iommu_attach_group_handle');
const WITH_HANDLE = operation('attach_handle', HANDLE);

export const attachHandle: readonly Rule<The<'attach_handle'>>[] = [
  WITH_HANDLE.must('no-handle', 'EINVAL', 'No handle is given.', (_, o) => o.handle === null, IN_72),
  hasGroup(WITH_HANDLE),
  hasDomain(WITH_HANDLE),
  WITH_HANDLE.may(
    'no-memory',
    'ENOMEM',
    'There is no memory to reserve the entry for the handle.',
    (s, o) => !hasHandle(s, o),
  ),
  WITH_HANDLE.must('handle-there', 'EBUSY', 'The group has a handle for its requester id.', hasHandle),
  hasMember(WITH_HANDLE),
  ...attaching<The<'attach_handle'>>('attach_handle', HANDLE, withHandle),
];

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
export const withoutHandle = (s: State, o: OnGroup): State =>
  hasHandle(s, o) ? withEntry(s, o.group, 0, NONE) : s;

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
