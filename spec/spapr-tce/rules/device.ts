// How does a device join its endpoint's group, and when does VFIO take it?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { groupReferences } from '../group.js';
import type { Device, Op, State } from '../state.js';
import type { Rule } from './ioctl.js';

type Probe = Extract<Op, { op: 'probe' }>;
type Remove = Extract<Op, { op: 'remove' }>;
type Capable = Extract<Op, { op: 'capable' }>;
type Bind = Extract<Op, { op: 'bind' }>;

const linux = (at: string) => cite('linux-tce', at);
const mail = (at: string) => cite('mail-2022-ppc', at);

const known = (s: State, device: number): boolean => device < s.devices.length;
const withState = (s: State, device: number, state: Device['state']): State =>
  patch(s, { devices: patchAt(s.devices, device, { state }) });

const unknown = <O extends { readonly device: number }>(op: string): Rule<O> =>
  refuse(
    'ENODEV',
    {
      id: `${op}/no-device`,
      says: 'A device that the machine does not have is refused.',
      cite: [cite('ours', 'ADR-0004: what the law leaves to others')],
    },
    (s, o) => !known(s, o.device),
  );

const groupOf = (s: State, device: number) => s.groups[s.devices[device]!.group];
const bridgeOf = (s: State, device: number) => s.bridges[s.devices[device]!.bridge];

export const probe: readonly Rule<Probe>[] = [
  unknown('probe'),
  refuse(
    'ENODEV',
    {
      id: 'probe/no-bridge',
      says: 'Only a device behind a PCI host bridge is probed.',
      cite: [linux('spapr_tce_iommu_probe_device')],
    },
    (s, o) => bridgeOf(s, o.device) === undefined,
  ),
  refuse(
    'EBUSY',
    {
      id: 'probe/present',
      says: 'A device that has a group is not probed again.',
      cite: [linux('iommu_add_device: device_iommu_mapped')],
    },
    (s, o) => s.devices[o.device]!.state !== 'absent',
  ),
  refuse(
    'ENOENT',
    {
      id: 'probe/bridge-names-no-group',
      says: 'A bridge whose controller cannot name the group of a device has no device probed.',
      cite: [linux('spapr_tce_iommu_device_group'), mail('"if (!hose->controller_ops.device_group)"')],
    },
    (s, o) => bridgeOf(s, o.device)!.iommu && !bridgeOf(s, o.device)!.deviceGroup,
  ),
  refuse(
    'ENODEV',
    {
      id: 'probe/no-endpoint',
      says: 'Without an endpoint there is no group to join; the endpoint is made before its devices are probed.',
      cite: [linux('pnv_pci_device_group'), linux('iommu_add_device')],
    },
    (s, o) => groupOf(s, o.device)?.exists !== true,
  ),
  ending(
    {
      id: 'probe/added',
      says: 'Behind a bridge without IOMMU operations the device is just added to the group.',
      cite: [mail('"this does not work well with iommu_group_add_device()"')],
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: withState(s, o.device, 'present') }),
    (s, o) => !bridgeOf(s, o.device)!.iommu,
  ),
  ending(
    {
      id: 'probe/joined',
      says: 'The device joins the group that its bridge names; the reference that came with the name is dropped.',
      cite: [mail('"Is this missing a refcount get on the group?"'), linux('iommu_group_get_for_dev')],
      status: 'disputed',
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: joinedGroup(s, o.device, p['device-group-reference']) }),
  ),
];

/** The core drops one reference for each probe. If none came with the name, it drops one that is not its own. */
function joinedGroup(s: State, device: number, reference: 'taken' | 'missing'): State {
  const here = withState(s, device, 'present');
  if (reference === 'taken') return here;
  const g = s.devices[device]!.group;
  return withoutUnreferenced(
    patch(here, { groups: patchAt(here.groups, g, { lost: here.groups[g]!.lost + 1 }) }),
    g,
  );
}

/** A group without references is gone, whoever still points at it. */
function withoutUnreferenced(s: State, g: number): State {
  if (groupReferences(s, g) > 0) return s;
  return patch(s, { groups: patchAt(s.groups, g, { exists: false }) });
}

export const remove: readonly Rule<Remove>[] = [
  unknown('remove'),
  refuse(
    'ENODEV',
    {
      id: 'remove/absent',
      says: 'A device that is not there cannot leave.',
      cite: [linux('iommu_release_device')],
    },
    (s, o) => s.devices[o.device]!.state === 'absent',
  ),
  refuse(
    'EBUSY',
    {
      id: 'remove/in-use',
      says: 'A device that VFIO has taken stays while its group is claimed; how long somebody waits for that is not judged.',
      cite: [linux('vfio_unregister_group_dev'), cite('ours', 'ADR-0013: what spapr-tce corrects')],
    },
    (s, o) => s.devices[o.device]!.state === 'vfio' && groupOf(s, o.device)!.domain === 'blocked',
  ),
  ending(
    {
      id: 'remove/left',
      says: 'The device leaves its group, and drops its reference.',
      cite: [linux('iommu_release_device')],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: withoutUnreferenced(withState(s, o.device, 'absent'), s.devices[o.device]!.group),
    }),
  ),
];

/** Cache coherency is answered by the operations of the bridge's IOMMU: no operations, no coherency. */
const coherent = (s: State, device: number): boolean =>
  s.devices[device]!.state !== 'absent' && bridgeOf(s, device)!.iommu;

export const capable: readonly Rule<Capable>[] = [
  unknown('capable'),
  ending(
    {
      id: 'capable/answered',
      says: 'A device is known to be cache coherent if an IOMMU is registered for its bridge.',
      cite: [
        linux('spapr_tce_iommu_capable'),
        mail('"This adds an iommu_ops stub which reports support for cache coherency"'),
      ],
    },
    (s, o) => ({ outcome: { is: 'ok', coherent: coherent(s, o.device) }, state: s }),
  ),
];

export const bind: readonly Rule<Bind>[] = [
  unknown('bind'),
  refuse(
    'EINVAL',
    {
      id: 'bind/no-group',
      says: 'VFIO takes only a device that has a group.',
      cite: [linux('vfio_group_find_or_alloc')],
    },
    (s, o) => s.devices[o.device]!.state === 'absent',
  ),
  refuse(
    'EBUSY',
    {
      id: 'bind/taken',
      says: 'VFIO takes a device once.',
      cite: [linux('vfio_register_group_dev')],
    },
    (s, o) => s.devices[o.device]!.state === 'vfio',
  ),
  refuse(
    'EINVAL',
    {
      id: 'bind/not-coherent',
      says: 'VFIO takes only a device that is known to be cache coherent.',
      cite: [
        linux('vfio_group_find_or_alloc: device_iommu_capable'),
        mail('"added a coherency capability check to the generic part of VFIO"'),
      ],
    },
    (s, o) => !coherent(s, o.device),
  ),
  ending(
    { id: 'bind/taken-over', says: 'VFIO has the device.', cite: [linux('vfio_register_group_dev')] },
    (s, o) => ({ outcome: { is: 'ok' }, state: withState(s, o.device, 'vfio') }),
  ),
];
