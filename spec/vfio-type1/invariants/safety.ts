// What is true of every reachable state's groups, containers, mappings and accounts?

import type { Table } from '../../kit/table.js';
import type { StateProperty } from '../../law/profile.js';
import type { Citation } from '../../law/sources.js';
import { lockedBy } from '../account.js';
import { sharedDomain } from '../attaching.js';
import {
  deviceOpen,
  domainsOf,
  groupHandle,
  groupInUse,
  groupsIn,
  hasDomain,
  hasEmulated,
  hasGroups,
  hasNoIommu,
  isType1,
  registered,
  second,
} from '../holding.js';
import { available, mappingAt } from '../mappings.js';
import { everywhere } from '../rules/checks.js';
import type { Choice, Dma, State } from '../state.js';
import { pageSizesOf, validRanges } from '../valid.js';

type Always = StateProperty<State, Choice>;
const claim = (id: string, says: string, cite: readonly Citation[], holds: Always['holds']): Always => ({
  id,
  says,
  cite,
  holds,
});
const rows = (s: State): readonly number[] => s.containers.map((_, c) => c);

const GROUPS = everywhere('struct vfio_group: opened_file, container, container_users');
const TYPE1 = everywhere('struct vfio_iommu, struct vfio_dma');

/** Pages behind a mapping that can be counted: those of its domains' memory that are no device's. */
const ordinaryPages = (s: State, d: Dma): number =>
  s.memory
    .filter(m => m.mm === d.from && !m.device)
    .reduce((n, m) => {
      const end = Math.min(m.start + m.pages, d.origin + d.pages);
      return n + Math.max(0, end - Math.max(m.start, d.origin));
    }, 0);

/** Does another mapping begin before this one ends? */
function runsInto(runs: Table<Dma>, at: number, pages: number): boolean {
  const next = runs.ceiling(at + 1);
  return next >= 0 && next < at + pages;
}

const structure: readonly Always[] = [
  claim(
    'container/left-as-found',
    'A container without groups has no backend and nothing is mapped in it.',
    everywhere('vfio_group_detach_container'),
    s =>
      rows(s).every(c => {
        const { backend, low, tracking } = s.containers[c]!;
        return hasGroups(s, c) || (backend === 'none' && low < 0 && !tracking && s.maps[c]!.size === 0);
      }),
  ),
  claim(
    'container/of-one-kind',
    'A container has no groups with and without an IOMMU at once, and only type1 maps.',
    everywhere('vfio_container_attach_group, vfio_iommu_driver_allowed'),
    s =>
      rows(s).every(c => {
        const all = groupsIn(s, c).every(g => (s.groups[g]!.kind === 'no-iommu') === hasNoIommu(s, c));
        return all && (isType1(s.containers[c]!) || s.maps[c]!.size === 0);
      }),
  ),
  claim(
    'device/open-only-within',
    'An open device is registered with VFIO, and its group is in a container that has a backend.',
    GROUPS,
    s =>
      s.devices.every((d, at) => {
        const c = s.groups[d.group]!.container;
        return !deviceOpen(s, at) || (d.driver === 'vfio' && c >= 0 && s.containers[c]!.backend !== 'none');
      }),
  ),
  claim(
    'group/in-a-container-while-held',
    'A group is in a container only while its file or one of its devices is open, and one of its devices is registered.',
    everywhere('vfio_group_fops_release, vfio_device_remove_group'),
    s =>
      s.groups.every(
        (g, at) => g.container < 0 || (registered(s, at) && (groupHandle(s, at) || groupInUse(s, at))),
      ),
  ),
  claim(
    'group/owned-is-viable',
    'No device of a group that a user can reach has a driver that uses the DMA of the kernel.',
    everywhere('iommu_group_claim_dma_owner, iommu_device_use_default_domain'),
    s =>
      s.groups.every(
        (g, at) =>
          g.kind !== 'iommu' ||
          g.container < 0 ||
          !s.devices.some(d => d.group === at && d.driver === 'kernel'),
      ),
  ),
  claim(
    'group/on-a-domain',
    'A group behind an IOMMU has a domain exactly while its container has the type1 backend; no other group has one.',
    everywhere('vfio_iommu_type1_attach_group'),
    s =>
      s.groups.every(g => {
        const type1 = g.container >= 0 && isType1(s.containers[g.container]!);
        return g.domain >= 0 === (g.kind === 'iommu' && type1);
      }),
  ),
  claim(
    'domain/shared-where-it-can-be',
    'Groups of one container whose IOMMUs can share a domain do so.',
    everywhere('vfio_iommu_type1_attach_group: d->enforce_cache_coherency'),
    s => s.groups.every((g, at) => g.domain < 0 || sharedDomain(s, g.container, at) === g.domain),
  ),
];

const mappings: readonly Always[] = [
  claim('mapping/disjoint', 'No page of a container is mapped twice.', TYPE1, s =>
    s.maps.every(runs =>
      runs.reduce((fine: boolean, d, at) => fine && d.pages > 0 && !runsInto(runs, at, d.pages), true),
    ),
  ),
  claim(
    'mapping/valid',
    'What is mapped lies in no reserved region and inside every aperture of its container.',
    everywhere('vfio_iommu_iova_dma_valid'),
    s =>
      rows(s).every(c => {
        const ranges = validRanges(s, c);
        return s.maps[c]!.reduce(
          (fine: boolean, d, at) =>
            fine && (!hasDomain(s, c) || ranges.some(r => at >= r.start && at + d.pages - 1 <= r.end)),
          true,
        );
      }),
  ),
  claim(
    'mapping/translated-everywhere',
    'While a container has a domain every mapping is translated, by each of its domains alike; without one none is.',
    everywhere('vfio_iommu_map, vfio_iommu_replay'),
    s =>
      rows(s).every(c =>
        s.maps[c]!.reduce((fine: boolean, d) => fine && d.from >= 0 === hasDomain(s, c), true),
      ),
  ),
  claim(
    'mapping/counted',
    'The mappings of a container and those it may still make are as many as the limit says.',
    everywhere('struct vfio_iommu: dma_avail'),
    s => rows(s).every(c => available(s, c) >= 0 && available(s, c) + s.maps[c]!.size === s.kernel.dmaLimit),
  ),
  claim(
    'mapping/page-sizes',
    'The page sizes that a container reports are those of each of its domains, with 4 KiB among them.',
    everywhere('vfio_update_pgsize_bitmap'),
    s =>
      rows(s).every(c => {
        const sizes = pageSizesOf(s, c);
        const large = sizes & ~0xfffn & ~0x1000n;
        return (
          (sizes & 0x1000n) !== 0n && domainsOf(s, c).every(u => (large & ~s.units[u]!.pageSizes) === 0n)
        );
      }),
  ),
  claim(
    'mapping/never-invalid-with-emulated',
    'No user address is invalid in a container with an emulated device.',
    everywhere(
      'vfio_dma_do_unmap: emulated_iommu_groups, vfio_iommu_type1_attach_group: vaddr_invalid_count',
    ),
    s =>
      rows(s).every(
        c => !hasEmulated(s, c) || s.maps[c]!.reduce((fine: boolean, d) => fine && !d.invalid, true),
      ),
  ),
  claim(
    'dirty/only-while-tracked',
    'A page is marked dirty only while its container tracks dirty pages, which version 1 does not, and only where something is mapped.',
    everywhere('struct vfio_dma: bitmap'),
    s =>
      rows(s).every(c => {
        const { tracking } = s.containers[c]!;
        const whole = s.maps[c]!.reduce((yes: boolean, d) => yes || d.dirty, false);
        const lost = s.marks[c]!.reduce(
          (yes: boolean, _, page) => yes || mappingAt(s.maps[c]!, page) < 0,
          false,
        );
        return !lost && (tracking ? second(s.containers[c]!) : !whole && s.marks[c]!.size === 0);
      }),
  ),
];

const accounts: readonly Always[] = [
  claim(
    'pin/of-an-open-device',
    'Pages are pinned by emulated devices that are open, where something is mapped in their container.',
    everywhere('vfio_notify_dma_unmap'),
    s =>
      s.devices.every((d, at) => {
        const { kind, container: c } = s.groups[d.group]!;
        return s.pins[at]!.reduce(
          (fine: boolean, _, page) =>
            fine && kind === 'emulated' && deviceOpen(s, at) && mappingAt(s.maps[c]!, page) >= 0,
          true,
        );
      }),
  ),
  claim(
    'account/within-limit',
    'No address space has more pages locked than its limit.',
    everywhere('vfio_lock_acct'),
    s => s.mms.every((m, mm) => m.lockLimit < 0 || lockedBy(s, mm) <= m.lockLimit),
  ),
  claim(
    'account/every-page-charged',
    'While a container has a domain each mapping is charged for every page of memory behind it, and for no page of a device; without one it is charged for what is pinned alone.',
    everywhere('vfio_pin_pages_remote: acct_pages, vfio_iommu_unmap_unpin_reaccount'),
    s =>
      s.maps.every(runs =>
        runs.reduce((fine: boolean, d) => fine && d.charged === ordinaryPages(s, d), true),
      ),
  ),
];

export const safety: readonly Always[] = [...structure, ...mappings, ...accounts];
