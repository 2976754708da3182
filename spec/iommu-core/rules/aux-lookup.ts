// How does the driver of a mediated device find its domain and PASID?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { groupOf, hasItsGroup } from '../groups.js';
import type { PolicyValues } from '../policies.js';
import type { Op, State } from '../state.js';
import { useKey } from './aux.js';
import { ours, type Rule } from './checks.js';

type AuxPasid = Extract<Op, { op: 'aux_pasid' }>;
type Lookup = Extract<Op, { op: 'aux_lookup' }>;

const PASID = cite('linux-5', 'iommu_aux_get_pasid');
const LOOKUP = cite('mail-2020', 'patch 3: iommu_aux_get_domain_for_dev');

export const auxPasid: readonly Rule<AuxPasid>[] = [
  refuse(
    'ENODEV',
    { id: 'aux_pasid/no-aux', says: 'A driver without aux domains is not asked.', cite: [PASID] },
    (s, o) =>
      !hasItsGroup(s, o.device) ||
      s.devices[o.device]!.instance < 0 ||
      !s.instances[s.devices[o.device]!.instance]!.aux,
  ),
  refuse(
    'ENOENT',
    { id: 'aux_pasid/no-domain', says: 'A domain that nobody allocated has no PASID.', cite: [ours] },
    (s, o) => !s.domains.has(o.domain),
  ),
  refuse(
    'EINVAL',
    {
      id: 'aux_pasid/none',
      says: 'A domain that is not attached as an aux domain has no PASID; callers take 0 and below for an error.',
      cite: [PASID, cite('mail-2020', '"if (pasid <= 0) return -EINVAL"')],
    },
    (s, o) => s.domains.get(o.domain).pasid === 0,
  ),
  ending(
    {
      id: 'aux_pasid/told',
      says: 'The PASID is that of the domain, whichever device is asked for.',
      cite: [PASID],
    },
    (s, o) => ({ outcome: { is: 'ok', pasid: s.domains.get(o.domain).pasid }, state: s }),
  ),
];

/** Is the domain beside the mediated device's group an aux domain, as far as the policy lets anybody know? */
const knownAux = (s: State, o: Lookup, p: PolicyValues): boolean => {
  const { domain, auxAttached } = groupOf(s, o.device);
  if (domain < 0) return false;
  if (p['aux-flag'] === 'group') return auxAttached;
  return s.auxUses.has(useKey(s, domain, s.devices[o.device]!.parent));
};

export const auxLookup: readonly Rule<Lookup>[] = [
  refuse(
    'ENODEV',
    {
      id: 'aux_lookup/not-mediated',
      says: 'A device that is not mediated, or in no group, has a primary domain and no aux domain of its own.',
      cite: [LOOKUP, cite('mail-2020', '"it will give us the primary domain of parent device"')],
    },
    (s, o) => !hasItsGroup(s, o.device) || s.devices[o.device]!.parent < 0,
  ),
  refuse(
    'ENODEV',
    {
      id: 'aux_lookup/not-attached',
      says: 'A mediated device without an aux domain finds none.',
      cite: [LOOKUP],
    },
    (s, o, p) => !knownAux(s, o, p),
  ),
  refuse(
    'EINVAL',
    {
      id: 'aux_lookup/no-pasid',
      says: 'A flag on the group may be left over from a domain that was detached past the group (policy aux-flag=group).',
      cite: [
        cite('mail-2020', '"We shouldn\'t need to leave breadcrumbs on the group to know about the domain"'),
      ],
      status: 'disputed',
    },
    (s, o) => (s.domains.get(groupOf(s, o.device).domain).pasid || 0) === 0,
  ),
  ending(
    {
      id: 'aux_lookup/found',
      says: 'The driver of a mediated device finds the domain and the PASID to program.',
      cite: [LOOKUP],
    },
    (s, o) => {
      const { domain } = groupOf(s, o.device);
      return { outcome: { is: 'ok', pasid: s.domains.get(domain).pasid, domain }, state: s };
    },
  ),
];
