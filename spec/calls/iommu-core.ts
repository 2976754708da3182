// Which calls does a random walk of iommu-core make, and on which machines?
import { type Device, NONE, type Op, type Setup, type State } from '../iommu-core/state.js';
import { type ArmsOf, byWeight, type Calls } from './calls.js';
import type { Digits } from './digits.js';
import { CORE_MACHINES } from './iommu-core-machines.js';
import { iova, paddr, pasid, size, taken } from './iommu-core-values.js';

/** Domains, references and handles are named 0 to 5. */
const NAMES = 6;

/** As often as they are worth it: what takes things away comes seldom. */
export const CORE_ARMS: ArmsOf<Setup, State, Op> = {
  probe: {
    weight: 14,
    make: (d, s) => {
      const device = deviceWhere(d, s, v => !v.member);
      return d.rarely(4) ? { op: 'probe', device, queued: true } : { op: 'probe', device };
    },
  },
  remove: { weight: 3, make: (d, s) => ({ op: 'remove', device: deviceWhere(d, s, v => v.member) }) },
  setup_default: { weight: 4, make: (d, s) => ({ op: 'setup_default', group: group(d, s) }) },
  group_get: { weight: 2, make: (d, s) => ({ op: 'group_get', device: member(d, s), as: d.next(NAMES) }) },
  group_put: { weight: 2, make: (d, s) => ({ op: 'group_put', ref: named(d, taken(s.references)) }) },
  store_type: {
    weight: 4,
    make: (d, s) => ({
      op: 'store_type',
      group: group(d, s),
      type: d.of(['dma', 'dma-fq', 'identity', 'auto', 'nonsense'] as const),
      privileged: !d.rarely(8),
    }),
  },
  bind: {
    weight: 4,
    make: (d, s) => ({
      op: 'bind',
      device: deviceWhere(d, s, v => v.member && v.driver === 'none'),
      managed: d.next(2) === 1,
    }),
  },
  unbind: {
    weight: 4,
    make: (d, s) => ({ op: 'unbind', device: deviceWhere(d, s, v => v.driver !== 'none') }),
  },
  claim_group: { weight: 6, make: (d, s) => ({ op: 'claim_group', group: group(d, s), owner: owner(d) }) },
  release_group: { weight: 4, make: (d, s) => ({ op: 'release_group', group: owned(d, s) }) },
  claim_device: {
    weight: 4,
    make: (d, s) => ({ op: 'claim_device', device: member(d, s), owner: owner(d) }),
  },
  release_device: { weight: 3, make: (d, s) => ({ op: 'release_device', device: member(d, s) }) },
  owner_claimed: { weight: 1, make: (d, s) => ({ op: 'owner_claimed', group: group(d, s) }) },
  alloc_by_device: {
    weight: 10,
    make: (d, s) => ({ op: 'alloc_by_device', device: member(d, s), as: freshDomain(d, s) }),
  },
  alloc_by_group: {
    weight: 3,
    make: (d, s) => ({ op: 'alloc_by_group', group: group(d, s), as: freshDomain(d, s) }),
  },
  alloc_by_bus: {
    weight: 3,
    make: (d, s) => ({ op: 'alloc_by_bus', bus: bus(d, s), as: freshDomain(d, s) }),
  },
  free_domain: { weight: 3, make: (d, s) => ({ op: 'free_domain', domain: paging(d, s) }) },
  attach_device: {
    weight: 6,
    make: (d, s) => ({ op: 'attach_device', device: member(d, s), domain: domain(d, s) }),
  },
  detach_device: {
    weight: 4,
    make: (d, s) => {
      const device = member(d, s);
      return { op: 'detach_device', device, domain: attachedTo(d, s, homeOf(s, device)) };
    },
  },
  attach_group: {
    weight: 10,
    make: (d, s) => ({ op: 'attach_group', group: group(d, s), domain: domain(d, s) }),
  },
  detach_group: { weight: 4, make: (d, s) => onAttached(d, s, 'detach_group') },
  replace_group: {
    weight: 4,
    make: (d, s) => ({ op: 'replace_group', group: group(d, s), domain: d.rarely(5) ? null : domain(d, s) }),
  },
  attach_handle: {
    weight: 4,
    make: (d, s) => ({ op: 'attach_handle', group: group(d, s), domain: domain(d, s), handle: handle(d) }),
  },
  detach_handle: { weight: 3, make: (d, s) => onAttached(d, s, 'detach_handle') },
  replace_handle: {
    weight: 3,
    make: (d, s) => ({
      op: 'replace_handle',
      group: group(d, s),
      domain: d.rarely(8) ? null : domain(d, s),
      handle: handle(d),
    }),
  },
  handle_get: {
    weight: 2,
    make: (d, s) => ({
      op: 'handle_get',
      group: group(d, s),
      pasid: d.next(2) === 0 ? 0 : pasid(d, s),
      kind: d.of(['paging', 'sva', null] as const),
    }),
  },
  deferred_attach: {
    weight: 3,
    make: (d, s) => ({ op: 'deferred_attach', device: deviceWhere(d, s, v => v.deferred) }),
  },
  reset_prepare: { weight: 4, make: (d, s) => ({ op: 'reset_prepare', device: member(d, s) }) },
  reset_done: {
    weight: 5,
    make: (d, s) => ({ op: 'reset_done', device: deviceWhere(d, s, v => v.resets > 0) }),
  },
  settle: { weight: 1, make: (d, s) => ({ op: 'settle', device: deviceWhere(d, s, v => v.stale !== NONE) }) },
  pasid_alloc: { weight: 3, make: (d, s) => ({ op: 'pasid_alloc', device: member(d, s) }) },
  pasid_free: { weight: 2, make: (d, s) => ({ op: 'pasid_free', device: member(d, s), pasid: pasid(d, s) }) },
  attach_pasid: {
    weight: 7,
    make: (d, s) => ({
      op: 'attach_pasid',
      device: withPasids(d, s),
      domain: domain(d, s),
      pasid: pasid(d, s),
      handle: handle(d),
    }),
  },
  replace_pasid: {
    weight: 4,
    make: (d, s) => ({
      op: 'replace_pasid',
      device: withPasids(d, s),
      domain: domain(d, s),
      pasid: pasid(d, s),
      handle: handle(d),
    }),
  },
  detach_pasid: {
    weight: 3,
    make: (d, s) => ({ op: 'detach_pasid', device: withPasids(d, s), pasid: pasid(d, s) }),
  },
  sva_bind: {
    weight: 5,
    make: (d, s) => ({ op: 'sva_bind', device: withPasids(d, s), mm: d.next(s.mms.length) }),
  },
  sva_unbind: {
    weight: 3,
    make: (d, s) => ({ op: 'sva_unbind', device: withPasids(d, s), mm: d.next(s.mms.length) }),
  },
  mm_exit: { weight: 1, make: (d, s) => ({ op: 'mm_exit', mm: d.next(s.mms.length) }) },
  aux_enable: {
    weight: 3,
    make: (d, s) => ({ op: 'aux_enable', device: deviceWhere(d, s, v => v.member && !v.aux) }),
  },
  aux_disable: { weight: 1, make: (d, s) => ({ op: 'aux_disable', device: deviceWhere(d, s, v => v.aux) }) },
  aux_attach: {
    weight: 4,
    make: (d, s) => ({ op: 'aux_attach', device: parent(d, s), domain: paging(d, s), mdev: mediated(d, s) }),
  },
  aux_detach: {
    weight: 3,
    make: (d, s) => ({ op: 'aux_detach', device: parent(d, s), domain: paging(d, s), mdev: mediated(d, s) }),
  },
  aux_pasid: { weight: 2, make: (d, s) => ({ op: 'aux_pasid', device: parent(d, s), domain: paging(d, s) }) },
  aux_lookup: {
    weight: 2,
    make: (d, s) => ({ op: 'aux_lookup', device: deviceWhere(d, s, v => v.parent >= 0) }),
  },
  map: {
    weight: 14,
    make: (d, s) => ({
      op: 'map',
      domain: domain(d, s),
      iova: iova(d, s),
      paddr: paddr(d),
      size: size(d, s),
    }),
  },
  unmap: {
    weight: 8,
    make: (d, s) => ({ op: 'unmap', domain: domain(d, s), iova: iova(d, s), size: size(d, s) }),
  },
  iova_to_phys: {
    weight: 4,
    make: (d, s) => ({ op: 'iova_to_phys', domain: domain(d, s), iova: iova(d, s) + BigInt(d.next(3)) }),
  },
  dma: {
    weight: 16,
    make: (d, s) => ({
      op: 'dma',
      device: member(d, s),
      pasid: d.next(3) === 0 ? pasid(d, s) : null,
      iova: iova(d, s) + BigInt(d.next(3)),
    }),
  },
  capable: {
    weight: 2,
    make: (d, s) => {
      const of = d.of(['device', 'group', 'domain'] as const);
      const at = of === 'device' ? member(d, s) : of === 'group' ? group(d, s) : paging(d, s);
      const what = d.of([
        'cache-coherency',
        'enforce-coherency',
        'dirty-tracking',
        'isolated-msi',
        'pasid',
      ] as const);
      return { op: 'capable', of, at, what };
    },
  },
};

export const iommuCoreCalls: Calls<Setup, State, Op> = {
  machines: CORE_MACHINES,
  next: byWeight(CORE_ARMS, possible),
};

const OF_PROCESSES: readonly Op['op'][] = ['sva_bind', 'sva_unbind', 'mm_exit'];
const OF_AUX: readonly Op['op'][] = [
  'aux_enable',
  'aux_disable',
  'aux_attach',
  'aux_detach',
  'aux_pasid',
  'aux_lookup',
];
const OF_PASIDS: readonly Op['op'][] = [
  'attach_pasid',
  'replace_pasid',
  'detach_pasid',
  'pasid_alloc',
  'pasid_free',
];
const ON_DOMAINS: readonly Op['op'][] = [
  'attach_device',
  'attach_group',
  'attach_handle',
  'map',
  'unmap',
  'attach_pasid',
];

/** Without a device there is mostly a probe, without a domain an allocation; what the machine lacks comes seldom. */
function possible(op: Op['op'], d: Digits, s: State): Op['op'] {
  if (OF_PROCESSES.includes(op) && s.mms.length === 0) return 'dma';
  if (d.rarely(12)) return op;
  if (!s.devices.some(v => v.member)) return 'probe';
  const pasids = s.devices.some(v => v.pasids > 0);
  if (!pasids && (OF_PASIDS.includes(op) || OF_PROCESSES.includes(op))) return 'dma';
  if (OF_AUX.includes(op) && !s.instances.some(i => i.aux)) return 'map';
  return ON_DOMAINS.includes(op) && domains(s).length === 0 ? 'alloc_by_device' : op;
}

const domains = (s: State): readonly number[] => taken(s.domains);

/** Mostly one of these, now and then any name. */
const named = (d: Digits, names: readonly number[]): number =>
  names.length === 0 || d.rarely(12) ? d.next(NAMES) : d.of(names);

/** Mostly a device of which that is true; now and then any, or one past the end. */
function deviceWhere(d: Digits, s: State, fits: (device: Device) => boolean): number {
  if (d.rarely(24)) return s.devices.length;
  const some = s.devices.flatMap((v, at) => (fits(v) ? [at] : []));
  if (some.length > 0 && !d.rarely(10)) return d.of(some);
  return s.devices.length === 0 ? 0 : d.next(s.devices.length);
}

const member = (d: Digits, s: State): number => deviceWhere(d, s, v => v.member);
const withPasids = (d: Digits, s: State): number => deviceWhere(d, s, v => v.member && v.pasids > 0);
const parent = (d: Digits, s: State): number => deviceWhere(d, s, v => v.member && v.aux);
const mediated = (d: Digits, s: State): number | null =>
  d.rarely(4) ? null : deviceWhere(d, s, v => v.parent >= 0);

function group(d: Digits, s: State): number {
  if (d.rarely(24)) return s.groups.length;
  const there = s.groups.flatMap((g, at) => (g.refs > 0 ? [at] : []));
  return there.length > 0 && !d.rarely(12) ? d.of(there) : d.next(Math.max(1, s.groups.length));
}

function owned(d: Digits, s: State): number {
  const some = s.groups.flatMap((g, at) => (g.owner >= 0 ? [at] : []));
  return some.length > 0 && !d.rarely(6) ? d.of(some) : group(d, s);
}

const bus = (d: Digits, s: State): number =>
  d.rarely(12) || s.devices.length === 0 ? d.next(3) : d.of(s.devices).bus;
const owner = (d: Digits): number | null => (d.rarely(12) ? null : d.next(2));
const handle = (d: Digits): number | null => (d.next(3) === 0 ? null : d.next(NAMES));

function freshDomain(d: Digits, s: State): number {
  const name = d.next(NAMES);
  if (d.rarely(16)) return name;
  for (let n = 0; n < NAMES; n++) if (!s.domains.has((name + n) % NAMES)) return (name + n) % NAMES;
  return name;
}

const paging = (d: Digits, s: State): number => named(d, domains(s));

function domain(d: Digits, s: State): number | 'identity' | 'blocked' {
  if (d.rarely(6)) return d.next(2) === 0 ? 'identity' : 'blocked';
  return paging(d, s);
}

/** The domain that the group is on, where it has a name. */
function attachedTo(d: Digits, s: State, g: number): number | 'identity' | 'blocked' {
  const on = s.groups[g]?.domain ?? NONE;
  return on >= 0 && !d.rarely(8) ? on : domain(d, s);
}

const homeOf = (s: State, device: number): number => s.devices[device]?.home ?? 0;

function onAttached<K extends 'detach_group' | 'detach_handle'>(d: Digits, s: State, op: K) {
  const some = s.groups.flatMap((g, at) => (g.domain >= 0 ? [at] : []));
  const at = some.length > 0 && !d.rarely(8) ? d.of(some) : group(d, s);
  return { op, group: at, domain: attachedTo(d, s, at) };
}
