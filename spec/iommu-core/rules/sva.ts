// How does a device share the address space of a process, and what is left when that ends?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { IN_612 } from '../releases.js';
import { homeOf } from '../state/group.js';
import { mmUnbonded } from '../state/leave.js';
import { entryDomain, isProgrammed, programmable, programmed, withEntry } from '../state/pasid.js';
import { nextNumber, takeForMm } from '../state/pasid-number.js';
import { NONE, type State, SVA } from '../state.js';
import { at, done, inGroup, OURS, operation, type Rule, type The } from './chapter.js';
import { canSetPasids, inReset, pasidFailures, tooLarge } from './pasid.js';

type Bind = The<'sva_bind'>;
type Unbind = The<'sva_unbind'>;

const BIND = cite('linux-6.12-7.2', 'iommu_sva_bind_device');
const MM = at(cite('linux-6.12-7.2', 'iommu_alloc_mm_data'));
const IDA = cite('linux-6.12-7.2', 'iommu_alloc_global_pasid: ida_alloc_range');
const DROP = cite('linux-6.12-7.2', 'mm_pasid_drop');
const SET = at(cite('linux-7.2', 'iommu_attach_device_pasid'));

const bondOf = (s: State, o: Bind | Unbind): number => o.mm * s.groups.length + homeOf(s, o);
const bonds = (s: State, o: Bind | Unbind, by: number): State =>
  patch(s, { bonds: s.bonds.set(bondOf(s, o), { count: s.bonds.get(bondOf(s, o)).count + by }) });

/** The PASID of the address space, or the one that it would get; 0: there is none. */
const pasidFor = (s: State, o: Bind, p: PolicyValues): number =>
  s.mms[o.mm]!.pasid || nextNumber(s, o.device, p);

/** The address space has its PASID. */
function numbered(s: State, o: Bind, p: PolicyValues): State {
  if (s.mms[o.mm]!.pasid > 0) return s;
  const pasid = nextNumber(s, o.device, p);
  return takeForMm(patch(s, { mms: patchAt(s.mms, o.mm, { pasid }) }), pasid, p);
}

/** A refused bind leaves the address space with its PASID. */
const keepsPasid = (s: State, o: Bind, p: PolicyValues): readonly State[] => [numbered(s, o, p)];

/** Is something else attached under the PASID: for the group, or to an aux domain of a member? */
const isUsed = (s: State, o: Bind, p: PolicyValues): boolean => {
  const pasid = pasidFor(s, o, p);
  return (
    entryDomain(s, homeOf(s, o), pasid) !== NONE || isProgrammed(s, programmable(s, homeOf(s, o)), pasid)
  );
};

const binding = operation('sva_bind', BIND);
const { must, may, ends, mustLeave, mayLeave } = binding;

export const svaBind: readonly Rule<Bind>[] = [
  inGroup(binding),
  must(
    'unsupported',
    'EOPNOTSUPP',
    'The IOMMU is one of VT-d or AMD: 6.12 shares no address space on x86.',
    (s, o) => ['vtd', 'amd'].includes(s.instances[s.devices[o.device]!.instance]?.code ?? ''),
    { ...at(cite('linux-6.12', 'iommu_sva_bind_device: IS_ENABLED(CONFIG_X86)')), ...IN_612 },
  ),
  must('no-process', 'ENOENT', 'The address space is dead.', (s, o) => !s.mms[o.mm]!.alive, OURS),
  must(
    'too-large',
    'EOVERFLOW',
    'The device does not have the PASID of the address space.',
    (s, o) => s.mms[o.mm]!.pasid >= Math.max(s.devices[o.device]!.pasids, 1),
    MM,
  ),
  may(
    'no-place',
    'ENOMEM',
    'The address space has no PASID, and there is no memory to keep one.',
    (s, o) => s.mms[o.mm]!.pasid === 0,
    MM,
  ),
  must(
    'none-left',
    'ENOSPC',
    'The address space has no PASID, and none is free.',
    (s, o, p) => pasidFor(s, o, p) === 0,
    MM,
  ),
  may(
    'number-fails',
    'ENOSPC',
    'The address space has no PASID, and there is no memory to allocate one.',
    (s, o, p) => p['pasid-allocator'] === 'core-global' && s.mms[o.mm]!.pasid === 0,
    at(...MM.cite!, IDA),
  ),
  ends(
    'again',
    'The group shares the address space already: the bond has one user more.',
    (s, o) => ({ outcome: { is: 'ok', pasid: s.mms[o.mm]!.pasid }, state: bonds(s, o, 1) }),
    (s, o) => s.bonds.has(bondOf(s, o)),
  ),
  mustLeave(
    'pasid-used',
    'EBUSY',
    'Something else is attached to the group under the PASID, which the address space keeps.',
    keepsPasid,
    isUsed,
  ),
  mayLeave(
    'no-memory',
    'ENOMEM',
    'There is no memory for the handle or the domain of the address space.',
    keepsPasid,
    undefined,
    at(BIND, cite('linux-6.12-7.2', 'iommu_sva_domain_alloc')),
  ),
  mustLeave(
    'no-pasids',
    'EOPNOTSUPP',
    'The driver cannot attach a PASID, or, but for 6.12, cannot block it again.',
    keepsPasid,
    (s, o, p) => !canSetPasids(s, homeOf(s, o), p),
    SET,
  ),
  mustLeave(
    'reset-in-progress',
    'EBUSY',
    'A member of the group is being reset.',
    keepsPasid,
    (s, o) => inReset(s, homeOf(s, o)),
    at(cite('linux-7.2', 'iommu_attach_device_pasid: recovery_cnt')),
  ),
  mustLeave(
    'sibling-too-small',
    'EINVAL',
    'A member that knows PASIDs does not have this one.',
    keepsPasid,
    (s, o, p) => tooLarge(s, homeOf(s, o), pasidFor(s, o, p)),
    SET,
  ),
  mayLeave(
    'attach-fails',
    'ENOMEM',
    'The driver fails for a member: the PASID of the members before it is blocked again, and stays that of the address space.',
    (s, o, p) =>
      pasidFailures(programmable(s, homeOf(s, o)).length, NONE, SVA - o.mm).map(() => numbered(s, o, p)),
  ),
  ends(
    'bound',
    'The address space keeps its PASID until it dies, and DMA of the group with that PASID is translated by the tables of the process.',
    (s, o, p) => {
      const pasid = pasidFor(s, o, p);
      const g = homeOf(s, o);
      const attached = programmed(numbered(s, o, p), programmable(s, g), pasid, SVA - o.mm);
      return {
        outcome: { is: 'ok', pasid },
        state: bonds(withEntry(attached, g, pasid, SVA - o.mm, -2), o, 1),
      };
    },
    undefined,
    at(BIND, DROP),
  ),
];

const UNBIND = cite('linux-6.12-7.2', 'iommu_sva_unbind_device');
const unbind = operation('sva_unbind', UNBIND);

export const svaUnbind: readonly Rule<Unbind>[] = [
  inGroup(unbind),
  unbind.must('no-bond', 'ENOENT', 'There is no such bond.', (s, o) => !s.bonds.has(bondOf(s, o)), OURS),
  unbind.ends(
    'one-less',
    'The bond has other users: it has one less.',
    (s, o) => done(bonds(s, o, -1)),
    (s, o) => s.bonds.get(bondOf(s, o)).count > 1,
  ),
  unbind.ends(
    'unbound',
    'The last user leaves: the bond is gone and its PASID is blocked. If the address space is dead and has no other bond, its PASID is freed.',
    (s, o, p) => {
      const { pasid } = s.mms[o.mm]!;
      const g = homeOf(s, o);
      const off = withEntry(programmed(s, programmable(s, g), pasid, NONE), g, pasid, NONE);
      return done(mmUnbonded(patch(off, { bonds: s.bonds.delete(bondOf(s, o)) }), o.mm, p));
    },
    undefined,
    at(UNBIND, DROP),
  ),
];

const exit = operation('mm_exit', DROP);

export const mmExit: readonly Rule<The<'mm_exit'>>[] = [
  exit.must('gone', 'ENOENT', 'The address space is dead already.', (s, o) => !s.mms[o.mm]!.alive, OURS),
  exit.ends(
    'dead',
    "The address space is dead. The mm's PASID is freed with it, or with the last bond.",
    (s, o, p) => done(mmUnbonded(patch(s, { mms: patchAt(s.mms, o.mm, { alive: false }) }), o.mm, p)),
  ),
];
