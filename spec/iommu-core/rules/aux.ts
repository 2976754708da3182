// How was a domain attached as an aux domain, from Linux 5.1 to 5.17?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { fits, hasItsGroup } from '../groups.js';
import { auxUnused } from '../leaving.js';
import { inUse, nextNumber, takeNumber } from '../numbers.js';
import { programmed } from '../pasids.js';
import type { PolicyValues } from '../policies.js';
import { NONE, type Op, type State } from '../state.js';
import { inGroup, OK, ours, type Rule } from './checks.js';

type Attach = Extract<Op, { op: 'aux_attach' }>;
type Detach = Extract<Op, { op: 'aux_detach' }>;

const ATTACH = cite('linux-5', 'intel_iommu_aux_attach_device, aux_domain_add_dev');
const DETACH = cite('linux-5', 'intel_iommu_aux_detach_device, aux_domain_remove_dev');
const GROUP = cite('mail-2020', 'patch 1: iommu_aux_attach_group');

export const useKey = (s: State, domain: number, device: number): number =>
  domain * s.devices.length + device;

/** The PASID of the domain, or the one that it would get on this device; 0: there is none. */
const pasidFor = (s: State, o: Attach, p: PolicyValues): number =>
  s.domains.get(o.domain).pasid || nextNumber(s, o.device, p);

const noOp = <O extends { readonly device: number }>(op: string): Rule<O> =>
  refuse(
    'ENODEV',
    {
      id: `${op}/no-aux`,
      says: 'A driver without aux domains is not asked.',
      cite: [cite('linux-5', 'iommu_aux_attach_device')],
    },
    (s, o) => {
      const { instance } = s.devices[o.device]!;
      return instance < 0 || !s.instances[instance]!.aux;
    },
  );

const noDomain = <O extends { readonly domain: number }>(op: string): Rule<O> =>
  refuse(
    'ENOENT',
    { id: `${op}/no-domain`, says: 'A domain that nobody allocated cannot be attached.', cite: [ours] },
    (s, o) => !s.domains.has(o.domain),
  );

export const auxAttach: readonly Rule<Attach>[] = [
  inGroup('aux_attach', ATTACH),
  noDomain('aux_attach'),
  noOp('aux_attach'),
  refuse(
    'EINVAL',
    {
      id: 'aux_attach/not-its-parent',
      says: 'The domain of a mediated device is attached to its own parent.',
      cite: [GROUP],
    },
    (s, o) => o.mdev !== null && (!hasItsGroup(s, o.mdev) || s.devices[o.mdev]!.parent !== o.device),
  ),
  refuse(
    'EBUSY',
    {
      id: 'aux_attach/mediated-attached',
      says: 'The group of a mediated device has one domain.',
      cite: [GROUP],
    },
    (s, o) => o.mdev !== null && s.groups[s.devices[o.mdev]!.home]!.domain !== NONE,
  ),
  refuse(
    'EPERM',
    { id: 'aux_attach/off', says: 'The feature must be on.', cite: [ATTACH] },
    (s, o) => !s.devices[o.device]!.aux,
  ),
  refuse(
    'EINVAL',
    {
      id: 'aux_attach/does-not-fit',
      says: "A domain that the parent's instance cannot translate by is refused.",
      cite: [ATTACH],
    },
    (s, o) => !fits(s, s.instances[s.devices[o.device]!.instance]!, o.domain),
  ),
  refuse(
    'ENODEV',
    { id: 'aux_attach/no-pasid', says: 'The first attach of a domain needs a free PASID.', cite: [ATTACH] },
    (s, o, p) => pasidFor(s, o, p) === 0,
  ),
  refuse(
    'ENODEV',
    {
      id: 'aux_attach/number-fails',
      says: 'A free PASID needs memory to be written down, which may not be had.',
      cite: [ATTACH, cite('linux-5', 'ioasid_alloc: INVALID_IOASID')],
    },
    (s, o, p) => p['pasid-allocator'] !== 'device-driver' && s.domains.get(o.domain).pasid === 0,
    'may',
  ),
  refuse(
    'EBUSY',
    {
      id: 'aux_attach/pasid-used',
      says: 'A domain has one PASID on all its devices, so a device that uses that number for something else, or does not have it, cannot have the domain.',
      cite: [ATTACH, ours],
    },
    (s, o, p) => {
      const pasid = pasidFor(s, o, p);
      const d = s.devices[o.device]!;
      const own = s.auxUses.has(useKey(s, o.domain, o.device));
      return !own && (pasid >= d.pasids || inUse(s, o.device, pasid));
    },
  ),
  refuse(
    'ENOMEM',
    {
      id: 'aux_attach/attach-fails',
      says: 'Programming the PASID may fail, and what this call took is given back.',
      cite: [ATTACH],
    },
    (s, o) => !s.auxUses.has(useKey(s, o.domain, o.device)),
    'may',
  ),
  ending(
    {
      id: 'aux_attach/attached',
      says: "The domain has one PASID, on every device alike; the first use by a device programs it, and the device's own traffic goes on as before.",
      cite: [
        ATTACH,
        cite('mail-2021', '"when one of them becomes the primary all the remaining are deemed as auxiliary"'),
      ],
    },
    (s, o, p) => ({ outcome: OK, state: attached(s, o, p) }),
  ),
];

function attached(s: State, o: Attach, p: PolicyValues): State {
  const row = s.domains.get(o.domain);
  const pasid = pasidFor(s, o, p);
  const key = useKey(s, o.domain, o.device);
  const numbered = row.pasid > 0 ? s : takeNumber(s, o.device, pasid, p);
  const instance = row.kind === 'unset' ? s.devices[o.device]!.instance : row.instance;
  const on = patch(programmed(numbered, s.devices[o.device]!.resets > 0 ? [] : [o.device], pasid, o.domain), {
    domains: s.domains.set(o.domain, { kind: 'paging', instance, pasid }),
    auxUses: s.auxUses.set(key, { count: s.auxUses.get(key).count + 1 }),
  });
  if (o.mdev === null) return on;
  const flag = p['aux-flag'] === 'group';
  return patch(on, {
    groups: patchAt(on.groups, s.devices[o.mdev]!.home, { domain: o.domain, auxAttached: flag }),
  });
}

export const auxDetach: readonly Rule<Detach>[] = [
  inGroup('aux_detach', DETACH),
  ending(
    {
      id: 'aux_detach/nothing',
      says: 'Without the feature, or of a domain that is not attached, a detach silently does nothing.',
      cite: [DETACH],
    },
    s => ({ outcome: OK, state: s }),
    (s, o) => !s.devices[o.device]!.aux || !s.auxUses.has(useKey(s, o.domain, o.device)),
  ),
  ending(
    {
      id: 'aux_detach/detached',
      says: 'One use less; the last use by a device blocks the PASID there, and the last of all gives it back.',
      cite: [DETACH],
    },
    (s, o, p) => ({ outcome: OK, state: detached(s, o, p) }),
  ),
];

function detached(s: State, o: Detach, p: PolicyValues): State {
  const key = useKey(s, o.domain, o.device);
  const { count } = s.auxUses.get(key);
  const { pasid } = s.domains.get(o.domain);
  const less = patch(s, {
    auxUses: count > 1 ? s.auxUses.set(key, { count: count - 1 }) : s.auxUses.delete(key),
  });
  const off = count > 1 ? less : auxUnused(programmed(less, [o.device], pasid, NONE), o.domain, o.device, p);
  const home = o.mdev === null ? -1 : (s.devices[o.mdev]?.home ?? -1);
  if (home < 0 || s.groups[home]!.domain !== o.domain || s.devices[o.mdev!]!.parent < 0) return off;
  return patch(off, { groups: patchAt(off.groups, home, { domain: NONE, auxAttached: false }) });
}
