// How does a group get its default domain?
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { isOld, SINCE_612 } from '../releases.js';
import { type Change, type Failed, failures, frozen } from '../set-domain.js';
import {
  allocates,
  automatic,
  firstDefault,
  firstDefaultFailures,
  firstDefaultHeld,
  instead,
  leftBlocked,
  retyped,
} from '../state/default-domain.js';
import { hasIommu } from '../state/group.js';
import { DEFAULT, type State } from '../state.js';
import { at, done, hasMember, operation, type Rule, type The } from './chapter.js';
import { scanOfGroup } from './probe-6-1.js';
import { told } from './set-domain.js';

type Setup = The<'setup_default'>;

export const FALLBACK = cite(
  'linux-6.12-7.2',
  'iommu_group_alloc_default_domain: "IDENTITY and DMA_FQ defaults will try DMA"',
);
export const SETUP = cite('linux-6.12-7.2', 'iommu_setup_default_domain');
const RESTORE = cite('linux-6.12-7.2', 'iommu_setup_default_domain: err_restore_def_domain, "if (old_dom)"');
export const RESETTING = cite('linux-7.2', '__iommu_group_set_domain_internal: recovery_cnt');
const FIRST = cite(
  'linux-6.12-7.2',
  'iommu_setup_default_domain: "Drivers are not allowed to fail the first domain attach"',
);
export const FROZEN = {
  cite: [cite('mail-2021', '"it can still generate non-PASID traffic"')],
  status: 'disputed',
} as const;

const toDefault = (o: Setup): Change => ({ group: o.group, to: DEFAULT });

/** The default domain is there, whatever becomes of its attach. */
const withDefault = (s: State, o: Setup): State => retyped(s, o.group, automatic(s, o.group));

/** How the attach fails of a group that was claimed before it had a default domain, and released since. */
const fromBlocking = (s: State, o: Setup, p: PolicyValues, lost: boolean): readonly Failed[] =>
  leftBlocked(s, o.group) ? failures(withDefault(s, o), toDefault(o), p, 'driver', lost) : [];

const SET_UP = operation('setup_default', SETUP);

export const setupDefault: readonly Rule<Setup>[] = [
  hasMember(SET_UP),
  SET_UP.ends(
    'already',
    'The group has a default domain, or is behind no IOMMU. In 6.1 only the second holds.',
    s => done(s),
    (s, o, p) => (s.groups[o.group]!.type !== 'none' && !isOld(p)) || !hasIommu(s, o.group),
    at(cite('linux-6.1-7.2', 'bus_iommu_probe')),
  ),
  ...scanOfGroup,
  SET_UP.may(
    'no-memory',
    'ENOMEM',
    'The allocation of the default domain fails.',
    (s, o) => allocates(s, o.group, automatic(s, o.group)) && instead(s, o.group) !== 'none',
    SINCE_612,
  ),
  SET_UP.may(
    'no-default',
    'EINVAL',
    'No driver asks for a type, and the default domain of type DMA cannot be allocated, for whatever reason.',
    (s, o) => instead(s, o.group) === 'none',
    { ...at(FALLBACK), ...SINCE_612 },
  ),
  SET_UP.mayLeave(
    'first-attach-fails',
    'ENOMEM',
    'The driver fails to attach a member to the first default domain, though it must not: the others go on, and the group has its default domain.',
    (s, o, p) => firstDefaultFailures(s, o.group, automatic(s, o.group), p),
    undefined,
    { ...at(FIRST), warned: true, ...SINCE_612 },
  ),
  SET_UP.mustLeave(
    'reset-in-progress',
    'EBUSY',
    'A device of the group is being reset: no member is attached, and the group has its default domain all the same.',
    (s, o) => [withDefault(s, o)],
    (s, o, p) => firstDefaultHeld(s, o.group, p),
    { ...at(SETUP, RESETTING), ...SINCE_612 },
  ),
  SET_UP.mustLeave(
    'pasids-attached',
    'EBUSY',
    'A PASID is attached, so the requester id stays blocked (policy rid-while-pasid=frozen); the group has its default domain all the same.',
    (s, o) => [withDefault(s, o)],
    (s, o, p) => leftBlocked(s, o.group) && frozen(s, o.group, p),
    { ...FROZEN, ...SINCE_612 },
  ),
  told(
    SET_UP.mayLeave,
    'attach-fails',
    'ENOMEM',
    'The last owner has left the group blocked, and the driver fails to attach a member: all are blocked again, and the group has its default domain all the same.',
    (s, o, p) => fromBlocking(s, o, p, false),
    { ...at(RESTORE), ...SINCE_612 },
  ),
  told(
    SET_UP.mayLeave,
    'rollback-fails',
    'ENOMEM',
    "In the rollback the driver fails to attach a member to a blocking domain that is not static: it stays on the default domain, which differs from its group's.",
    (s, o, p) => fromBlocking(s, o, p, true),
    { ...at(RESTORE, cite('linux-6.12-7.2', '__iommu_group_set_domain_internal: err_revert')), ...SINCE_612 },
  ),
  SET_UP.mayEnd(
    'dma-instead',
    'No driver asks for a type, and the default domain cannot be allocated: it is one of type DMA.',
    (s, o, p) => done(firstDefault(s, o.group, 'dma', p)),
    (s, o) => instead(s, o.group) === 'dma',
    { ...at(FALLBACK), ...SINCE_612 },
  ),
  SET_UP.ends(
    'set-up',
    'The default domain has the type that the members need together. Unless somebody owns the group all members are attached to it, also from the blocking domain of a former owner.',
    (s, o, p) => done(firstDefault(s, o.group, automatic(s, o.group), p)),
    undefined,
    at(SETUP, cite('ours', 'ADR-0011: a group that is taken before it is set up')),
  ),
];
