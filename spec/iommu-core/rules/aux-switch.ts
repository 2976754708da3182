// When can a device have aux domains?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { capableOfPasids } from '../groups.js';
import type { Op, State } from '../state.js';
import { inGroup, OK, type Rule } from './checks.js';

type Enable = Extract<Op, { op: 'aux_enable' }>;
type Disable = Extract<Op, { op: 'aux_disable' }>;

const ENABLE = cite('linux-5', 'intel_iommu_enable_auxd');

const usesOf = (s: State, device: number): boolean =>
  s.auxUses.reduce((found: boolean, _, key) => found || key % s.devices.length === device, false);

export const auxEnable: readonly Rule<Enable>[] = [
  inGroup('aux_enable', ENABLE),
  refuse(
    'EINVAL',
    {
      id: 'aux_enable/not-capable',
      says: 'Aux domains need an IOMMU in scalable mode and a device with PASIDs.',
      cite: [ENABLE],
    },
    (s, o) => {
      const d = s.devices[o.device]!;
      return d.instance < 0 || !s.instances[d.instance]!.aux || !capableOfPasids(s, d);
    },
  ),
  refuse(
    'ENODEV',
    { id: 'aux_enable/pasid-fails', says: 'Switching PASIDs on in the device may fail.', cite: [ENABLE] },
    () => true,
    'may',
  ),
  ending({ id: 'aux_enable/on', says: 'The device can have aux domains.', cite: [ENABLE] }, (s, o) => ({
    outcome: OK,
    state: s.devices[o.device]!.aux ? s : patch(s, { devices: patchAt(s.devices, o.device, { aux: true }) }),
  })),
];

export const auxDisable: readonly Rule<Disable>[] = [
  inGroup('aux_disable', ENABLE),
  refuse(
    'EBUSY',
    {
      id: 'aux_disable/in-use',
      says: 'The feature stays on while an aux domain is attached: a detach without it would do nothing.',
      cite: [cite('linux-5', 'include/linux/iommu.h: iommu_dev_disable_feature')],
    },
    (s, o) => usesOf(s, o.device),
  ),
  ending({ id: 'aux_disable/off', says: 'The feature is off.', cite: [ENABLE] }, (s, o) => ({
    outcome: OK,
    state: s.devices[o.device]!.aux ? patch(s, { devices: patchAt(s.devices, o.device, { aux: false }) }) : s,
  })),
];
