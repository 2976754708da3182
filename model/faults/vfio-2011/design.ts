// Which designs of the 2011 review were wrong, or would have been?
import { patch } from '../../../spec/kit/record.js';
import type { AnyProfile } from '../../../spec/law/profile.js';
import type { PolicyValues } from '../../../spec/vfio-2011/policies.js';
import type { State } from '../../../spec/vfio-2011/state.js';
import { ends, without } from '../design.js';
import { type FaultyLaw, history, type Source, synthetic } from '../fault.js';

function design(
  id: string,
  says: string,
  source: Source,
  [world, shows, steps]: readonly [world: string, shows: string, steps: number],
  breaks: (profile: AnyProfile) => AnyProfile,
  policies: Partial<PolicyValues> = {},
): FaultyLaw {
  const expected = { by: 'exploration', shows, steps } as const;
  return {
    in: 'law',
    id,
    says,
    source,
    expected,
    world,
    policies: policies as FaultyLaw['policies'] & {},
    breaks,
  };
}

const MAIL = (where: string): Source =>
  history(`Review of "VFIO Driver core framework", kvm list, November 2011: ${where}`);

export const designs: readonly FaultyLaw[] = [
  design(
    'design/merge-of-a-group-in-use',
    'A group whose context is open may be merged, so what an open device sees changes under it.',
    MAIL('scenario 2, "can\'t leave an attack window"'),
    ['attack-window', 'merge/no-open-device-moves', 4],
    without('merge/incoming-in-use'),
  ),
  design(
    'design/coherency-not-compared',
    'Groups of different coherency share one domain.',
    synthetic('the comparison of IOMMU_CAP_CACHE_COHERENCY in vfio_group_merge, left out'),
    ['two-buses', 'sets/of-one-kind', 3],
    without('merge/coherency-differs'),
  ),
  design(
    'design/buses-share-a-set',
    'Groups of two buses, each with an IOMMU of its own, share one domain.',
    MAIL('a group is known by its bus and its number'),
    ['two-buses', 'sets/of-one-kind', 5],
    without('merge/other-bus'),
  ),
  design(
    'design/unplug-of-a-member-that-is-open',
    'A group leaves its set while a device of it is open, which then is in another domain.',
    synthetic('the one check that keeps an open device in its domain'),
    ['pair', 'merge/no-open-device-moves', 5],
    without('unmerge/device-open'),
  ),
  design(
    'design/overlap-is-not-refused',
    'A mapping may be laid over another.',
    synthetic('mappings of one address space are disjoint'),
    ['ranges', 'mapping/disjoint', 4],
    without('map/overlaps'),
  ),
  design(
    'design/no-limit',
    'Nothing bounds what a process maps.',
    history('CVE-2019-3882, Linux commit 492855939bdb, "vfio/type1: Limit DMA mappings per container"'),
    ['two-owners', 'account/within-limit', 3],
    without('map/over-limit'),
  ),
  design(
    'design/anybody-maps',
    'Whoever holds the descriptor maps into the context, whatever process opened it.',
    synthetic('the comparison of address spaces in vfio_iommu_unl_ioctl, left out'),
    ['two-owners', 'mm/only-the-owner', 3],
    without('map/other-address-space'),
  ),
  design(
    'design/open-though-not-viable',
    'A context is opened although a device of the set is with a driver of the kernel.',
    synthetic('the check of __vfio_iommu_open, left out'),
    ['hotplug', 'viable/checked-at-open', 3],
    without('get_context/not-viable'),
  ),
  design(
    'design/no-way-back-without-a-descriptor',
    'When there is no descriptor to give, the context that was opened for it is forgotten.',
    synthetic('the undo of one step, left out'),
    ['pair', 'context/open-only-while-kept-or-merged', 5],
    without('get_context/no-descriptor'),
  ),
  design(
    'design/two-drivers',
    'A device that has a driver gets another one over it.',
    synthetic('a device with two drivers'),
    ['hotplug', 'handle/holds-what-lives', 3],
    without('bind/has-driver'),
  ),
  design(
    'design/failed-hot-add-ignored',
    'A device that could not be tracked is forgotten, and its group still counts as isolated.',
    MAIL('"set a taint flag on the group"'),
    ['hotplug', 'viable/means-isolated', 2],
    profile => profile,
    { 'failed-hot-add': 'ignore' },
  ),
  design(
    'design/number-without-bus',
    'A group is known by its number alone, so a device of another bus taints it.',
    MAIL('"bus_type and groupid"'),
    ['two-buses', 'taint/by-own-device', 1],
    profile => profile,
    { 'group-identity': 'id-only' },
  ),
  design(
    'design/nobody-is-woken',
    'The release that makes a set idle wakes nobody.',
    synthetic('the wake-up left out of the release'),
    ['unplug-merged', 'waiter/asleep-only-while-held', 4],
    ends<State>('close/released', (after, before) =>
      patch(after, {
        devices: after.devices.map((d, at) =>
          d.leaving === 'woken' && before.devices[at]!.leaving === 'asleep'
            ? patch(d, { leaving: 'asleep' })
            : d,
        ),
      }),
    ),
  ),
  design(
    'design/woken-and-asleep-again',
    'Whoever is woken to finish a removal goes back to sleep without looking.',
    synthetic('a removal that never ends'),
    ['unplug-merged', 'unplug/ends-once-users-close', 4],
    ends<State>('resume/finished', (_, before) => before),
  ),
  design(
    'design/merge-survives-its-handles',
    'The merged set stays merged when the last handle of any kind is closed.',
    history('Linux, version 1 of commit 3dd59a7dcb97: the release of the group forgot the container'),
    ['pair', 'last-close/frees-everything', 2],
    ends<State>('close/released', (after, before) =>
      patch(after, {
        groups: after.groups.map((g, at) => patch(g, { context: before.groups[at]!.context })),
      }),
    ),
  ),
  design(
    'design/group-outlives-its-last-device',
    'The object of a group is kept when its last device is gone.',
    synthetic('an object that nobody frees'),
    ['hotplug', 'group/lives-for-something', 1],
    ends<State>('hot_remove/gone', (after, before) => patch(after, { groups: before.groups })),
  ),
];
