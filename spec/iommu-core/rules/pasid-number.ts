// Who allocates PASIDs, and when can one be used again? And who finds the handle of an attach?
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { groupLives } from '../state/group.js';
import { dropNumber, inUse, isTaken, nextNumber, takeNumber } from '../state/pasid-number.js';
import { type Ref, type State, SVA } from '../state.js';
import {
  at,
  chapterOf,
  done,
  inGroup,
  OK,
  OURS,
  operation,
  ours,
  type Rule,
  type The,
  warned,
} from './chapter.js';

const FREE = cite('linux-6.12-7.2', 'iommu_free_global_pasid');

const nobody = <O>(op: string): Rule<O> =>
  chapterOf<O>(op, cite('mail-2021', '"it doesn\'t even really matter *who* allocates them"')).must(
    'nobody-allocates',
    'EOPNOTSUPP',
    'The device driver chooses the PASIDs of its device (policy pasid-allocator=device-driver).',
    (_, __, p) => p['pasid-allocator'] === 'device-driver',
    { status: 'disputed' },
  );

const alloc = operation('pasid_alloc', cite('linux-6.12-7.2', 'iommu_alloc_global_pasid'));

export const pasidAlloc: readonly Rule<The<'pasid_alloc'>>[] = [
  inGroup(alloc),
  nobody('pasid_alloc'),
  alloc.must(
    'none-left',
    'ENOSPC',
    'The device has no PASIDs, or all are taken (IOMMU_PASID_INVALID).',
    (s, o, p) => nextNumber(s, o.device, p) === 0,
  ),
  alloc.may(
    'no-memory',
    'ENOSPC',
    'There is no memory for the allocation, which the caller cannot tell from PASIDs that are all taken.',
    undefined,
    at(cite('linux-6.12-7.2', 'iommu_alloc_global_pasid: ida_alloc_range')),
  ),
  alloc.ends(
    'given',
    'The lowest PASID from 1 is given that the device has and that is not taken.',
    (s, o, p) => {
      const pasid = nextNumber(s, o.device, p);
      return { outcome: { is: 'ok', pasid }, state: takeNumber(s, o.device, pasid, p) };
    },
  ),
];

/** Is the number attached, on any device whose numbers come from the same space? */
const attached = (s: State, o: The<'pasid_free'>, p: PolicyValues): boolean => {
  if (p['pasid-allocator'] !== 'core-global') return inUse(s, o.device, o.pasid);
  const { pasidSpan } = s.machine;
  const isIt = (found: boolean, _: unknown, key: number): boolean => found || key % pasidSpan === o.pasid;
  return (
    s.pasidTable.reduce(isIt, false) ||
    s.programmed.reduce(isIt, false) ||
    s.mms.some(m => m.pasid === o.pasid)
  );
};

const free = operation('pasid_free', FREE);

export const pasidFree: readonly Rule<The<'pasid_free'>>[] = [
  free.must(
    'no-device',
    'ENODEV',
    'The device does not exist.',
    (s, o) => s.devices[o.device] === undefined,
    OURS,
  ),
  nobody('pasid_free'),
  free.ends(
    'not-given',
    'The PASID was not allocated: the kernel warns, and nothing changes.',
    s => warned(s),
    (s, o, p) => o.pasid >= s.machine.pasidSpan || !isTaken(s, o.device, o.pasid, p),
    at(FREE, cite('linux-6.12-7.2', 'ida_free')),
  ),
  free.must(
    'still-used',
    'EBUSY',
    'Something is attached under the PASID, or it belongs to an address space.',
    attached,
    at(FREE, ours),
  ),
  free.ends('freed', 'The PASID can be allocated again.', (s, o, p) =>
    done(dropNumber(s, o.device, o.pasid, p)),
  ),
];

const keyOf = (s: State, o: The<'handle_get'>): number =>
  o.pasid < s.machine.pasidSpan ? o.group * s.machine.pasidSpan + o.pasid : -1;

/** What kind of domain an entry is for, as far as a caller may ask. */
const kindOf = (domain: Ref): 'paging' | 'sva' | 'other' =>
  domain >= 0 ? 'paging' : domain <= SVA ? 'sva' : 'other';

const get = operation('handle_get', cite('linux-6.12-7.2', 'iommu_attach_handle_get'));

export const handleGet: readonly Rule<The<'handle_get'>>[] = [
  get.must('no-group', 'ENODEV', 'The group does not exist.', (s, o) => !groupLives(s, o.group), OURS),
  get.must(
    'none',
    'ENOENT',
    'Nothing is attached under the PASID, or it was attached without a handle.',
    (s, o) => s.pasidTable.get(keyOf(s, o)).handle === -1,
  ),
  get.must(
    'other-kind',
    'EBUSY',
    'The handle is of another kind of domain than asked for.',
    (s, o) => o.kind !== null && kindOf(s.pasidTable.get(keyOf(s, o)).domain) !== o.kind,
  ),
  get.ends(
    'found',
    'The handle is that of the last attach or replace; that of an SVA bond has no name.',
    (s, o) => {
      const { handle } = s.pasidTable.get(keyOf(s, o));
      return { outcome: handle < 0 ? OK : { is: 'ok', handle }, state: s };
    },
  ),
];
