// Can each promise of linux-dma be broken at all? Each is seen to fail once, in a tiny world.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinuxDmaWorld } from '../../model/worlds/linux-dma.js';
import { worldNamed } from '../../model/worlds.js';
import { patch } from '../../spec/kit/record.js';
import { all } from '../../spec/kit/sorted-rows.js';
import type { Clause } from '../../spec/law/clause.js';
import type { Policies } from '../../spec/linux-dma/policies.js';
import { linuxDma } from '../../spec/linux-dma/profile.js';
import type { State } from '../../spec/linux-dma/state.js';
import type { Op } from '../../spec/protocol/linux-dma.js';
import { brokenIn } from './rewritten.js';

type AnyClause = Clause<State, Op, Policies>;
type Spoil = (after: State, before: State) => State;

/** The world under a law in which one clause leaves another state behind. */
function spoiled(world: LinuxDmaWorld, id: string, spoil: Spoil): LinuxDmaWorld {
  let met = 0;
  const change = (c: AnyClause): AnyClause => {
    if (c.id !== id) return c;
    met++;
    return {
      ...c,
      then: (s, op, p) => {
        const next = c.then(s, op, p) as { outcome: never; state: State };
        return { outcome: next.outcome, state: spoil(next.state, s) };
      },
    };
  };
  const rules = Object.fromEntries(
    Object.entries(linuxDma.rules).map(([op, list]) => [op, (list as readonly AnyClause[]).map(change)]),
  ) as unknown as typeof linuxDma.rules;
  assert.ok(met > 0, `there is no clause ${id}`);
  return { ...world, profile: { ...linuxDma, rules } };
}

/** Every domain's live pieces, each said to end where it begins. */
const emptied: Spoil = s =>
  patch(s, {
    domains: s.domains.reduce((all, d, label) => {
      const live = d.live.reduce((t, p, key) => t.set(key, patch(p, { end: p.start })), d.live);
      return all.set(label, patch(d, { live }));
    }, s.domains),
  });

const clusters =
  (change: (c: State['uncertain'] extends { get(key: number): infer C } ? C : never) => object): Spoil =>
  s =>
    patch(s, { uncertain: s.uncertain.reduce((t, c, key) => t.set(key, patch(c, change(c))), s.uncertain) });

/** No unknown domain can be any domain. */
const impossible: Spoil = s =>
  patch(s, {
    uncertain: s.uncertain.reduce((t, c, key) => {
      const alternatives = c.alternatives.map(a => patch(a, { unknowns: a.unknowns.map(() => []) }));
      return t.set(key, patch(c, { alternatives }));
    }, s.uncertain),
  });

/** Promise, world, the clause whose ending is spoiled, how, and the most steps that it may take to show. */
const BREAKS: readonly (readonly [string, string, string, Spoil, number])[] = [
  ['domain/no-overlap', 'dma-two-pages', 'map/done', emptied, 4],
  ['belief/clusters-apart', 'dma-two-groups', 'map/done', clusters(() => ({ end: 0 })), 5],
  ['belief/something-possible', 'dma-two-groups', 'map/done', impossible, 5],
  ['belief/same-pages', 'dma-two-pages', 'map/done', s => patch(s, { mapped: s.mapped + 1 }), 4],
  [
    'device/one-group',
    'dma-two-groups',
    'group/joined',
    s => patch(s, { devices: [...all(s.devices), patch(all(s.devices)[0]!, { name: 'zz:00.0' })] }),
    1,
  ],
  ['group/not-empty', 'dma-two-groups', 'group/left', (s, before) => patch(s, { groups: before.groups }), 2],
  [
    'tag/has-users',
    'dma-tagged',
    'attach/moved',
    s => patch(s, { tags: s.tags.map(t => patch(t, { users: 0 })) }),
    4,
  ],
  ['refusal/changes-nothing', 'dma-two-groups', 'unmap/not-mapped', s => patch(s, {}), 1],
  [
    'mapping/only-by-map-and-unmap',
    'dma-two-groups',
    'attach/moved',
    s => patch(s, { mapped: s.mapped + 1 }),
    2,
  ],
];

for (const [promise, world, clause, spoil, most] of BREAKS) {
  test(`${promise} fails when ${clause} is spoiled`, () => {
    const broken = spoiled(worldNamed(world) as LinuxDmaWorld, clause, spoil);
    const found = brokenIn(broken, promise, {}, 2000);
    assert.ok(found.trace.length <= most, `only after ${found.trace.length} steps`);
  });
}

test('every promise is in the list of breaks', () => {
  const { always, steps, lives } = linuxDma;
  const broken = new Set(BREAKS.map(([promise]) => promise));
  const missing = [...always, ...steps, ...lives].map(p => p.id).filter(id => !broken.has(id));
  assert.deepEqual(missing, []);
});
