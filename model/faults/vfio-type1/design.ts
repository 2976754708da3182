// Which designs of VFIO's lifetimes and mappings were wrong, or would be?

import { patch, patchAt } from '../../../spec/kit/record.js';
import type { AnyProfile } from '../../../spec/law/profile.js';
import type { State } from '../../../spec/vfio-type1/state.js';
import { type Breaks, designFault, ends, without } from '../design.js';
import { type FaultyLaw, type Source, synthetic } from '../fault.js';
import type { Seen } from '../seeding.js';
import { linuxSays } from './seed.js';

const design = (id: string, says: string, source: Source, seen: Seen, breaks: Breaks): FaultyLaw =>
  designFault(`container-design/${id}`, says, source, seen, breaks);

/** Fields of the state that are as they were before the step. */
const kept = (id: string, ...fields: readonly (keyof State)[]): Breaks =>
  ends<State>(id, (after, before) =>
    patch(after, Object.fromEntries(fields.map(f => [f, before[f]])) as Partial<State>),
  );

const both =
  (...breaks: readonly Breaks[]): Breaks =>
  (profile: AnyProfile) =>
    breaks.reduce((now, change) => change(now), profile);

export const type1Designs: readonly FaultyLaw[] = [
  design(
    'mapped-twice',
    'A page that is mapped may be mapped again.',
    synthetic('a map without the lookup before it'),
    ['type1-ranges', 'mapping/disjoint', 6],
    without('map/overlaps'),
  ),
  design(
    'mapped-where-nothing-is-valid',
    'A map is not held against the valid ranges.',
    synthetic('a map without vfio_iommu_iova_dma_valid'),
    ['type1-apertures', 'mapping/valid', 5],
    without('map/outside'),
  ),
  design(
    'joins-over-a-mapping',
    'A group joins though its aperture cuts off what is mapped.',
    synthetic('an attach without vfio_iommu_aper_conflict'),
    ['type1-apertures', 'mapping/valid', 7],
    without('set_container/mapping-cut-off'),
  ),
  design(
    'joins-over-a-reserved-region',
    'A group joins though something is mapped in a reserved region of it.',
    synthetic('an attach without vfio_iommu_resv_conflict'),
    ['type1-apertures', 'mapping/valid', 7],
    without('set_container/mapping-reserved'),
  ),
  design(
    'without-a-bound',
    'A container may have any number of mappings.',
    linuxSays('vfio/type1: Limit DMA mappings per container'),
    ['type1-one-mapping', 'mapping/counted', 6],
    without('map/too-many'),
  ),
  design(
    'over-the-limit',
    'A process locks more than it may.',
    synthetic('a map without RLIMIT_MEMLOCK'),
    ['type1-one-mapping', 'account/within-limit', 5],
    without('map/over-limit'),
  ),
  design(
    'leaves-under-its-device',
    'A group leaves its container while a device of it is open.',
    synthetic('UNSET_CONTAINER without container_users'),
    ['type1-entering', 'translation/steady-while-open', 6],
    without('unset_container/in-use'),
  ),
  design(
    'unplugged-under-its-user',
    'A device leaves its driver while somebody has it open.',
    synthetic('unbind without a wait'),
    ['type1-unplug', 'translation/steady-while-open', 6],
    without('unbind/waits'),
  ),
  design(
    'claimed-beside-the-kernel',
    'A group is claimed beside a driver that uses the DMA of the kernel.',
    synthetic('SET_CONTAINER before DMA ownership, 5.17'),
    ['type1-unplug', 'group/owned-is-viable', 4],
    without('set_container/not-viable'),
  ),
  design(
    'bound-beside-a-user',
    'A driver that uses the DMA of the kernel is bound in a group that a user owns.',
    synthetic('a bind before DMA ownership, 5.17: "vfio: BUG on a driver that makes a live group unviable"'),
    ['type1-unplug', 'group/owned-is-viable', 4],
    without('bind/group-taken'),
  ),
  design(
    'invalid-beside-an-emulated-device',
    'User addresses become invalid though an emulated device may pin through them.',
    linuxSays('vfio/type1: exclude mdevs from VFIO_UPDATE_VADDR'),
    ['type1-invalid', 'mapping/never-invalid-with-emulated', 6],
    without('unmap/emulated-there'),
  ),
  design(
    'no-wait-ever-ends',
    'Whoever waits for a device is told to wait on, also once it is closed.',
    synthetic('vfio_unregister_group_dev without the completion'),
    ['type1-unplug', 'unplug/ends-once-users-close', 7],
    kept('resume/finished', 'devices', 'groups', 'handles', 'containers', 'maps'),
  ),
  design(
    'size-of-an-unmap',
    'An unmap reports what it was asked for and removes nothing.',
    synthetic('an unmap whose size is not that of what it removed'),
    ['type1-ranges', 'unmap/says-what-it-removed', 6],
    kept('unmap/unmapped', 'maps'),
  ),
  design(
    'mixed-containers',
    'Groups with and without an IOMMU are in one container.',
    synthetic('vfio_container_attach_group without the test of kinds'),
    ['type1-without-iommu', 'container/of-one-kind', 5],
    without('set_container/mixed'),
  ),
  design(
    'revoked-by-nobody',
    'The file of a group goes on as if nothing had happened when its last device leaves.',
    linuxSays('vfio: Make the group FD disassociate from the iommu_group'),
    ['type1-unplug', 'group/in-a-container-while-held', 4],
    both(
      kept('unbind/unbound', 'groups', 'handles', 'containers'),
      kept('hot_remove/removed', 'groups', 'handles', 'containers'),
    ),
  ),
  design(
    'joins-while-invalid',
    'An emulated device joins while a user address is invalid.',
    synthetic('an attach without vaddr_invalid_count'),
    ['type1-invalid', 'mapping/never-invalid-with-emulated', 8],
    without('set_container/vaddr-invalid'),
  ),
  design(
    'refusal-that-keeps-a-mapping',
    'A map that is refused for want of memory leaves a mark on the container.',
    synthetic('vfio_dma_do_map without the way back'),
    ['type1-one-mapping', 'refusal/changes-nothing', 5],
    ends<State>('map/over-limit', after => patch(after, { groups: patchAt(after.groups, 0, {}) })),
  ),
];
