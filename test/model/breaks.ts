// Which clause must be broken, and how, for each promise of vfio-2011 to be broken?
import { patch, patchAt } from '../../spec/kit/record.js';
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import type { Op, State } from '../../spec/vfio-2011/state.js';
import { gone, type Rewrite as RewriteOf, spoiled as spoiledBy } from './rewritten.js';

type Rewrite = RewriteOf<State, Op, PolicyValues>;
const spoiled = spoiledBy<State, Op, PolicyValues>;

const openAll = (s: State): State =>
  patch(s, { contexts: s.contexts.map(c => patch(c, { open: true, mm: 0 })) });

/** What is mapped at page 0 reaches into page 1, which may have been mapped before. */
const longer = (s: State): State =>
  patch(s, {
    maps: s.maps.map(runs => (runs.has(0) ? runs.set(0, patch(runs.get(0), { pages: 2 })) : runs)),
  });

/** Promise, world, the clause that is broken, how, and the length of the shortest trace that shows it. */
export const BREAKS: readonly (readonly [string, string, string, Rewrite, number, Partial<PolicyValues>?])[] =
  [
    ['sets/of-one-kind', 'two-buses', 'merge/coherency-differs', gone, 3],
    ['sets/of-one-kind', 'two-buses', 'merge/other-bus', gone, 5],
    [
      'context/owned-while-open',
      'pair',
      'get_context/given',
      spoiled(s => patch(s, { contexts: s.contexts.map(c => patch(c, { mm: -1 })) })),
      2,
    ],
    ['context/free-is-clean', 'pair', 'merge/joined', spoiled(openAll), 3],
    ['handle/holds-what-lives', 'pair', 'unmerge/device-open', gone, 5],
    ['mapping/only-while-kept', 'pair', 'get_context/no-descriptor', gone, 6],
    ['context/open-only-while-kept-or-merged', 'pair', 'get_context/no-descriptor', gone, 5],
    ['mapping/disjoint', 'ranges', 'map/mapped', spoiled(longer), 4],
    ['account/within-limit', 'two-owners', 'map/over-limit', gone, 3],
    [
      'account/every-page-charged',
      'pair',
      'map/mapped',
      spoiled(s => patch(s, { contexts: s.contexts.map(c => patch(c, { mm: -1 })) })),
      3,
    ],
    [
      'group/lives-for-something',
      'hotplug',
      'hot_remove/gone',
      spoiled(s => patch(s, { groups: patchAt(s.groups, 0, { exists: true }) })),
      1,
    ],
    [
      'waiter/asleep-only-while-held',
      'unplug-merged',
      'close/released',
      spoiled((s, _, before) =>
        patch(s, {
          devices: s.devices.map((d, at) =>
            d.leaving === 'woken' && before.devices[at]!.leaving === 'asleep'
              ? patch(d, { leaving: 'asleep' })
              : d,
          ),
        }),
      ),
      4,
    ],
    ['waiter/has-something-to-lose', 'hotplug', 'bind/has-driver', gone, 4],
    ['viable/means-isolated', 'hotplug', 'hot_add/tracking-fails', c => c, 2, { 'failed-hot-add': 'ignore' }],
    ['refusal/changes-nothing', 'pair', 'get_device/driver-refuses', spoiled(s => patch(s, {})), 2],
    ['translation/steady-under-open-device', 'attack-window', 'merge/incoming-in-use', gone, 6],
    ['viable/checked-at-open', 'hotplug', 'get_context/not-viable', gone, 3],
    ['mm/only-the-owner', 'two-owners', 'map/other-address-space', gone, 3],
    [
      'mm/steady-while-open',
      'two-owners',
      'get_device/given',
      spoiled((s, op) =>
        patch(s, {
          contexts: s.contexts.map(c => patch(c, { mm: op.op === 'get_device' && op.as === 2 ? 1 : c.mm })),
        }),
      ),
      3,
    ],
    ['merge/no-open-device-moves', 'attack-window', 'merge/incoming-in-use', gone, 4],
    ['taint/by-own-device', 'two-buses', 'hot_add/foreign-bus', c => c, 1, { 'group-identity': 'id-only' }],
    [
      'unplug/ends-once-users-close',
      'unplug-merged',
      'resume/finished',
      spoiled((_, __, before) => before),
      4,
    ],
    [
      'last-close/frees-everything',
      'pair',
      'close/released',
      spoiled((s, _, before) =>
        patch(s, { groups: s.groups.map((g, at) => patch(g, { context: before.groups[at]!.context })) }),
      ),
      2,
    ],
  ];
