// Which clause must be broken, and how, for each promise of vfio-2011 to be broken?
import assert from 'node:assert/strict';
import type { VfioWorld } from '../../model/worlds/vfio-2011.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import type { Clause } from '../../spec/law/clause.js';
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import type { vfio2011 } from '../../spec/vfio-2011/profile.js';
import type { Op, State } from '../../spec/vfio-2011/state.js';

type AnyClause = Clause<State, Op, PolicyValues>;
export type Rewrite = (clause: AnyClause) => AnyClause | null;

/** The world under a law in which one clause is another, or gone. */
export function rewritten(world: VfioWorld, id: string, rewrite: Rewrite): VfioWorld {
  let met = 0;
  const change = (c: AnyClause): readonly AnyClause[] => {
    if (c.id !== id) return [c];
    met++;
    const other = rewrite(c);
    return other === null ? [] : [other];
  };
  const rules = Object.fromEntries(
    Object.entries(world.profile.rules).map(([op, clauses]) => [
      op,
      (clauses as readonly AnyClause[]).flatMap(change),
    ]),
  ) as unknown as typeof vfio2011.rules;
  assert.equal(met, 1, `there is no clause ${id}`);
  return { ...world, profile: { ...world.profile, rules } };
}

export const gone: Rewrite = () => null;

/** The clause with its state after changed. */
export const spoiled =
  (spoil: (after: State, op: Op, before: State) => State): Rewrite =>
  clause => ({
    ...clause,
    then: (s, op, p) => {
      const next = clause.then(s, op, p);
      if (Array.isArray(next)) throw new Error('one ending expected');
      const one = next as { outcome: never; state: State };
      return { outcome: one.outcome, state: spoil(one.state, op, s) };
    },
  });

const openAll = (s: State): State =>
  patch(s, { contexts: s.contexts.map(c => patch(c, { open: true, mm: 0 })) });

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
    ['mapping/disjoint', 'ranges', 'map/overlaps', gone, 4],
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
