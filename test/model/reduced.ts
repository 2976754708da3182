// Is a reduced run what the full one is, made canonical, and a broken promise told alike under a symmetry?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exploration, Options } from '../../model/explore/exploration.js';
import { explore } from '../../model/explore/explore.js';
import { Canon } from '../../model/explore/fast/canon.js';
import { Entities } from '../../model/explore/fast/entities.js';
import { Renamings } from '../../model/explore/fast/renamings.js';
import { explorePlainly } from '../../model/explore/plain.js';
import { Asymmetric } from '../../model/explore/symmetry.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { pinned } from '../../model/pinned.js';
import type { VfioWorld } from '../../model/worlds/vfio-2011.js';
import { worldNamed } from '../../model/worlds.js';
import { canonical } from '../../spec/kit/canonical.js';
import { patch } from '../../spec/kit/record.js';
import type { Clause } from '../../spec/law/clause.js';
import { type AnyOp, allowed, defaultPolicies } from '../../spec/law/profile.js';
import type { PolicyValues } from '../../spec/vfio-2011/policies.js';
import { vfio2011 } from '../../spec/vfio-2011/profile.js';
import type { Op, State } from '../../spec/vfio-2011/state.js';
import { promisingOnly } from './rewritten.js';

/** Spells the representative of a plain state, by tables of its own. */
export function speller(world: AnyWorld): {
  readonly spell: (state: object) => string;
  readonly canon: Canon;
} {
  const policies = { ...defaultPolicies(world.profile), ...world.policies };
  const entities = new Entities(world.profile.initial(world.setup, policies, true));
  const canon = new Canon(new Renamings(entities, world.symmetry!));
  const out = new Int32Array(entities.base);
  return { canon, spell: s => canonical(entities.decode(canon.of(entities.encode(s), out))) };
}

export function addAll(states: Iterable<unknown>, to: Set<string>, spell: (state: object) => string): void {
  for (const state of states) to.add(spell(state as object));
}

/** A test for each of these worlds, which declare a symmetry. */
export function testReduced(worlds: readonly AnyWorld[]): void {
  for (const world of worlds) {
    test(`${world.name}: the full run, made canonical state by state, is the reduced run`, () => {
      const { spell } = speller(world);
      const full = new Set<string>();
      explore(world, {}, { inspect: all => addAll(all, full, spell) });
      const reduced = new Set<string>();
      const found = explore(world, {}, { symmetry: true, inspect: all => addAll(all, reduced, spell) });
      assert.deepEqual(found.violations, []);
      assert.equal(found.complete, true);
      assert.equal(found.states, reduced.size, 'no two representatives are the same by renaming');
      assert.deepEqual([...reduced].sort(), [...full].sort());
      assert.equal(found.states, pinned(world).canonical);
    });
  }
}

type AnyClause = Clause<State, Op, PolicyValues>;

/** The world under a law in which one clause ends otherwise. */
function rewritten(
  world: VfioWorld,
  id: string,
  rewrite: (clause: AnyClause) => Partial<AnyClause>,
): VfioWorld {
  const rules = Object.fromEntries(
    Object.entries(vfio2011.rules).map(([op, clauses]) => [
      op,
      (clauses as readonly AnyClause[]).map(c => (c.id === id ? { ...c, ...rewrite(c) } : c)),
    ]),
  ) as unknown as typeof vfio2011.rules;
  return { ...world, profile: { ...vfio2011, rules } };
}

/** The clause with its state after changed. */
const spoiled =
  (spoil: (after: State, op: Op, before: State) => State) =>
  (clause: AnyClause): Partial<AnyClause> => ({
    then: (s, op, p) => {
      const next = clause.then(s, op, p) as { readonly outcome: never; readonly state: State };
      return { outcome: next.outcome, state: spoil(next.state, op, s) };
    },
  });

const never = (_: AnyClause): Partial<AnyClause> => ({ when: () => false });

/** Laws that break a promise, whatever things are called; the shortest way there is as long under symmetry. */
export const BREAKS: readonly (readonly [string, string, string, (c: AnyClause) => Partial<AnyClause>])[] = [
  ['merge/no-open-device-moves', 'attack-window', 'merge/incoming-in-use', never],
  ['translation/steady-under-open-device', 'attack-window', 'merge/incoming-in-use', never],
  ['handle/holds-what-lives', 'trio-by-handle', 'unmerge/device-open', never],
  [
    'context/owned-while-open',
    'timeout-kill',
    'get_context/given',
    spoiled(s => patch(s, { contexts: s.contexts.map(c => patch(c, { mm: -1 })) })),
  ],
  ['unplug/ends-once-users-close', 'unplug-merged', 'resume/finished', spoiled((_, __, before) => before)],
];

/** Runs the steps by the plain rules; the clauses that were named must be those that speak. */
function followed(world: VfioWorld, found: Exploration<Op>['violations'][number]): State {
  const policies = { ...defaultPolicies<PolicyValues>(world.profile), ...world.policies };
  let state = world.profile.initial(world.setup, policies, true);
  for (const step of found.trace) {
    assert.ok(
      world.offers === undefined || world.offers(state, step.op),
      'a step that the world does not offer',
    );
    const ending = allowed(world.profile, state, step.op, policies).find(e => e.rule === step.rule);
    assert.ok(ending, `${step.rule} does not speak`);
    assert.deepEqual(ending.outcome, step.outcome);
    state = ending.state;
  }
  return state;
}

/** A test for each of these breaks. */
export function testBroken(breaks: typeof BREAKS): void {
  for (const [promise, name, clause, rewrite] of breaks) {
    test(`${promise} in ${name}: the same shortest length, by steps that can be followed`, () => {
      const world = rewritten(worldNamed(name) as VfioWorld, clause, rewrite);
      const alone = promisingOnly(world, promise);
      const options: Options = { maxStates: 20_000 };
      const [full] = explorePlainly(alone, {}, options).violations;
      const [reduced] = explore(alone, {}, { ...options, symmetry: true }).violations;
      assert.ok(full && reduced);
      assert.equal(reduced.trace.length, full.trace.length);
      assert.equal(reduced.kind, full.kind);
      const end = followed(world, reduced as Exploration<Op>['violations'][number]);
      const broken = world.profile.always.find(p => p.id === promise);
      if (broken !== undefined) assert.equal(broken.holds(end, defaultPolicies(world.profile)), false);
    });
  }
}

export const reduce = (world: AnyWorld): Exploration<AnyOp> =>
  explore(world, {}, { symmetry: true, all: true });
/** Laws that treat one thing otherwise than its like, without breaking any promise by it. */
export const ASYMMETRIC: readonly (readonly [
  string,
  string,
  string,
  (c: AnyClause) => Partial<AnyClause>,
])[] = [
  [
    'a group',
    'pair',
    'merge/itself',
    c => ({
      when: (s, o, p) => c.when(s, o, p) || s.handles.get((o as { handle: number }).handle).target === 1,
    }),
  ],
  [
    'a device',
    'trio-idle',
    'get_device/no-vfio-driver',
    () => ({ when: (_, o) => (o as unknown as { device: number }).device === 2 }),
  ],
  [
    'a descriptor',
    'attack-window',
    'get_device/no-vfio-driver',
    () => ({ when: (_, o) => (o as unknown as { as: number }).as === 3 }),
  ],
  [
    'an address space',
    'timeout-kill',
    'get_context/no-domain',
    c => ({ kind: 'must', when: (s, o, p) => (o as { mm: number }).mm === 1 && c.when(s, o, p) }),
  ],
];

/** A test for each of these laws. */
export function testAsymmetric(laws: typeof ASYMMETRIC): void {
  for (const [what, name, clause, rewrite] of laws) {
    test(`a rule that picks out ${what} is reported`, () => {
      const world = rewritten(worldNamed(name) as VfioWorld, clause, rewrite);
      assert.throws(
        () => reduce(world),
        (error: Error) => {
          assert.ok(error instanceof Asymmetric, error.stack);
          assert.match(error.message, /declares is unsound: .* and under other names that is not so/);
          assert.match(error.message, /The renaming: .*\d to \d|turned by \d/);
          return true;
        },
      );
    });
  }
}
