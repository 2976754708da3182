// How does a device join the group of its PE, and when does VFIO take it?

import { patch, patchAt } from '../../kit/record.js';
import { always } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { groupReferences } from '../group.js';
import type { PolicyValues } from '../policies.js';
import { hasOperations } from '../releases.js';
import type { Device, Op, State } from '../state.js';
import { about, linux, type Rule } from './ioctl.js';

type Probe = Extract<Op, { op: 'probe' }>;
type Remove = Extract<Op, { op: 'remove' }>;
type Capable = Extract<Op, { op: 'capable' }>;
type Bind = Extract<Op, { op: 'bind' }>;

const mail = (at: string) => cite('mail-2022-ppc', at);

const known = (s: State, device: number): boolean => device < s.devices.length;
const withState = (s: State, device: number, state: Device['state']): State =>
  patch(s, { devices: patchAt(s.devices, device, { state }) });

const unknown = <O extends { readonly device: number }>(op: string): Rule<O> =>
  about<O>(op, cite('ours', 'ADR-0004: what the law leaves to others')).must(
    'no-device',
    'ENODEV',
    'The machine must have the device.',
    (s, o) => !known(s, o.device),
  );

const groupOf = (s: State, device: number) => s.groups[s.devices[device]!.group];
const bridgeOf = (s: State, device: number) => s.bridges[s.devices[device]!.bridge];

/** Has the bridge IOMMU operations, in this release? */
const operates = (s: State, device: number, p: PolicyValues): boolean =>
  hasOperations(p) && bridgeOf(s, device)!.iommu;

const onProbe = about<Probe>('probe', linux('spapr_tce_iommu_probe_device'));

export const probe: readonly Rule<Probe>[] = [
  unknown('probe'),
  onProbe.must(
    'no-bridge',
    'ENODEV',
    'The device must be behind a PCI host bridge.',
    (s, o) => bridgeOf(s, o.device) === undefined,
  ),
  onProbe.must(
    'present',
    'EBUSY',
    'The device must not have a group yet.',
    (s, o) => s.devices[o.device]!.state !== 'absent',
    { cite: [linux('iommu_add_device: device_iommu_mapped')] },
  ),
  onProbe.must(
    'bridge-names-no-group',
    'ENOENT',
    'The controller of the bridge must be able to name the group of a device.',
    (s, o, p) => operates(s, o.device, p) && !bridgeOf(s, o.device)!.deviceGroup,
    { cite: [linux('spapr_tce_iommu_device_group'), mail('"if (!hose->controller_ops.device_group)"')] },
  ),
  onProbe.must(
    'no-endpoint',
    'ENODEV',
    'The PE must be set up before its devices are probed.',
    (s, o) => groupOf(s, o.device)?.exists !== true,
    { cite: [linux('pnv_pci_device_group'), linux('iommu_add_device')] },
  ),
  onProbe.ends(
    'added',
    'Behind a bridge without IOMMU operations the device is added to the group.',
    (s, o) => ({ outcome: { is: 'ok' }, state: withState(s, o.device, 'present') }),
    (s, o, p) => !operates(s, o.device, p),
    { cite: [cite('linux-6.1', 'iommu_add_device')] },
  ),
  onProbe.ends(
    'joined',
    'The device joins the group that its bridge names, and keeps the reference that device_group took.',
    (s, o, p) => ({ outcome: { is: 'ok' }, state: joinedGroup(s, o.device, p['device-group-reference']) }),
    always,
    {
      cite: [mail('"Is this missing a refcount get on the group?"'), linux('iommu_init_device')],
      status: 'disputed',
    },
  ),
];

/** The core drops the reference of device_group with the device. If that took none, one is lost that is not its own. */
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

const onRemove = about<Remove>('remove', linux('iommu_release_device'));

export const remove: readonly Rule<Remove>[] = [
  unknown('remove'),
  onRemove.must(
    'absent',
    'ENODEV',
    'The device must be there.',
    (s, o) => s.devices[o.device]!.state === 'absent',
  ),
  onRemove.must(
    'in-use',
    'EBUSY',
    'A device that VFIO has taken stays while its group is claimed. How long somebody waits for that is not judged.',
    (s, o) => s.devices[o.device]!.state === 'vfio' && groupOf(s, o.device)!.domain === 'blocked',
    { cite: [linux('vfio_unregister_group_dev'), cite('ours', 'ADR-0013: what spapr-tce corrects')] },
  ),
  onRemove.ends('left', 'The device leaves its group and drops its reference.', (s, o) => ({
    outcome: { is: 'ok' },
    state: withoutUnreferenced(withState(s, o.device, 'absent'), s.devices[o.device]!.group),
  })),
];

/** Cache coherency is answered by the operations of the bridge's IOMMU: no operations, no coherency. */
const coherent = (s: State, device: number, p: PolicyValues): boolean =>
  s.devices[device]!.state !== 'absent' && operates(s, device, p);

const onCapable = about<Capable>(
  'capable',
  linux('spapr_tce_iommu_capable'),
  mail('"This adds an iommu_ops stub which reports support for cache coherency"'),
);

export const capable: readonly Rule<Capable>[] = [
  unknown('capable'),
  onCapable.ends(
    'answered',
    'A device is known to be cache coherent if an IOMMU is registered for its bridge.',
    (s, o, p) => ({ outcome: { is: 'ok', coherent: coherent(s, o.device, p) }, state: s }),
  ),
];

const onBind = about<Bind>('bind', linux('vfio_register_group_dev'));

export const bind: readonly Rule<Bind>[] = [
  unknown('bind'),
  onBind.must(
    'no-group',
    'EINVAL',
    'The device must have a group.',
    (s, o) => s.devices[o.device]!.state === 'absent',
    { cite: [linux('vfio_group_find_or_alloc')] },
  ),
  onBind.must(
    'taken',
    'EINVAL',
    'VFIO must not have the device already.',
    (s, o) => s.devices[o.device]!.state === 'vfio',
    { cite: [linux('vfio_group_find_or_alloc: vfio_group_has_device')] },
  ),
  onBind.must(
    'not-coherent',
    'EINVAL',
    'The device must be known to be cache coherent.',
    (s, o, p) => !coherent(s, o.device, p),
    {
      cite: [
        linux('__vfio_register_dev: device_iommu_capable'),
        cite('linux-6.1', 'vfio_group_find_or_alloc: device_iommu_capable'),
        mail('"added a coherency capability check to the generic part of VFIO"'),
      ],
    },
  ),
  onBind.ends('taken-over', 'VFIO has the device.', (s, o) => ({
    outcome: { is: 'ok' },
    state: withState(s, o.device, 'vfio'),
  })),
];
