// How did calls end in Linux 6.1 that change the domain of a group, where a driver fails?
import type { Clause } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import type { Errno } from '../../protocol/errno.js';
import type { PolicyValues } from '../policies.js';
import { IN_61 } from '../releases.js';
import { forcedFailures, isThere } from '../set-domain.js';
import {
  canDetach,
  certainStop,
  detachedAll,
  halfway,
  type Stop,
  stopsOf,
  undoings,
  type Walk,
} from '../set-domain-6-1.js';
import { NONE, type State } from '../state.js';
import { at, type CoreChapter, chapterOf, done, type Rule, refusalOf, warned } from './chapter.js';
import type { Asks } from './set-domain.js';

const WALK = cite('linux-6.1', '__iommu_group_set_domain, iommu_group_do_attach_device');
const ATTACH = cite('linux-6.1', '__iommu_attach_group');
const WARNS = { cite: [cite('linux-6.1', '__iommu_attach_group: WARN')], warned: true, ...IN_61 } as const;
const RMRR = cite('linux-6.1', 'intel_iommu_attach_device: device_is_rmrr_locked');

type Old<O> = Clause<State, O, PolicyValues>;

const driverStops = (s: State, w: Walk): readonly Stop[] => stopsOf(s, w).filter(stop => !stop.certain);

/** A claim is not taken back where it fails half way. */
export function claimFails<O>(op: string, asks: Asks<O>): readonly Old<O>[] {
  const { mayLeave, mustLeave } = chapterOf<O>(op, WALK);
  return [
    mayLeave(
      'stops-half-way',
      'ENOMEM',
      'The driver fails to attach a member: the ones before it stay on the blocking domain, and it is off its own.',
      (s, o, p) => driverStops(s, asks(s, o)).map(stop => halfway(s, asks(s, o), p, stop)),
      undefined,
      {
        ...at(WALK, cite('linux-6.1', 'intel_iommu_attach_device, attach_device, arm_smmu_attach_dev')),
        ...IN_61,
      },
    ),
    mustLeave(
      'rmrr-locked',
      'EPERM',
      "The driver is VT-d's, and a member needs its direct map: it is not attached, and the members before it stay on the blocking domain.",
      (s, o, p) => ofErrno(s, asks(s, o), 'EPERM').map(stop => halfway(s, asks(s, o), p, stop)),
      undefined,
      { ...at(RMRR), ...IN_61 },
    ),
  ];
}

/** The stop that is certain, if it is by this errno. */
const ofErrno = (s: State, w: Walk, errno: Errno): readonly Stop[] => {
  const stop = certainStop(s, w);
  return stop?.errno === errno ? [stop] : [];
};

/** After an attach that fails every member is attached to the old domain again. */
export function attachFails<O>(op: string, asks: Asks<O>): readonly Old<O>[] {
  const { mayLeave, mustLeave } = chapterOf<O>(op, ATTACH);
  const back = (s: State, o: O, p: PolicyValues, stops: readonly Stop[]): readonly State[] =>
    stops.map(stop => undoings(s, asks(s, o), p, stop).back);
  const astray = (s: State, o: O, p: PolicyValues, stops: readonly Stop[]): readonly State[] =>
    stops.flatMap(stop => undoings(s, asks(s, o), p, stop).lost);
  const must = (what: string, errno: Errno, says: string, source: string): Old<O> =>
    mustLeave(what, errno, says, (s, o, p) => back(s, o, p, ofErrno(s, asks(s, o), errno)), undefined, {
      ...at(cite('linux-6.1', source), ATTACH),
      ...IN_61,
    });
  return [
    mayLeave(
      'all-go-back',
      'ENOMEM',
      'The driver fails to attach a member: every member is attached to the old domain again. Where there is none, the ones before it stay on the new domain, and the group is on none.',
      (s, o, p) => back(s, o, p, driverStops(s, asks(s, o))),
      undefined,
      IN_61,
    ),
    mayLeave(
      'way-back-fails',
      'ENOMEM',
      'The driver fails to attach a member, and then one to the old domain again: the members after it stay where they are, and the group is on no domain.',
      (s, o, p) => astray(s, o, p, driverStops(s, asks(s, o))),
      undefined,
      WARNS,
    ),
    refusedAndAstray(op, (s, o, p, stop) => astray(s, o, p, [stop]), asks),
    must(
      'rmrr-locked',
      'EPERM',
      "The driver is VT-d's, and a member needs its direct map: no domain of a user is attached to it.",
      'intel_iommu_attach_device: device_is_rmrr_locked',
    ),
    must(
      'other-instance',
      'ENXIO',
      'The domain belongs to another SMMUv3.',
      'arm_smmu_attach_dev: "cannot attach to SMMU"',
    ),
    must(
      'too-wide',
      'EFAULT',
      "The driver is VT-d's, and the domain has the format of a wider instance.",
      'prepare_domain_attach_device: max_addr',
    ),
  ];
}

/** A driver that refuses for certain, and one that then fails on the way back: the errno is that of the first. */
function refusedAndAstray<O>(
  op: string,
  states: (s: State, o: O, p: PolicyValues, stop: Stop) => readonly State[],
  asks: Asks<O>,
): Old<O> {
  const list = (s: State, o: O, p: PolicyValues) => {
    const stop = certainStop(s, asks(s, o));
    return stop === undefined
      ? []
      : states(s, o, p, stop).map(state => ({ outcome: refusalOf(stop.errno, WARNS), state }));
  };
  return chapterOf<O>(op, ATTACH).mayEnd(
    'refused-and-astray',
    'The driver refuses to attach a member, and then fails to attach one to the old domain again: the group is on no domain.',
    list,
    (s, o, p) => list(s, o, p).length > 0,
    { cite: WARNS.cite, ...IN_61 },
  );
}

/** The change back to the core's own domain, which nobody is told the failure of. `from`: as it is when the change begins. */
export function backFails<O>(
  { ends, mayEnd }: CoreChapter<O>,
  from: (s: State, o: O) => State,
  asks: Asks<O>,
): readonly Rule<O>[] {
  return [
    ends(
      'on-nothing',
      'There is no domain to go back to, and the driver can detach: the members are detached, and the group is on no domain.',
      (s, o) => done(detachedAll(from(s, o), asks(s, o).group)),
      (s, o) => asks(s, o).to === NONE && !isThere(s, asks(s, o)) && canDetach(s),
      { ...at(cite('linux-6.1', '__iommu_group_set_domain: detach_dev')), ...IN_61 },
    ),
    mayEnd(
      'stops-half-way',
      'The driver fails to attach a member: it is off its domain, the ones after it and the group stay where they are, and the kernel warns.',
      (s, o, p) => forcedFailures(from(s, o), asks(s, o), p).map(warned),
      (s, o, p) => forcedFailures(from(s, o), asks(s, o), p).length > 0,
      { ...at(WALK), ...IN_61 },
    ),
  ];
}
