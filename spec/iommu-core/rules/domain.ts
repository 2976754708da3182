// How is a domain allocated, and when may it be freed?
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { isOld, SINCE_612, UNTIL_612 } from '../releases.js';
import { freed, known, referred } from '../state/domain.js';
import { hasIommu, hasItsGroup, membersOf } from '../state/group.js';
import type { Domain, State } from '../state.js';
import { at, chapterOf, done, OURS, operation, ours, type Rule, type The } from './chapter.js';

type Alloc = The<'alloc_by_device'> | The<'alloc_by_group'> | The<'alloc_by_bus'>;

const ALLOC = cite('linux-6.12-7.2', 'iommu_paging_domain_alloc');
const BY_GROUP = cite('mail-2022', '"domain = iommu_group_alloc_domain(group)"');

const mayFail = <O extends Alloc>(op: O['op']): readonly Rule<O>[] => {
  const { must, may } = chapterOf<O>(op, ALLOC);
  return [
    must(
      'name-taken',
      'EEXIST',
      'The name for the new domain is taken.',
      (s, o) => s.domains.has(o.as),
      OURS,
    ),
    may('no-memory', 'ENOMEM', 'The allocation fails.'),
  ];
};

const made = (s: State, o: Alloc, kind: Domain['kind'], instance: number): State =>
  patch(s, { domains: s.domains.set(o.as, { kind, instance, pasid: 0 }) });

const FOR_DEVICE = operation('alloc_by_device', ALLOC);

export const allocByDevice: readonly Rule<The<'alloc_by_device'>>[] = [
  FOR_DEVICE.must(
    'no-iommu',
    'ENODEV',
    'The device is behind no IOMMU, or not in its group.',
    (s, o) => !hasItsGroup(s, o.device) || s.devices[o.device]!.instance < 0,
  ),
  ...mayFail<The<'alloc_by_device'>>('alloc_by_device'),
  FOR_DEVICE.ends(
    'made',
    "The domain is empty, and has the format, page sizes and width of the device's IOMMU instance.",
    (s, o) => done(made(s, o, 'paging', s.devices[o.device]!.instance)),
  ),
];

const FOR_GROUP = operation('alloc_by_group', BY_GROUP);

export const allocByGroup: readonly Rule<The<'alloc_by_group'>>[] = [
  FOR_GROUP.must(
    'no-device',
    'ENODEV',
    'The group has no device behind an IOMMU whose driver could allocate the domain.',
    (s, o) => !hasIommu(s, o.group),
  ),
  ...mayFail<The<'alloc_by_group'>>('alloc_by_group'),
  FOR_GROUP.ends(
    'made',
    'The core holds the group and calls the driver of its first member, to which the domain belongs.',
    (s, o) => done(made(s, o, 'paging', s.devices[membersOf(s, o.group)[0]!]!.instance)),
    undefined,
    at(
      BY_GROUP,
      cite('mail-2022', '"the iommu code can hold the internal group while it finds the bus/device"'),
    ),
  ),
];

/** The instances that the devices of a bus are behind, as far as they were found. */
const onBus = (s: State, bus: number): readonly number[] =>
  s.devices.flatMap(d => (d.bus === bus && d.member && d.instance >= 0 ? [d.instance] : []));

/** The instance whose driver is asked: of the first device of the bus, in 6.1 the one driver of the machine. */
const instanceForBus = (s: State, bus: number, p: PolicyValues): number | undefined =>
  isOld(p) ? s.instances.map((_, at) => at)[0] : onBus(s, bus)[0];

const FOR_BUS = operation('alloc_by_bus');

export const allocByBus: readonly Rule<The<'alloc_by_bus'>>[] = [
  FOR_BUS.must(
    'no-iommu',
    'ENODEV',
    'No device of the bus was found behind an IOMMU; in 6.1, the machine has no IOMMU whose driver serves the bus.',
    (s, o, p) => instanceForBus(s, o.bus, p) === undefined,
    at(cite('linux-6.12', 'iommu_domain_alloc'), cite('linux-6.1', '__iommu_domain_alloc: bus->iommu_ops')),
  ),
  FOR_BUS.must(
    'two-drivers',
    'ENODEV',
    'The devices of the bus are behind IOMMUs of two drivers.',
    (s, o) => new Set(onBus(s, o.bus).map(i => s.instances[i]!.driver)).size > 1,
    {
      ...at(cite('linux-6.12', '__iommu_domain_alloc_dev: "Multiple IOMMU drivers present for bus"')),
      ...SINCE_612,
    },
  ),
  ...mayFail<The<'alloc_by_bus'>>('alloc_by_bus'),
  FOR_BUS.ends(
    'made-with-table',
    "The driver is VT-d's or AMD's, which makes the table of the domain at once.",
    (s, o, p) => done(made(s, o, 'paging', instanceForBus(s, o.bus, p)!)),
    (s, o, p) => ['vtd', 'amd'].includes(s.instances[instanceForBus(s, o.bus, p)!]!.code),
    {
      ...at(
        cite('linux-6.12', 'intel_iommu_domain_alloc, amd_iommu_domain_alloc'),
        cite('linux-6.1', 'intel_iommu_domain_alloc, amd_iommu_domain_alloc'),
      ),
      ...UNTIL_612,
    },
  ),
  FOR_BUS.ends(
    'made',
    'The bus does not tell which IOMMU instance is meant, so the domain has no format until its first attach.',
    (s, o, p) => done(made(s, o, 'unset', instanceForBus(s, o.bus, p)!)),
    undefined,
    at(
      cite('linux-6.12', 'iommu_domain_alloc, arm_smmu_attach_dev: arm_smmu_domain_finalise'),
      cite('mail-2022', '"the bus-based interfaces need to go away"'),
    ),
  ),
];

const FREE = cite('linux-6.1-7.2', 'iommu_domain_free');
const FREE_DOMAIN = operation('free_domain', FREE);

export const freeDomain: readonly Rule<The<'free_domain'>>[] = [
  FREE_DOMAIN.must(
    'no-domain',
    'ENOENT',
    'The domain does not exist, or was freed.',
    (s, o) => !s.domains.has(o.domain),
    OURS,
  ),
  FREE_DOMAIN.must(
    'attached',
    'EBUSY',
    'The caller has not detached the domain everywhere.',
    (s, o) => known(s, o.domain),
    at(FREE, ours),
  ),
  FREE_DOMAIN.must(
    'hardware-on-it',
    'EBUSY',
    'A device is still attached to the domain, since its detach failed (policy free-trusts-detach=no).',
    (s, o, p) => p['free-trusts-detach'] === 'no' && referred(s, o.domain),
    {
      cite: [
        cite('linux-6.12-7.2', '__iommu_device_set_domain: "in hopes of avoiding a UAF"'),
        cite('ours', 'ADR-0012: a domain lives while hardware is on it'),
      ],
      status: 'disputed',
    },
  ),
  FREE_DOMAIN.ends('freed', 'The domain and all its mappings are gone.', (s, o) => done(freed(s, o.domain))),
];
