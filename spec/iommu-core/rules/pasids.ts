// How is a domain attached to one PASID of a device's group?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { membersOf } from '../groups.js';
import { noted, notedDomain, programmable, programmed } from '../pasids.js';
import { NONE, type Op, type State } from '../state.js';
import { halfway, OK, type Rule } from './checks.js';
import {
  common,
  formed,
  homeOf,
  mayFail,
  misfit,
  notInReset,
  refFor,
  SET,
  tooLarge,
} from './pasid-checks.js';

type Attach = Extract<Op, { op: 'attach_pasid' }>;

const ATTACH = cite('linux-7', 'iommu_attach_device_pasid');

/** Has a member this PASID programmed for an aux domain? */
const usedByAux = (s: State, g: number, pasid: number): boolean =>
  notedDomain(s, g, pasid) === NONE &&
  membersOf(s, g).some(at => s.programmed.has(at * s.machine.pasidSpan + pasid));

const fresh = (s: State, o: Attach): boolean =>
  notedDomain(s, homeOf(s, o), o.pasid) === NONE && !usedByAux(s, homeOf(s, o), o.pasid);

export const attachPasid: readonly Rule<Attach>[] = [
  ...common<Attach>('attach_pasid', ATTACH),
  notInReset('attach_pasid'),
  refuse(
    'EINVAL',
    {
      id: 'attach_pasid/too-large',
      says: 'Every member that knows PASIDs must have this one.',
      cite: [ATTACH],
    },
    (s, o) => tooLarge(s, homeOf(s, o), o.pasid),
  ),
  refuse(
    'EBUSY',
    { id: 'attach_pasid/attached', says: 'A PASID of a group is attached to one domain.', cite: [ATTACH] },
    (s, o) => !fresh(s, o),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'attach_pasid/no-memory',
      says: 'The place for the entry is reserved first, which may fail.',
      cite: [ATTACH],
    },
    () => true,
    'may',
  ),
  misfit('attach_pasid', () => true),
  halfway(
    'ENOMEM',
    {
      id: 'attach_pasid/attach-fails',
      says: 'The driver may fail for a member; the PASID of the members before it is blocked again, and nothing is written down.',
      cite: [SET],
    },
    (s, o) => mayFail(programmable(s, homeOf(s, o)), refFor(s, o)).map(() => s),
  ),
  ending(
    {
      id: 'attach_pasid/attached-everywhere',
      says: 'Every member that knows PASIDs is programmed, and only then can the handle be found; members that know none are passed over, even if that is all of them.',
      cite: [ATTACH],
    },
    (s, o) => {
      const g = homeOf(s, o);
      const ref = refFor(s, o);
      const now = programmed(formed(s, o), programmable(s, g), o.pasid, ref);
      return { outcome: OK, state: noted(now, g, o.pasid, ref, o.handle ?? -1) };
    },
  ),
];
