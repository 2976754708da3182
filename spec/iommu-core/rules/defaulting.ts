// How does a group get its default domain?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { allocates, automatic, firstDefault, firstDefaultFailures } from '../defaults.js';
import { groupWorks } from '../groups.js';
import type { Op } from '../state.js';
import { halfway, hasMember, OK, type Rule } from './checks.js';

type Setup = Extract<Op, { op: 'setup_default' }>;

const SETUP = cite('linux', 'iommu_setup_default_domain');

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
  ending(
    {
      id: 'setup_default/set-up',
      says: 'The default domain is what the members need together, and all of them are attached to it, unless somebody has taken the group meanwhile.',
      cite: [SETUP, cite('ours', 'ADR-0011: a group that is taken before it is set up')],
    },
    (s, o, p) => ({ outcome: OK, state: firstDefault(s, o.group, automatic(s, o.group), p) }),
  ),
];
