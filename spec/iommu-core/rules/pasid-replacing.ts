// How is the domain of a PASID exchanged, and how is it detached?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { noted, notedDomain, programmable, programmed } from '../pasids.js';
import { NONE, type Op, type State, SVA } from '../state.js';
import { halfway, inGroup, OK, ours, type Rule } from './checks.js';
import {
  common,
  formed,
  homeOf,
  mayFail,
  misfit,
  notInReset,
  type OnPasid,
  refFor,
  SET,
} from './pasid-checks.js';

type Replace = Extract<Op, { op: 'replace_pasid' }>;
type Detach = Extract<Op, { op: 'detach_pasid' }>;

const REPLACE = cite('linux-7', 'iommu_replace_device_pasid');
const DETACH = cite('linux-7', 'iommu_detach_device_pasid, __iommu_remove_group_pasid');

const current = (s: State, o: OnPasid) => notedDomain(s, homeOf(s, o), o.pasid);
const isBond = (s: State, o: OnPasid): boolean => current(s, o) <= SVA;

const bond = <O extends OnPasid>(op: string): Rule<O> =>
  refuse(
    'EBUSY',
    {
      id: `${op}/bond`,
      says: 'The PASID of an SVA bond is given back by unbinding.',
      cite: [ours],
    },
    isBond,
  );

const exchanges = (s: State, o: Replace): boolean => current(s, o) !== refFor(s, o);

/** The members that the driver is called for. */
const called = (s: State, o: Replace): readonly number[] =>
  exchanges(s, o) ? programmable(s, homeOf(s, o)) : [];

const failing = (s: State, o: Replace): readonly number[] => mayFail(called(s, o), refFor(s, o));

/** Number `k` failed: the members before it are attached to the old domain again, whatever they were before. */
const wentBack = (s: State, o: Replace, k: number): State =>
  programmed(s, called(s, o).slice(0, k), o.pasid, current(s, o));

export const replacePasid: readonly Rule<Replace>[] = [
  ...common<Replace>('replace_pasid', REPLACE),
  refuse(
    'EINVAL',
    { id: 'replace_pasid/no-handle', says: 'A replace of a PASID brings a handle.', cite: [REPLACE] },
    (_, o) => o.handle === null,
  ),
  notInReset('replace_pasid'),
  refuse(
    'ENOMEM',
    {
      id: 'replace_pasid/no-memory',
      says: 'Where nothing is attached, the place for the entry is reserved before that is seen, which may fail.',
      cite: [cite('linux-7', 'iommu_replace_device_pasid: xa_cmpxchg')],
    },
    (s, o) => current(s, o) === NONE,
    'may',
  ),
  refuse(
    'EINVAL',
    { id: 'replace_pasid/not-attached', says: 'Only an attached PASID is exchanged.', cite: [REPLACE] },
    (s, o) => current(s, o) === NONE,
  ),
  bond('replace_pasid'),
  refuse(
    'EINVAL',
    {
      id: 'replace_pasid/same-handle',
      says: 'A handle is not used again for what replaces it: somebody may be reading it without a lock.',
      cite: [REPLACE],
    },
    (s, o) => s.entries.get(homeOf(s, o) * s.machine.pasidSpan + o.pasid).handle === o.handle,
  ),
  misfit('replace_pasid', exchanges),
  halfway(
    'ENOMEM',
    {
      id: 'replace_pasid/attach-fails',
      says: 'The driver may fail for a member; the members before it go back to the old domain, and the old entry stays.',
      cite: [SET],
    },
    (s, o) => failing(s, o).map((_, k) => wentBack(s, o, k)),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'replace_pasid/rollback-fails',
      says: 'A member may not even go back to the old domain, though it must; its PASID is blocked.',
      cite: [SET],
    },
    (s, o) =>
      failing(s, o).flatMap((_, k) =>
        mayFail(called(s, o).slice(0, k), current(s, o)).map(lost =>
          programmed(wentBack(s, o, k), [lost], o.pasid, NONE),
        ),
      ),
  ),
  ending(
    {
      id: 'replace_pasid/replaced',
      says: 'Every member is on the new domain and the handle is the new one; for the same domain the handle alone changes.',
      cite: [REPLACE],
    },
    (s, o) => {
      const g = homeOf(s, o);
      const ref = refFor(s, o);
      const now = exchanges(s, o) ? programmed(formed(s, o), programmable(s, g), o.pasid, ref) : s;
      return { outcome: OK, state: noted(now, g, o.pasid, ref, o.handle!) };
    },
  ),
];

export const detachPasid: readonly Rule<Detach>[] = [
  inGroup('detach_pasid', DETACH),
  bond('detach_pasid'),
  ending(
    {
      id: 'detach_pasid/nothing',
      says: 'Where nothing is attached, nothing changes.',
      cite: [DETACH],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => o.pasid === 0 || current(s, o) === NONE,
  ),
  ending(
    {
      id: 'detach_pasid/detached',
      says: 'The PASID is blocked on every member that is not being reset, and struck out.',
      cite: [DETACH],
    },
    (s, o) => {
      const g = homeOf(s, o);
      return {
        outcome: OK,
        state: noted(programmed(s, programmable(s, g), o.pasid, NONE), g, o.pasid, NONE, -1),
      };
    },
  ),
];
