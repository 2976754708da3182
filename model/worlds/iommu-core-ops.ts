// Which calls does a bounded world of iommu-core try, and which of them are the same by renaming?
import type { Op, State } from '../../spec/iommu-core/state.js';
import { wrongMappings, wrongs } from './iommu-core-wrongs.js';

type Domain = number | 'identity' | 'blocked';

/** Families of operations that a world includes; lists are positions or names. */
export interface Scope {
  readonly devices: readonly number[];
  readonly groups: readonly number[];
  /** Devices that are probed, and those that leave again. */
  readonly probe?: readonly number[];
  readonly queue?: readonly number[];
  readonly remove?: readonly number[];
  readonly references?: readonly number[];
  readonly types?: readonly ('dma' | 'dma-fq' | 'identity' | 'auto')[];
  readonly drivers?: readonly number[];
  readonly managed?: readonly number[];
  readonly owners?: readonly number[];
  /** Who claims: a group as a whole, its devices one by one, or both. */
  readonly claims?: 'group' | 'device' | 'both';
  readonly domains: readonly number[];
  /** Devices, groups, buses that domains are allocated for. */
  readonly allocDevices?: readonly number[];
  readonly allocGroups?: readonly number[];
  readonly allocBuses?: readonly number[];
  readonly free?: boolean;
  /** What is attached; left out: the domains. */
  readonly attach?: readonly Domain[];
  readonly attachDevices?: readonly number[];
  readonly attachGroups?: readonly number[];
  readonly replace?: boolean;
  readonly handles?: readonly (number | null)[];
  readonly deferred?: boolean;
  readonly resets?: readonly number[];
  readonly settle?: boolean;
  /** Attached and detached by the caller's choice, through these devices. */
  readonly pasids?: readonly number[];
  readonly pasidDevices?: readonly number[];
  readonly pasidHandles?: readonly number[];
  readonly numbers?: boolean;
  readonly mms?: readonly number[];
  readonly exits?: boolean;
  /** Parents that have aux domains, and mediated devices. */
  readonly aux?: readonly number[];
  readonly mediated?: readonly number[];
  readonly pages?: number;
  /** Operations that only ask. */
  readonly ask?: boolean;
  readonly wrong?: boolean;
}

const PAGE = 4096n;

/** Every instance of every operation in scope, in a fixed order. */
export function opsOf(scope: Scope): readonly Op[] {
  return [
    ...lifetimes(scope),
    ...owning(scope),
    ...allocating(scope),
    ...attaching(scope),
    ...resetting(scope),
    ...pasids(scope),
    ...auxes(scope),
    ...mapping(scope),
    ...(scope.ask ? asking(scope) : []),
    ...(scope.wrong ? wrongs(scope.devices[0]!, scope.groups[0]!, scope.domains[0] ?? 0) : []),
  ];
}

function lifetimes(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const device of s.probe ?? []) ops.push({ op: 'probe', device });
  for (const device of s.queue ?? []) ops.push({ op: 'probe', device, queued: true });
  for (const device of s.remove ?? []) ops.push({ op: 'remove', device });
  if (s.queue) for (const group of s.groups) ops.push({ op: 'setup_default', group });
  for (const as of s.references ?? []) {
    for (const device of s.devices) ops.push({ op: 'group_get', device, as });
    ops.push({ op: 'group_put', ref: as });
  }
  for (const type of s.types ?? [])
    for (const group of s.groups) ops.push({ op: 'store_type', group, type, privileged: true });
  for (const device of s.drivers ?? []) ops.push({ op: 'bind', device, managed: false });
  for (const device of s.managed ?? []) ops.push({ op: 'bind', device, managed: true });
  for (const device of new Set([...(s.drivers ?? []), ...(s.managed ?? [])]))
    ops.push({ op: 'unbind', device });
  return ops;
}

function owning(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  const owners = s.owners ?? [];
  if (owners.length === 0) return ops;
  if (s.claims !== 'device') {
    for (const group of s.groups) {
      for (const owner of owners) ops.push({ op: 'claim_group', group, owner });
      ops.push({ op: 'release_group', group });
    }
  }
  if (s.claims === 'device' || s.claims === 'both') {
    for (const device of s.devices) {
      for (const owner of owners) ops.push({ op: 'claim_device', device, owner });
      ops.push({ op: 'release_device', device });
    }
  }
  return ops;
}

function allocating(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const as of s.domains) {
    for (const device of s.allocDevices ?? []) ops.push({ op: 'alloc_by_device', device, as });
    for (const group of s.allocGroups ?? []) ops.push({ op: 'alloc_by_group', group, as });
    for (const bus of s.allocBuses ?? []) ops.push({ op: 'alloc_by_bus', bus, as });
    if (s.free !== false) ops.push({ op: 'free_domain', domain: as });
  }
  return ops;
}

function attaching(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  const domains = s.attach ?? s.domains;
  for (const domain of domains) {
    for (const device of s.attachDevices ?? [])
      ops.push({ op: 'attach_device', device, domain }, { op: 'detach_device', device, domain });
    for (const group of s.attachGroups ?? []) {
      ops.push({ op: 'attach_group', group, domain });
      if (s.replace) ops.push({ op: 'replace_group', group, domain });
      for (const handle of s.handles ?? []) {
        ops.push({ op: 'attach_handle', group, domain, handle });
        if (s.replace) ops.push({ op: 'replace_handle', group, domain, handle });
      }
    }
  }
  const any = domains[0];
  if (any === undefined) return ops;
  for (const group of s.attachGroups ?? []) {
    ops.push({ op: 'detach_group', group, domain: any });
    if (s.handles) ops.push({ op: 'detach_handle', group, domain: any });
  }
  return ops;
}

function resetting(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const device of s.resets ?? [])
    ops.push({ op: 'reset_prepare', device }, { op: 'reset_done', device });
  if (s.deferred) for (const device of s.devices) ops.push({ op: 'deferred_attach', device });
  if (s.settle) for (const device of s.devices) ops.push({ op: 'settle', device });
  return ops;
}

function pasids(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const device of s.pasidDevices ?? []) {
    for (const pasid of s.pasids ?? []) {
      for (const domain of s.attach ?? s.domains) {
        for (const handle of [null, ...(s.pasidHandles ?? [])])
          ops.push({ op: 'attach_pasid', device, domain, pasid, handle });
        for (const handle of s.pasidHandles ?? [])
          ops.push({ op: 'replace_pasid', device, domain, pasid, handle });
      }
      ops.push({ op: 'detach_pasid', device, pasid });
    }
  }
  if (s.numbers) {
    for (const device of s.devices) {
      ops.push({ op: 'pasid_alloc', device });
      for (const pasid of s.pasids ?? []) ops.push({ op: 'pasid_free', device, pasid });
    }
  }
  for (const mm of s.mms ?? []) {
    for (const device of s.devices)
      ops.push({ op: 'sva_bind', device, mm }, { op: 'sva_unbind', device, mm });
    if (s.exits) ops.push({ op: 'mm_exit', mm });
  }
  return ops;
}

function auxes(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const device of s.aux ?? []) {
    ops.push({ op: 'aux_enable', device }, { op: 'aux_disable', device });
    for (const domain of s.domains) {
      for (const mdev of [null, ...(s.mediated ?? [])]) {
        ops.push({ op: 'aux_attach', device, domain, mdev }, { op: 'aux_detach', device, domain, mdev });
      }
    }
  }
  for (const device of s.mediated ?? []) ops.push({ op: 'aux_lookup', device });
  return ops;
}

function mapping(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  const pages = s.pages ?? 0;
  for (const domain of pages > 0 ? s.domains : []) {
    for (let page = 0; page < pages; page++) {
      for (let size = 1; page + size <= pages; size++) {
        const at = { domain, iova: BigInt(page) * PAGE, size: BigInt(size) * PAGE };
        ops.push({ op: 'map', ...at, paddr: BigInt(page) * PAGE }, { op: 'unmap', ...at });
        if (page + size === pages) ops.push({ op: 'map', ...at, paddr: BigInt(page + 1) * PAGE });
      }
    }
  }
  return pages > 0 && s.wrong ? [...ops, ...wrongMappings(s.domains[0]!)] : ops;
}

const WHATS = ['cache-coherency', 'enforce-coherency', 'dirty-tracking', 'isolated-msi', 'pasid'] as const;

function asking(s: Scope): readonly Op[] {
  const ops: Op[] = [];
  for (const what of WHATS) {
    for (const at of s.devices) ops.push({ op: 'capable', of: 'device', at, what });
    for (const at of s.groups) ops.push({ op: 'capable', of: 'group', at, what });
    for (const at of s.domains) ops.push({ op: 'capable', of: 'domain', at, what });
  }
  for (const device of s.devices) {
    for (const pasid of [null, ...(s.pasids ?? [])]) ops.push({ op: 'dma', device, pasid, iova: 0n });
  }
  for (const group of s.groups) {
    ops.push({ op: 'owner_claimed', group });
    for (const pasid of [0, ...(s.pasids ?? [])])
      for (const kind of [null, 'paging', 'sva'] as const) ops.push({ op: 'handle_get', group, pasid, kind });
  }
  for (const domain of [...s.domains, 'identity', 'blocked'] as const)
    ops.push({ op: 'iova_to_phys', domain, iova: 0x10n });
  for (const device of s.aux ?? [])
    for (const domain of s.domains) ops.push({ op: 'aux_pasid', device, domain });
  return ops;
}

/** What counts without a bound in the kernel counts to two in a world. */
const MOST = 2;

/**
 * A new name is the lowest free one: any other choice is the same state with names swapped. Claims, bonds, aux
 * attachments and resets within resets are counted to two.
 */
export function offers(s: State, op: Op): boolean {
  switch (op.op) {
    case 'group_get':
      return op.as === lowest(s.references) || s.references.has(op.as);
    case 'alloc_by_device':
    case 'alloc_by_group':
    case 'alloc_by_bus':
      return op.as === lowest(s.domains) || s.domains.has(op.as);
    case 'bind':
      return (s.groups[s.devices[op.device]?.home ?? -1]?.owners ?? 0) <= MOST;
    case 'claim_device':
      return (s.groups[s.devices[op.device]?.home ?? -1]?.owners ?? 0) < MOST;
    case 'reset_prepare':
      return (s.devices[op.device]?.resets ?? 0) < MOST;
    case 'sva_bind':
      return s.bonds.get(op.mm * s.groups.length + s.devices[op.device]!.home).count < MOST;
    case 'aux_attach':
      return s.auxUses.get(op.domain * s.devices.length + op.device).count < MOST;
    default:
      return true;
  }
}

function lowest(names: { has(key: number): boolean }): number {
  let name = 0;
  while (names.has(name)) name++;
  return name;
}
