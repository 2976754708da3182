// How does a device share the address space of a process?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { nextNumber, takeForMm } from '../numbers.js';
import { noted, notedDomain, programmable, programmed } from '../pasids.js';
import type { PolicyValues } from '../policies.js';
import { NONE, type Op, type State, SVA } from '../state.js';
import { halfway, inGroup, ours, type Rule } from './checks.js';
import { canSetPasids, inReset, tooLarge } from './pasid-checks.js';

type Bind = Extract<Op, { op: 'sva_bind' }>;

const BIND = cite('linux', 'iommu_sva_bind_device');
const MM = cite('linux', 'iommu_alloc_mm_data');

const homeOf = (s: State, o: Bind): number => s.devices[o.device]!.home;
const bondOf = (s: State, o: Bind): number => o.mm * s.groups.length + homeOf(s, o);
/** The PASID of the address space, or the one that it would get; 0: there is none. */
const pasidFor = (s: State, o: Bind, p: PolicyValues): number =>
  s.mms[o.mm]!.pasid || nextNumber(s, o.device, p);

export const svaBind: readonly Rule<Bind>[] = [
  inGroup('sva_bind', BIND),
  refuse(
    'ENOENT',
    { id: 'sva_bind/no-process', says: 'An address space that is gone is shared with nobody.', cite: [ours] },
    (s, o) => !s.mms[o.mm]!.alive,
  ),
  refuse(
    'EOVERFLOW',
    {
      id: 'sva_bind/too-large',
      says: 'The PASID that the address space has must be one that the device has.',
      cite: [MM],
    },
    (s, o) => s.mms[o.mm]!.pasid >= Math.max(s.devices[o.device]!.pasids, 1),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'sva_bind/no-place',
      says: 'An address space without a PASID needs memory to keep one, which may not be had.',
      cite: [MM],
    },
    (s, o) => s.mms[o.mm]!.pasid === 0,
    'may',
  ),
  refuse(
    'ENOSPC',
    { id: 'sva_bind/none-left', says: 'An address space without a PASID needs a free one.', cite: [MM] },
    (s, o, p) => pasidFor(s, o, p) === 0,
  ),
  refuse(
    'ENOSPC',
    {
      id: 'sva_bind/number-fails',
      says: 'A free number needs memory to be written down, which may not be had.',
      cite: [MM, cite('linux', 'iommu_alloc_global_pasid: ida_alloc_range')],
    },
    (s, o, p) => p['pasid-allocator'] === 'core-global' && s.mms[o.mm]!.pasid === 0,
    'may',
  ),
  ending(
    {
      id: 'sva_bind/again',
      says: 'A second bond of the same group and address space is the same bond with one user more.',
      cite: [BIND],
    },
    (s, o) => ({
      outcome: { is: 'ok', pasid: s.mms[o.mm]!.pasid },
      state: patch(s, { bonds: s.bonds.set(bondOf(s, o), { count: s.bonds.get(bondOf(s, o)).count + 1 }) }),
    }),
    (s, o) => s.bonds.has(bondOf(s, o)),
  ),
  halfway(
    'EBUSY',
    {
      id: 'sva_bind/pasid-used',
      says: 'A PASID under which something else is attached to the group cannot stand for the address space, which keeps it all the same.',
      cite: [BIND],
    },
    (s, o, p) => [numbered(s, o, p)],
    'must',
    (s, o, p) => notedDomain(s, homeOf(s, o), pasidFor(s, o, p)) !== NONE || usedBeside(s, o, p),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'sva_bind/no-memory',
      says: 'The handle or the domain of the address space may not be had, before anybody asks whether it could be attached.',
      cite: [BIND, cite('linux', 'iommu_sva_domain_alloc')],
    },
    (s, o, p) => [numbered(s, o, p)],
  ),
  halfway(
    'EOPNOTSUPP',
    {
      id: 'sva_bind/no-pasids',
      says: 'A driver that cannot attach a PASID, or cannot block it again, is not asked.',
      cite: [cite('linux-7', 'iommu_attach_device_pasid')],
    },
    (s, o, p) => [numbered(s, o, p)],
    'must',
    (s, o) => !canSetPasids(s, homeOf(s, o)),
  ),
  halfway(
    'EBUSY',
    {
      id: 'sva_bind/reset-in-progress',
      says: 'While a member is reset, no PASID of the group is attached.',
      cite: [cite('linux-7', 'iommu_attach_device_pasid: resetting_domain')],
    },
    (s, o, p) => [numbered(s, o, p)],
    'must',
    (s, o) => inReset(s, homeOf(s, o)),
  ),
  halfway(
    'EINVAL',
    {
      id: 'sva_bind/sibling-too-small',
      says: 'Every member that knows PASIDs must have this one.',
      cite: [cite('linux-7', 'iommu_attach_device_pasid')],
    },
    (s, o, p) => [numbered(s, o, p)],
    'must',
    (s, o, p) => tooLarge(s, homeOf(s, o), pasidFor(s, o, p)),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'sva_bind/attach-fails',
      says: 'The driver may fail for a member; the PASID is blocked again on those before it, and stays that of the address space.',
      cite: [BIND],
    },
    (s, o, p) => programmable(s, homeOf(s, o)).map(() => numbered(s, o, p)),
  ),
  ending(
    {
      id: 'sva_bind/bound',
      says: 'The address space keeps its one PASID until it dies, and the group translates it by the tables of the process.',
      cite: [BIND, cite('linux', 'iommu_mm_drop')],
    },
    (s, o, p) => {
      const pasid = pasidFor(s, o, p);
      const g = homeOf(s, o);
      const attached = programmed(numbered(s, o, p), programmable(s, g), pasid, SVA - o.mm);
      const state = patch(noted(attached, g, pasid, SVA - o.mm, -2), {
        bonds: s.bonds.set(bondOf(s, o), { count: 1 }),
      });
      return { outcome: { is: 'ok', pasid }, state };
    },
  ),
];

/** Has a member the PASID programmed for an aux domain? */
const usedBeside = (s: State, o: Bind, p: PolicyValues): boolean =>
  programmable(s, homeOf(s, o)).some(at => s.programmed.has(at * s.machine.pasidSpan + pasidFor(s, o, p)));

/** The address space has its PASID. */
function numbered(s: State, o: Bind, p: PolicyValues): State {
  if (s.mms[o.mm]!.pasid > 0) return s;
  const pasid = nextNumber(s, o.device, p);
  return takeForMm(patch(s, { mms: patchAt(s.mms, o.mm, { pasid }) }), pasid, p);
}
