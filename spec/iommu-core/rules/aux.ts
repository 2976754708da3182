// How was a domain attached as an aux domain, from Linux 5.1 to 5.17?
import { patch, patchAt } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { fits } from '../state/domain.js';
import { hasItsGroup, homeOf } from '../state/group.js';
import { auxUnused, auxUse } from '../state/leave.js';
import { programmed } from '../state/pasid.js';
import { inUse, nextNumber, takeNumber } from '../state/pasid-number.js';
import { NONE, type State } from '../state.js';
import { at, done, inGroup, OURS, operation, ours, type Rule, type The } from './chapter.js';

type Attach = The<'aux_attach'>;
type Detach = The<'aux_detach'>;

const ATTACH = cite('linux-5.10', 'intel_iommu_aux_attach_device, aux_domain_add_dev');
const DETACH = cite('linux-5.10', 'intel_iommu_aux_detach_device, aux_domain_remove_dev');
const GROUP = at(cite('mail-2020', 'patch 1: iommu_aux_attach_group'));

const useOf = (s: State, o: Attach | Detach): number => auxUse(s, o.domain, o.device);

/** The PASID of the domain, or the one that it would get on this device; 0: there is none. */
const pasidFor = (s: State, o: Attach, p: PolicyValues): number =>
  s.domains.get(o.domain).pasid || nextNumber(s, o.device, p);

const attach = operation('aux_attach', ATTACH);

export const auxAttach: readonly Rule<Attach>[] = [
  inGroup(attach),
  attach.must(
    'no-domain',
    'ENOENT',
    'The domain was not allocated.',
    (s, o) => !s.domains.has(o.domain),
    OURS,
  ),
  attach.must(
    'no-aux',
    'ENODEV',
    'The driver has no aux domains.',
    (s, o) => s.instances[s.devices[o.device]!.instance]?.aux !== true,
    at(cite('linux-5.10', 'iommu_aux_attach_device')),
  ),
  attach.must(
    'not-its-parent',
    'EINVAL',
    'The device is not the parent of the mediated device.',
    (s, o) => o.mdev !== null && (!hasItsGroup(s, o.mdev) || s.devices[o.mdev]!.parent !== o.device),
    GROUP,
  ),
  attach.must(
    'mediated-attached',
    'EBUSY',
    'The group of the mediated device has a domain already.',
    (s, o) => o.mdev !== null && s.groups[s.devices[o.mdev]!.home]!.domain !== NONE,
    GROUP,
  ),
  attach.must(
    'off',
    'EPERM',
    'Aux domains are not enabled for the device.',
    (s, o) => !s.devices[o.device]!.aux,
  ),
  attach.must(
    'does-not-fit',
    'EINVAL',
    "The device's IOMMU instance cannot translate by the domain.",
    (s, o) => !fits(s, s.instances[s.devices[o.device]!.instance]!, o.domain),
  ),
  attach.must(
    'no-pasid',
    'ENODEV',
    'The domain has no PASID, and none is free.',
    (s, o, p) => pasidFor(s, o, p) === 0,
  ),
  attach.may(
    'number-fails',
    'ENODEV',
    'The domain has no PASID, and there is no memory to allocate one.',
    (s, o, p) => p['pasid-allocator'] !== 'device-driver' && s.domains.get(o.domain).pasid === 0,
    at(ATTACH, cite('linux-5.10', 'ioasid_alloc: INVALID_IOASID')),
  ),
  attach.must(
    'pasid-used',
    'EBUSY',
    'The device uses the PASID of the domain for something else, or does not have it: a domain has one PASID on all devices.',
    (s, o, p) => {
      const pasid = pasidFor(s, o, p);
      const own = s.auxUses.has(useOf(s, o));
      return !own && (pasid >= s.devices[o.device]!.pasids || inUse(s, o.device, pasid));
    },
    at(ATTACH, ours),
  ),
  attach.may(
    'attach-fails',
    'ENOMEM',
    'The driver fails to attach the PASID, and what this call took is given back.',
    (s, o) => !s.auxUses.has(useOf(s, o)),
  ),
  attach.ends(
    'attached',
    "The domain has one PASID on all devices. The first use by a device attaches it; the device's traffic without a PASID goes on as before.",
    (s, o, p) => done(attached(s, o, p)),
    undefined,
    at(
      ATTACH,
      cite('mail-2021', '"when one of them becomes the primary all the remaining are deemed as auxiliary"'),
    ),
  ),
];

function attached(s: State, o: Attach, p: PolicyValues): State {
  const row = s.domains.get(o.domain);
  const { resets, instance: own } = s.devices[o.device]!;
  const pasid = pasidFor(s, o, p);
  const numbered = row.pasid > 0 ? s : takeNumber(s, o.device, pasid, p);
  const instance = row.kind === 'unset' ? own : row.instance;
  const on = patch(programmed(numbered, resets > 0 ? [] : [o.device], pasid, o.domain), {
    domains: s.domains.set(o.domain, { kind: 'paging', instance, pasid }),
    auxUses: s.auxUses.set(useOf(s, o), { count: s.auxUses.get(useOf(s, o)).count + 1 }),
  });
  if (o.mdev === null) return on;
  const auxAttached = p['aux-flag'] === 'group';
  return patch(on, {
    groups: patchAt(on.groups, s.devices[o.mdev]!.home, { domain: o.domain, auxAttached }),
  });
}

const detach = operation('aux_detach', DETACH);

export const auxDetach: readonly Rule<Detach>[] = [
  inGroup(detach),
  detach.ends(
    'nothing',
    'Aux domains are not enabled, or the domain is not attached as one: nothing changes.',
    s => done(s),
    (s, o) => !s.devices[o.device]!.aux || !s.auxUses.has(useOf(s, o)),
  ),
  detach.ends(
    'detached',
    'One use less. The last use by a device blocks the PASID there, and the last use of all frees it.',
    (s, o, p) => done(detached(s, o, p)),
  ),
];

function detached(s: State, o: Detach, p: PolicyValues): State {
  const { count } = s.auxUses.get(useOf(s, o));
  const { pasid } = s.domains.get(o.domain);
  const less = patch(s, {
    auxUses: count > 1 ? s.auxUses.set(useOf(s, o), { count: count - 1 }) : s.auxUses.delete(useOf(s, o)),
  });
  const off = count > 1 ? less : auxUnused(programmed(less, [o.device], pasid, NONE), o.domain, o.device, p);
  const mdev = s.devices[o.mdev ?? -1];
  if (mdev === undefined || mdev.parent < 0 || s.groups[homeOf(s, { device: o.mdev! })]!.domain !== o.domain)
    return off;
  return patch(off, { groups: patchAt(off.groups, mdev.home, { domain: NONE, auxAttached: false }) });
}
