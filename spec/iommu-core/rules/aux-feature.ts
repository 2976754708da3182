// When can a device have aux domains, and how does the driver of a mediated device find its own?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { groupOf, hasItsGroup } from '../state/group.js';
import { auxUse } from '../state/leave.js';
import { capableOfPasids } from '../state/pasid.js';
import type { State } from '../state.js';
import { at, done, inGroup, type OnDevice, OURS, operation, type Rule, type The } from './chapter.js';

type Lookup = The<'aux_lookup'>;

const ENABLE = cite('linux-5.10', 'intel_iommu_enable_auxd');
const enable = operation('aux_enable', ENABLE);

const hasAux = (s: State, o: OnDevice): boolean => s.instances[s.devices[o.device]!.instance]?.aux === true;
const switched = (s: State, o: OnDevice, aux: boolean): State =>
  s.devices[o.device]!.aux === aux ? s : patch(s, { devices: patchAt(s.devices, o.device, { aux }) });

export const auxEnable: readonly Rule<The<'aux_enable'>>[] = [
  inGroup(enable),
  enable.must(
    'not-capable',
    'EINVAL',
    'The IOMMU is not in scalable mode, or the device has no PASIDs.',
    (s, o) => !hasAux(s, o) || !capableOfPasids(s, s.devices[o.device]!),
  ),
  enable.may('pasid-fails', 'ENODEV', 'Enabling PASIDs in the device fails.'),
  enable.ends('on', 'Aux domains are enabled for the device.', (s, o) => done(switched(s, o, true))),
];

const disable = operation('aux_disable', ENABLE);

export const auxDisable: readonly Rule<The<'aux_disable'>>[] = [
  inGroup(disable),
  disable.must(
    'in-use',
    'EBUSY',
    'An aux domain is attached to the device.',
    (s, o) =>
      s.auxUses.reduce((found: boolean, _, key) => found || key % s.devices.length === o.device, false),
    at(cite('linux-5.10', 'include/linux/iommu.h: iommu_dev_disable_feature')),
  ),
  disable.ends('off', 'Aux domains are disabled for the device.', (s, o) => done(switched(s, o, false))),
];

const PASID = cite('linux-5.10', 'iommu_aux_get_pasid');
const getPasid = operation('aux_pasid', PASID);

export const auxPasid: readonly Rule<The<'aux_pasid'>>[] = [
  getPasid.must(
    'no-aux',
    'ENODEV',
    'The driver has no aux domains.',
    (s, o) => !hasItsGroup(s, o.device) || !hasAux(s, o),
  ),
  getPasid.must(
    'no-domain',
    'ENOENT',
    'The domain was not allocated.',
    (s, o) => !s.domains.has(o.domain),
    OURS,
  ),
  getPasid.must(
    'none',
    'EINVAL',
    'The domain is not attached as an aux domain and has no PASID; callers take 0 and below for an error.',
    (s, o) => s.domains.get(o.domain).pasid === 0,
    at(PASID, cite('mail-2020', '"if (pasid <= 0) return -EINVAL"')),
  ),
  getPasid.ends('told', 'The answer is the PASID of the domain, whichever device is asked for.', (s, o) => ({
    outcome: { is: 'ok', pasid: s.domains.get(o.domain).pasid },
    state: s,
  })),
];

/** Is the domain of the mediated device's group an aux domain, as far as the policy lets anybody know? */
const knownAux = (s: State, o: Lookup, p: PolicyValues): boolean => {
  const { domain, auxAttached } = groupOf(s, o.device);
  if (domain < 0) return false;
  if (p['aux-flag'] === 'group') return auxAttached;
  return s.auxUses.has(auxUse(s, domain, s.devices[o.device]!.parent));
};

const LOOKUP = cite('mail-2020', 'patch 3: iommu_aux_get_domain_for_dev');
const lookup = operation('aux_lookup', LOOKUP);

export const auxLookup: readonly Rule<Lookup>[] = [
  lookup.must(
    'not-mediated',
    'ENODEV',
    'The device is not mediated, or in no group: it has no aux domain of its own.',
    (s, o) => !hasItsGroup(s, o.device) || s.devices[o.device]!.parent < 0,
    at(LOOKUP, cite('mail-2020', '"it will give us the primary domain of parent device"')),
  ),
  lookup.must(
    'not-attached',
    'ENODEV',
    'The mediated device has no aux domain.',
    (s, o, p) => !knownAux(s, o, p),
  ),
  lookup.must(
    'no-pasid',
    'EINVAL',
    'The flag on the group is stale: the domain was detached without it (policy aux-flag=group).',
    (s, o) => (s.domains.get(groupOf(s, o.device).domain).pasid || 0) === 0,
    {
      cite: [
        cite('mail-2020', '"We shouldn\'t need to leave breadcrumbs on the group to know about the domain"'),
      ],
      status: 'disputed',
    },
  ),
  lookup.ends('found', 'The driver of a mediated device finds the domain and the PASID to use.', (s, o) => {
    const { domain } = groupOf(s, o.device);
    return { outcome: { is: 'ok', pasid: s.domains.get(domain).pasid, domain }, state: s };
  }),
];
