// How is a domain attached to a device or a group, and how is it replaced?
import { type Citation, cite } from '../../law/sources.js';
import { IN_61, IN_72, IN_612, SINCE_612 } from '../releases.js';
import { setDomain } from '../set-domain.js';
import { entryRef, type Named, ofDriver } from '../state/domain.js';
import { hasIommu, homeOf, instanceOf, membersOf, onCoreDomain } from '../state/group.js';
import { withEntry } from '../state/pasid.js';
import type { State } from '../state.js';
import {
  at,
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
import { attachFails } from './set-domain-6-1.js';

type Done<O> = (s: State, o: O) => State;
const asIs = (s: State): State => s;

const ATTACH = cite('linux-6.12-7.2', '__iommu_attach_group');
const ATTACH_61_TO_72 = cite('linux-6.1-7.2', '__iommu_attach_group');

/** What an attach asks before it changes the group's domain, and how it ends. */
function attaching<O extends (OnDevice | OnGroup) & { readonly domain: Named }>(
  op: string,
  cited: Citation,
  after: Done<O> = asIs,
  ...never: readonly BadEnding[]
): readonly Rule<O>[] {
  const { must, ends } = chapterOf<O>(op, ATTACH);
  const isNew = op === 'attach_handle';
  return [
    must(
      'taken',
      'EBUSY',
      'The group is on a domain that somebody attached: neither its default nor its blocking domain.',
      (s, o) => !onCoreDomain(s, groupIn(s, o)),
      isNew ? {} : at(ATTACH_61_TO_72),
    ),
    must(
      'foreign-domain',
      'EINVAL',
      "The domain must belong to the group's IOMMU driver, or be one of its static domains.",
      (s, o) => {
        const instance = instanceOf(s, groupIn(s, o));
        return instance === undefined || !ofDriver(s, instance, toNamed(s, o).to);
      },
      { ...at(cite('linux-7.2', '__iommu_attach_group: domain_iommu_ops_compatible')), ...SINCE_612 },
    ),
    must(
      'static-domain',
      'EINVAL',
      'The domain is a static one, which has no owner, and is refused like that of another driver.',
      (_, o) => typeof o.domain !== 'number',
      { ...at(cite('linux-6.12', '__iommu_attach_group: dev_iommu_ops(dev) != domain->owner')), ...IN_612 },
    ),
    ...setDomainFails<O>(op, toNamed, ...never),
    ...(isNew ? [] : [withoutIommu<O>(op), ...attachFails<O>(op, toNamed)]),
    ends(
      'attached',
      'Every member of the group is on the domain.',
      (s, o, p) => done(after(setDomain(s, toNamed(s, o), p), o)),
      undefined,
      at(cited),
    ),
  ];
}

/** A domain of 6.1 belongs to nobody in particular, and its driver would look for a device's data in vain. */
const withoutIommu = <O extends OnDevice | OnGroup>(op: string): Rule<O> =>
  chapterOf<O>(op).must(
    'no-iommu',
    'EINVAL',
    'The devices of the group are behind no IOMMU.',
    (s, o) => membersOf(s, groupIn(s, o)).length > 0 && !hasIommu(s, groupIn(s, o)),
    { ...OURS, ...IN_61 },
  );

const ATTACH_DEVICE = cite('linux-6.1-7.2', 'iommu_attach_device');
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
  { ...hasMember(BY_GROUP), ...SINCE_612 },
  { ...hasGroup(BY_GROUP), ...IN_61 },
  hasDomain(BY_GROUP),
  ...attaching<The<'attach_group'>>('attach_group', cite('linux-6.1-7.2', 'iommu_attach_group')),
];

/** The handle of the requester id is kept under PASID 0. */
export const hasHandle = (s: State, o: OnGroup): boolean => s.pasidTable.has(o.group * s.machine.pasidSpan);
export const withHandle = (
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
