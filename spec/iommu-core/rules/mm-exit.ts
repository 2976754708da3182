// What is left of an address space that dies while devices share it?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { mmUnbonded } from '../leaving.js';
import type { Op } from '../state.js';
import { OK, ours, type Rule } from './checks.js';

type Exit = Extract<Op, { op: 'mm_exit' }>;

export const mmExit: readonly Rule<Exit>[] = [
  refuse(
    'ENOENT',
    { id: 'mm_exit/gone', says: 'An address space dies once.', cite: [ours] },
    (s, o) => !s.mms[o.mm]!.alive,
  ),
  ending(
    {
      id: 'mm_exit/dead',
      says: 'The address space is dead; its PASID goes with it, or with the last bond that holds it.',
      cite: [cite('linux', 'iommu_mm_drop')],
    },
    (s, o, p) => ({
      outcome: OK,
      state: mmUnbonded(patch(s, { mms: patchAt(s.mms, o.mm, { alive: false }) }), o.mm, p),
    }),
  ),
];
