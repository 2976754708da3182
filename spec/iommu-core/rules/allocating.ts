// How is a domain made, and when may it be given back?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { groupWorks, hasItsGroup, known, membersOf, referred } from '../groups.js';
import { freed } from '../leaving.js';
import type { Op, State } from '../state.js';
import { OK, ours, type Rule } from './checks.js';

type ByDevice = Extract<Op, { op: 'alloc_by_device' }>;
type ByGroup = Extract<Op, { op: 'alloc_by_group' }>;
type ByBus = Extract<Op, { op: 'alloc_by_bus' }>;
type Free = Extract<Op, { op: 'free_domain' }>;

const ALLOC = cite('linux', 'iommu_paging_domain_alloc');
const BY_GROUP = cite('mail-2022', '"domain = iommu_group_alloc_domain(group)"');

const nameFree = <O extends ByDevice | ByGroup | ByBus>(op: string): Rule<O> =>
  refuse(
    'EEXIST',
    { id: `${op}/name-taken`, says: 'The name for the new domain must be free.', cite: [ours] },
    (s, o) => s.domains.has(o.as),
  );

const noMemory = <O extends ByDevice | ByGroup | ByBus>(op: string): Rule<O> =>
  refuse(
    'ENOMEM',
    { id: `${op}/no-memory`, says: 'The allocation may fail.', cite: [ALLOC] },
    () => true,
    'may',
  );

const made = (s: State, as: number, device: number): State =>
  patch(s, {
    domains: s.domains.set(as, { kind: 'paging', instance: s.devices[device]!.instance, pasid: 0 }),
  });

export const allocByDevice: readonly Rule<ByDevice>[] = [
  refuse(
    'ENODEV',
    {
      id: 'alloc_by_device/no-iommu',
      says: 'A device behind no IOMMU, or not in its group, has no driver that could make a domain.',
      cite: [ALLOC],
    },
    (s, o) => !hasItsGroup(s, o.device) || s.devices[o.device]!.instance < 0,
  ),
  nameFree('alloc_by_device'),
  noMemory('alloc_by_device'),
  ending(
    {
      id: 'alloc_by_device/made',
      says: "The domain is empty, and has the format, page sizes and width of the device's IOMMU instance.",
      cite: [ALLOC],
    },
    (s, o) => ({ outcome: OK, state: made(s, o.as, o.device) }),
  ),
];

export const allocByGroup: readonly Rule<ByGroup>[] = [
  refuse(
    'ENODEV',
    {
      id: 'alloc_by_group/no-device',
      says: 'A group without a device behind an IOMMU cannot say which driver makes its domain.',
      cite: [BY_GROUP],
    },
    (s, o) => !groupWorks(s, o.group),
  ),
  nameFree('alloc_by_group'),
  noMemory('alloc_by_group'),
  ending(
    {
      id: 'alloc_by_group/made',
      says: 'The core finds a device while it holds the group, and calls its driver: the domain is that of the first member.',
      cite: [
        BY_GROUP,
        cite('mail-2022', '"the iommu code can hold the internal group while it finds the bus/device"'),
      ],
    },
    (s, o) => ({ outcome: OK, state: made(s, o.as, membersOf(s, o.group)[0]!) }),
  ),
];

/** The instances that the devices of a bus are behind, as far as they were found. */
const onBus = (s: State, bus: number): readonly number[] =>
  s.devices.flatMap(d => (d.bus === bus && d.member && d.instance >= 0 ? [d.instance] : []));

export const allocByBus: readonly Rule<ByBus>[] = [
  refuse(
    'ENODEV',
    {
      id: 'alloc_by_bus/no-iommu',
      says: 'A bus on which no device was found behind an IOMMU has no driver that could make a domain.',
      cite: [cite('linux-5', 'iommu_domain_alloc: bus->iommu_ops')],
    },
    (s, o) => onBus(s, o.bus).length === 0,
  ),
  refuse(
    'ENODEV',
    {
      id: 'alloc_by_bus/two-drivers',
      says: 'A bus whose devices are behind IOMMUs of two drivers cannot tell whose domain is meant.',
      cite: [cite('linux', '__iommu_domain_alloc_dev: "Multiple IOMMU drivers present for bus"')],
    },
    (s, o) => new Set(onBus(s, o.bus).map(i => s.instances[i]!.driver)).size > 1,
  ),
  nameFree('alloc_by_bus'),
  noMemory('alloc_by_bus'),
  ending(
    {
      id: 'alloc_by_bus/made',
      says: 'The bus does not tell which IOMMU instance is meant, so the domain has no format until its first attach.',
      cite: [
        cite('linux-5', 'iommu_domain_alloc'),
        cite('mail-2022', '"the bus-based interfaces need to go away"'),
      ],
    },
    (s, o) => ({
      outcome: OK,
      state: patch(s, {
        domains: s.domains.set(o.as, { kind: 'unset', instance: onBus(s, o.bus)[0]!, pasid: 0 }),
      }),
    }),
  ),
];

const FREE = cite('linux', 'iommu_domain_free');

export const freeDomain: readonly Rule<Free>[] = [
  refuse(
    'ENOENT',
    { id: 'free_domain/no-domain', says: 'A domain is freed once.', cite: [ours] },
    (s, o) => !s.domains.has(o.domain),
  ),
  refuse(
    'EBUSY',
    {
      id: 'free_domain/attached',
      says: 'A domain that the caller has not detached everywhere is not his to free.',
      cite: [FREE, ours],
    },
    (s, o) => known(s, o.domain),
  ),
  refuse(
    'EBUSY',
    {
      id: 'free_domain/hardware-on-it',
      says: 'A domain that a device is still on, since its detach failed, is not freed (policy free-trusts-detach=no).',
      cite: [
        cite('linux', '__iommu_device_set_domain: "in hopes of avoiding a UAF"'),
        cite('ours', 'ADR-0012: a domain lives while hardware is on it'),
      ],
      status: 'disputed',
    },
    (s, o, p) => p['free-trusts-detach'] === 'no' && referred(s, o.domain),
  ),
  ending(
    { id: 'free_domain/freed', says: 'The domain and all that it translated are gone.', cite: [FREE] },
    (s, o) => ({ outcome: OK, state: freed(s, o.domain) }),
  ),
];
