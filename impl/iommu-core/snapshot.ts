// What can be seen of an IOMMU core from outside? Its own counts and pointers, nothing derived anew.
import { type Core, groupAt } from './core.js';
import type { Device, Domain, Group } from './objects.js';
import type { Leaf } from './page-table.js';

/** A pointer to a domain: none, freed, one that was a group's own and is no more, the group's own, the driver's own, an address space, or a caller's handle. */
export type Pointer =
  | null
  | 'freed'
  | 'orphan'
  | 'blocking'
  | 'default'
  | 'identity'
  | 'off'
  | { readonly sva: number }
  | number;

export interface DeviceSeen {
  readonly member: boolean;
  readonly driver: 'none' | 'kernel' | 'managed';
  readonly deferred: boolean;
  readonly domain: Pointer;
  readonly differs: boolean;
  readonly stale: Pointer;
  readonly resets: number;
  readonly aux: boolean;
  readonly programmed: readonly { readonly pasid: number; readonly domain: Pointer }[];
}

export interface GroupSeen {
  readonly refs: number;
  readonly type: 'none' | 'dma' | 'dma-fq' | 'identity';
  readonly blocking: boolean;
  readonly domain: Pointer;
  readonly owner: number;
  readonly owners: number;
  readonly aux: boolean;
  readonly pasids: readonly { readonly pasid: number; readonly domain: Pointer; readonly handle: number }[];
}

export interface DomainSeen {
  /** -1: not known yet. */
  readonly instance: number;
  readonly pasid: number;
  readonly maps: readonly Leaf[];
}

function pointer(domain: Domain | undefined, group: Group | undefined): Pointer {
  if (domain === undefined) return null;
  if (domain.freed) return 'freed';
  if (domain.orphan) return 'orphan';
  if (domain === group?.default) return 'default';
  switch (domain.kind) {
    case 'paging':
      return domain.handle;
    case 'sva':
      return { sva: domain.space };
    case 'blocked':
      return 'blocking';
    case 'empty':
      return 'blocking';
    case 'off':
      return 'off';
    case 'identity':
      return domain === domain.instance?.identity ? 'identity' : 'default';
    default:
      return 'default';
  }
}

const byPasid = (a: { readonly pasid: number }, b: { readonly pasid: number }): number => a.pasid - b.pasid;

export function deviceSeen(core: Core, index: number): DeviceSeen {
  const device = core.devices[index] as Device;
  const { group } = device;
  return {
    member: group !== undefined,
    driver: device.driver,
    deferred: device.deferred,
    domain: pointer(device.rid, group),
    differs: device.differs,
    stale: pointer(device.stale, group),
    resets: device.resets,
    aux: device.aux,
    programmed: [...device.programmed]
      .map(([pasid, domain]) => ({ pasid, domain: pointer(domain, undefined) }))
      .sort(byPasid),
  };
}

/** Undefined: there is no group object at the place. */
export function groupSeen(core: Core, index: number): GroupSeen | undefined {
  const group = groupAt(core, index);
  if (group === undefined) return undefined;
  const type = group.default?.kind ?? 'none';
  return {
    refs: group.refs,
    type: type === 'dma' || type === 'dma-fq' || type === 'identity' ? type : 'none',
    blocking: group.blocking !== undefined,
    domain: pointer(group.domain, group),
    owner: group.owner,
    owners: group.owners,
    aux: group.auxAttached,
    pasids: [...group.entries]
      .map(([pasid, e]) => ({ pasid, domain: pointer(e.domain, undefined), handle: e.handle }))
      .sort(byPasid),
  };
}

/** Undefined: nobody has a domain of this handle (any more). */
export function domainSeen(core: Core, handle: number): DomainSeen | undefined {
  const domain = core.domains.get(handle);
  if (domain === undefined) return undefined;
  return {
    instance: domain.table === undefined ? -1 : (domain.instance?.index ?? -1),
    pasid: domain.auxPasid,
    maps: domain.table?.list() ?? [],
  };
}
