// Can each promise of spapr-tce be broken at all? Each is seen to fail once, by the shortest trace.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explorePlainly } from '../../model/explore/plain.js';
import type { TceWorld } from '../../model/worlds/spapr-tce-machines.js';
import { worldNamed } from '../../model/worlds.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import type { Clause } from '../../spec/law/clause.js';
import type { PolicyValues } from '../../spec/spapr-tce/policies.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';
import { FREE_REGION, type Op, type State } from '../../spec/spapr-tce/state.js';
import { brokenIn } from './rewritten.js';

type AnyClause = Clause<State, Op, PolicyValues>;
type Rewrite = (clause: AnyClause) => AnyClause | null;

/** The world under a law in which one clause is another, or gone. */
function rewritten(world: TceWorld, id: string, rewrite: Rewrite): TceWorld {
  let met = 0;
  const change = (c: AnyClause): readonly AnyClause[] => {
    if (c.id !== id) return [c];
    met++;
    const other = rewrite(c);
    return other === null ? [] : [other];
  };
  const rules = Object.fromEntries(
    Object.entries(spaprTce.rules).map(([op, clauses]) => [
      op,
      (clauses as readonly AnyClause[]).flatMap(change),
    ]),
  ) as unknown as typeof spaprTce.rules;
  assert.equal(met, 1, `there is no clause ${id}`);
  return { ...world, profile: { ...spaprTce, rules } };
}

const gone: Rewrite = () => null;
const same: Rewrite = c => c;

/** The clause with its state after changed. */
const spoiled =
  (spoil: (after: State, op: Op, before: State) => State): Rewrite =>
  clause => ({
    ...clause,
    then: (s, op, p) => {
      const next = clause.then(s, op, p) as { outcome: never; state: State };
      return { outcome: next.outcome, state: spoil(next.state, op, s) };
    },
  });

type Field = keyof State;
/** The field as it was before the step. */
const kept = (...fields: readonly Field[]): Rewrite =>
  spoiled((after, _, before) =>
    patch(after, Object.fromEntries(fields.map(f => [f, before[f]])) as Partial<State>),
  );

/** Every entry, but the kernel's, changed. */
const entries = (
  change: (run: State['entries'][number] extends { get(k: number): infer R } ? R : never) => object,
) =>
  spoiled(s =>
    patch(s, {
      entries: s.entries.map(runs => runs.reduce((t, run, at) => t.set(at, patch(run, change(run))), runs)),
    }),
  );

/** Promise, world, the clause that is broken, how, the length of the shortest trace that shows it, other policies. */
const BREAKS: readonly (readonly [string, string, string, Rewrite, number, Partial<PolicyValues>?])[] = [
  [
    'blocked/reaches-nothing',
    'tce-mapped',
    'claim/blocked',
    same,
    2,
    { 'blocking-attach': 'empties-nothing' },
  ],
  ['blocked/reaches-nothing', 'tce-ownership', 'claim/blocked', same, 1, { 'take-empties': 'table-only' }],
  ['blocked/no-way-around', 'tce-ownership', 'attach/joined', same, 3, { 'take-empties': 'table-only' }],
  [
    'windows/of-the-owner',
    'tce-shared',
    'create_window/created',
    spoiled(s => patch(s, { groups: patchAt(s.groups, 1, { window1: -1 }) })),
    4,
  ],
  [
    'group/lives-with-its-endpoint',
    'tce-devices',
    'probe/joined',
    same,
    1,
    { 'device-group-reference': 'missing' },
  ],
  [
    'container/list-in-order',
    'tce-shared',
    'attach/joined',
    spoiled(s => patch(s, { groups: s.groups.map(g => (g.container < 0 ? g : patch(g, { order: 0 }))) })),
    5,
  ],
  ['table/nothing-outside', 'tce-pseries', 'map/past-window', gone, 6],
  ['table/runs-whole', 'tce-shared', 'map/mapped', entries(run => ({ count: run.count + 1 })), 6],
  ['table/free-is-empty', 'tce-shared', 'close/closed', kept('entries'), 6],
  ['entry/write-implies-read', 'tce-shared', 'map/mapped', entries(() => ({ prot: 'w' })), 5],
  [
    'entry/leads-where-its-user-said',
    'tce-shared',
    'map/mapped',
    entries(run => ({ frame: run.frame + 1 })),
    5,
  ],
  ['cache/nothing-old', 'tce-shared', 'map/mapped', same, 8, { invalidation: 'first-linked-group' }],
  [
    'windows/apart',
    'tce-shared',
    'create_window/created',
    spoiled(s => patch(s, { tables: s.tables.map(t => (t.kind === 'free' ? t : patch(t, { offset: 0 }))) })),
    4,
  ],
  ['windows/apart', 'tce-firmware', 'ddw_create/overlaps', gone, 3],
  [
    'region/counter',
    'tce-guest',
    'h_put_tce_indirect/put',
    same,
    9,
    { 'indirect-no-permission': 'counts-a-use' },
  ],
  [
    'region/every-entry-counted',
    'tce-two-containers',
    'close/closed',
    spoiled(s => patch(s, { regions: s.regions.map(() => FREE_REGION) })),
    7,
  ],
  ['region/apart', 'tce-memory', 'register/overlaps', gone, 3],
  [
    'region/held-or-used',
    'tce-two-tables',
    'close/closed',
    same,
    13,
    { 'region-of-closed-container': 'leaks', 'unregister-mapped': 'refused' },
  ],
  ['account/within-limit', 'tce-owners', 'create_window/over-limit', gone, 4],
  ['link/to-what-lives', 'tce-guest', 'kvm_close/closed', kept('links'), 8],
  [
    'refusal/changes-nothing',
    'tce-shared',
    'unregister/mapped',
    spoiled(s => patch(s, {})),
    6,
    { 'unregister-mapped': 'refused' },
  ],
  [
    'map/only-its-range',
    'tce-shared',
    'unmap/unmapped',
    spoiled(s => patch(s, { entries: s.entries.map(runs => runs.clear()) })),
    6,
  ],
  [
    'container/leaves-others-alone',
    'tce-two-containers',
    'unregister/unregistered',
    spoiled(s => patch(s, { entries: s.entries.map(runs => runs.clear()) })),
    8,
  ],
  [
    'kernel/leaves-users-alone',
    'tce-mapped',
    'kernel_unmap/unmapped',
    spoiled(s => patch(s, { entries: s.entries.map(runs => runs.clear()) })),
    10,
  ],
  [
    'default-window/comes-back',
    'tce-firmware',
    'ddw_remove/removed',
    same,
    3,
    { 'default-window': 'sticky' },
  ],
  ['close/frees-everything', 'tce-shared', 'close/closed', kept('regions', 'holds'), 3],
  ['release/gives-everything-back', 'tce-shared', 'release/platform', kept('tables', 'groups'), 1],
];

for (const [promise, world, clause, rewrite, length, policies] of BREAKS) {
  test(`${promise} fails when ${clause} is broken`, () => {
    const broken = rewritten(worldNamed(world) as TceWorld, clause, rewrite);
    const found = brokenIn(broken, promise, policies ?? {}, 20_000, explorePlainly);
    assert.equal(found.trace.length, length);
  });
}

test('every promise is in the list of breaks', () => {
  const { always, steps, lives } = spaprTce;
  const broken = new Set(BREAKS.map(([promise]) => promise));
  assert.deepEqual(
    [...always, ...steps, ...lives].map(p => p.id).filter(id => !broken.has(id)),
    [],
  );
});
