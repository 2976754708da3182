// What is left when a device shares the address space of a process no more?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { mmUnbonded } from '../leaving.js';
import { noted, programmable, programmed } from '../pasids.js';
import { NONE, type Op, type State } from '../state.js';
import { inGroup, OK, ours, type Rule } from './checks.js';

type Unbind = Extract<Op, { op: 'sva_unbind' }>;

const homeOf = (s: State, o: Unbind): number => s.devices[o.device]!.home;
const bondOf = (s: State, o: Unbind): number => o.mm * s.groups.length + homeOf(s, o);

const UNBIND = cite('linux', 'iommu_sva_unbind_device');

export const svaUnbind: readonly Rule<Unbind>[] = [
  inGroup('sva_unbind', UNBIND),
  refuse(
    'ENOENT',
    { id: 'sva_unbind/no-bond', says: 'A bond is given back as often as it was made.', cite: [ours] },
    (s, o) => !s.bonds.has(bondOf(s, o)),
  ),
  ending(
    { id: 'sva_unbind/one-less', says: 'While the bond has other users, it has one less.', cite: [UNBIND] },
    (s, o) => ({
      outcome: OK,
      state: patch(s, { bonds: s.bonds.set(bondOf(s, o), { count: s.bonds.get(bondOf(s, o)).count - 1 }) }),
    }),
    (s, o) => s.bonds.get(bondOf(s, o)).count > 1,
  ),
  ending(
    {
      id: 'sva_unbind/unbound',
      says: 'With its last user the bond is gone and its PASID blocked; a dead address space gives the number back with its last bond.',
      cite: [UNBIND, cite('linux', 'iommu_mm_drop')],
    },
    (s, o, p) => {
      const { pasid } = s.mms[o.mm]!;
      const g = homeOf(s, o);
      const off = noted(programmed(s, programmable(s, g), pasid, NONE), g, pasid, NONE, -1);
      return {
        outcome: OK,
        state: mmUnbonded(patch(off, { bonds: s.bonds.delete(bondOf(s, o)) }), o.mm, p),
      };
    },
  ),
];
