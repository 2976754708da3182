// How does a group get its first default domain?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import {
  allocates,
  automatic,
  firstDefault,
  firstDefaultFailures,
  firstDefaultHeld,
  leftBlocked,
} from '../defaults.js';
import { groupWorks } from '../groups.js';
import { retyped } from '../naming.js';
import type { PolicyValues } from '../policies.js';
import { DEFAULT, type Op, type State } from '../state.js';
import { type Change, doubleFailures, failures, frozen } from '../transition.js';
import { halfway, hasMember, OK, type Rule } from './checks.js';

type Setup = Extract<Op, { op: 'setup_default' }>;

const SETUP = cite('linux', 'iommu_setup_default_domain');
const RESTORE = cite('linux', 'iommu_setup_default_domain: err_restore_def_domain, "if (old_dom)"');

/** The default domain is written down, whatever becomes of its attach. */
const typed = (s: State, o: Setup): State => retyped(s, o.group, automatic(s, o.group));

const toDefault = (o: Setup): Change => ({ group: o.group, to: DEFAULT });

/** How the attach of a group ends badly that its last owner has left on blocking. */
const fromBlocking = (
  s: State,
  o: Setup,
  ends: (s: State, c: Change, p: PolicyValues) => readonly State[],
  p: PolicyValues,
): readonly State[] => (leftBlocked(s, o.group) ? ends(typed(s, o), toDefault(o), p) : []);

export const setupDefault: readonly Rule<Setup>[] = [
  hasMember('setup_default'),
  ending(
    {
      id: 'setup_default/already',
      says: 'A group that has a default domain keeps it.',
      cite: [cite('linux', 'bus_iommu_probe')],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => s.groups[o.group]!.type !== 'none' || !groupWorks(s, o.group),
  ),
  refuse(
    'ENOMEM',
    { id: 'setup_default/no-memory', says: 'The allocation of the default domain may fail.', cite: [SETUP] },
    (s, o) => allocates(s, o.group, automatic(s, o.group)),
    'may',
  ),
  halfway(
    'ENOMEM',
    {
      id: 'setup_default/first-attach-fails',
      says: 'The first attach of a member may fail, though it must not; the others go on, and the group has its default domain.',
      cite: [
        cite(
          'linux',
          'iommu_setup_default_domain: "Drivers are not allowed to fail the first domain attach"',
        ),
      ],
    },
    (s, o, p) => firstDefaultFailures(s, o.group, automatic(s, o.group), p),
  ),
  halfway(
    'EBUSY',
    {
      id: 'setup_default/reset-in-progress',
      says: 'While a device of the group is reset its members are not attached; the group has its default domain all the same, and stays where it is.',
      cite: [SETUP, cite('linux-7', '__iommu_group_set_domain_internal: resetting_domain')],
    },
    (s, o) => [typed(s, o)],
    'must',
    (s, o, p) => firstDefaultHeld(s, o.group, p),
  ),
  halfway(
    'EBUSY',
    {
      id: 'setup_default/pasids-attached',
      says: 'While a PASID is attached, the requester id stays on blocking (policy rid-while-pasid=frozen); the group has its default domain all the same.',
      cite: [cite('mail-2021', '"it can still generate non-PASID traffic"')],
      status: 'disputed',
    },
    (s, o) => [typed(s, o)],
    'must',
    (s, o, p) => leftBlocked(s, o.group) && frozen(s, o.group, p),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'setup_default/attach-fails',
      says: 'A member of a group that its last owner has left on blocking may not be attached; all go back to blocking, and the group has its default domain all the same.',
      cite: [RESTORE],
    },
    (s, o, p) => fromBlocking(s, o, failures, p),
  ),
  halfway(
    'ENOMEM',
    {
      id: 'setup_default/rollback-fails',
      says: 'A member may not even go back to blocking, where that is no static domain; it is left on the default domain, and is astray.',
      cite: [RESTORE, cite('linux', '__iommu_group_set_domain_internal: err_revert')],
    },
    (s, o, p) => fromBlocking(s, o, doubleFailures, p),
  ),
  ending(
    {
      id: 'setup_default/set-up',
      says: 'The default domain is what the members need together, and all of them are attached to it, also from the blocking domain on which an owner has left them, unless somebody has the group.',
      cite: [SETUP, cite('ours', 'ADR-0011: a group that is taken before it is set up')],
    },
    (s, o, p) => ({ outcome: OK, state: firstDefault(s, o.group, automatic(s, o.group), p) }),
  ),
];
