// Who hands out PASIDs, and when can one be used again?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { dropNumber, inUse, isTaken, nextNumber, takeNumber } from '../numbers.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';
import { inGroup, OK, ours, type Rule, WARNED } from './checks.js';

type Alloc = Extract<Op, { op: 'pasid_alloc' }>;
type Free = Extract<Op, { op: 'pasid_free' }>;

const ALLOC = cite('linux', 'iommu_alloc_global_pasid');
const FREE = cite('linux', 'iommu_free_global_pasid');

const nobody = <O>(op: string): Rule<O> =>
  refuse(
    'EOPNOTSUPP',
    {
      id: `${op}/nobody-allocates`,
      says: 'Where the device driver chooses, nobody hands out numbers (policy pasid-allocator=device-driver).',
      cite: [cite('mail-2021', '"it doesn\'t even really matter *who* allocates them"')],
      status: 'disputed',
    },
    (_, __, p) => p['pasid-allocator'] === 'device-driver',
  );

export const pasidAlloc: readonly Rule<Alloc>[] = [
  inGroup('pasid_alloc', ALLOC),
  nobody('pasid_alloc'),
  refuse(
    'ENOSPC',
    {
      id: 'pasid_alloc/none-left',
      says: 'A device without PASIDs, or whose numbers are all taken, gets none (IOMMU_PASID_INVALID).',
      cite: [ALLOC],
    },
    (s, o, p) => nextNumber(s, o.device, p) === 0,
  ),
  refuse(
    'ENOSPC',
    {
      id: 'pasid_alloc/no-memory',
      says: 'A number needs memory to be written down, which may not be had; the caller cannot tell this from a space that is full.',
      cite: [cite('linux', 'iommu_alloc_global_pasid: ida_alloc_range')],
    },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'pasid_alloc/given',
      says: 'The lowest number from 1 is given that the device has and nobody was given before.',
      cite: [ALLOC],
    },
    (s, o, p) => {
      const pasid = nextNumber(s, o.device, p);
      return { outcome: { is: 'ok', pasid }, state: takeNumber(s, o.device, pasid, p) };
    },
  ),
];

/** Is the number attached, on any device whose numbers come from the same space? */
const attached = (s: State, o: Free, p: PolicyValues): boolean => {
  if (p['pasid-allocator'] !== 'core-global') return inUse(s, o.device, o.pasid);
  const { pasidSpan } = s.machine;
  const isIt = (found: boolean, _: unknown, key: number): boolean => found || key % pasidSpan === o.pasid;
  return (
    s.entries.reduce(isIt, false) || s.programmed.reduce(isIt, false) || s.mms.some(m => m.pasid === o.pasid)
  );
};

export const pasidFree: readonly Rule<Free>[] = [
  refuse(
    'ENODEV',
    { id: 'pasid_free/no-device', says: 'A device that does not exist has no numbers.', cite: [ours] },
    (s, o) => s.devices[o.device] === undefined,
  ),
  nobody('pasid_free'),
  ending(
    {
      id: 'pasid_free/not-given',
      says: 'The kernel complains of a number that was not given, and nothing changes.',
      cite: [FREE, cite('linux', 'ida_free')],
    },
    s => ({ outcome: WARNED, state: s }),
    (s, o, p) => o.pasid >= s.machine.pasidSpan || !isTaken(s, o.device, o.pasid, p),
  ),
  refuse(
    'EBUSY',
    {
      id: 'pasid_free/still-used',
      says: 'A number is not given back while something is attached under it, or an address space has it.',
      cite: [FREE, ours],
    },
    attached,
  ),
  ending({ id: 'pasid_free/freed', says: 'The number can be given again.', cite: [FREE] }, (s, o, p) => ({
    outcome: OK,
    state: dropNumber(s, o.device, o.pasid, p),
  })),
];
