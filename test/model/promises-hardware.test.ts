// Can each promise of hardware be broken at all? Each is seen to fail under a mistake, or under a wrong driver.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explorePlainly } from '../../model/explore/plain.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { type Breaks, ends, withClause } from '../../model/faults/design.js';
import { DEBATES, worldNamed } from '../../model/worlds.js';
import { hardware } from '../../spec/hardware/profile.js';
import type { State } from '../../spec/hardware/state.js';
import type { Policies } from '../../spec/index.js';
import { patch } from '../../spec/kit/record.js';
import { brokenIn } from './rewritten.js';

const caches = (s: State, fields: Partial<State['caches']>): State =>
  patch(s, { caches: { ...s.caches, ...fields } });
const asIs: Breaks = profile => profile;

/** By promise: where it breaks, how, under which answers, and after how many steps at the least. */
const BROKEN: readonly (readonly [id: string, world: string, steps: number, breaks: Breaks, Policies?])[] = [
  [
    'cache/may-hold-today',
    'hw-entries',
    1,
    ends<State>('write_context/written', (after, before) => caches(after, { now: before.caches.now })),
  ],
  [
    'cache/later-is-less',
    'hw-entries',
    3,
    ends<State>('wait/queued', s => caches(s, { now: s.caches.now.slice(0, 0) })),
  ],
  ['table/free-is-nowhere', 'hw-tables', 4, asIs, { 'table-free': 'at-once' }],
  ['table/free-is-nowhere', 'hw-tables', 5, asIs, { 'leaf-hint': 'always' }],
  ['device/sees-the-tables', 'hw-tables', 5, asIs, { 'leaf-hint': 'always' }],
  ['device/sees-the-tables', 'hw-attach', 3, asIs, { 'attach-flush': 'iotlb-first' }],
  ['device/sees-the-tables', 'hw-caching-mode', 2, asIs, { 'map-flush': 'never' }],
  ['device/sees-the-tables', 'hw-device-tlb', 3, asIs, { 'device-tlb': 'forgotten' }],
  ['device/sees-the-tables', 'hw-device-tlb', 4, asIs, { 'device-tlb': 'before-iotlb' }],
  ['device/sees-the-tables', 'hw-range', 5, asIs, { 'flush-range': 'page-count' }],
  [
    'cache/forgets-by-completion',
    'hw-entries',
    4,
    ends<State>('submit/queued', s => caches(s, { now: s.caches.open?.view ?? s.caches.now })),
  ],
  ['request/changes-nothing', 'hw-entries', 1, ends<State>('access/faults', s => patch(s, {}))],
  [
    'refusal/changes-nothing',
    'hw-entries',
    1,
    withClause('complete/nothing-waits', c => ({
      ...c,
      then: (s: State) => ({ outcome: { is: 'refused', errno: 'EINVAL' }, state: patch(s, {}) }),
    })),
  ],
  ['iova/not-reused-while-owed', 'hw-lazy', 3, asIs, { 'iova-reuse': 'at-once' }],
  ['queue/drains', 'hw-entries', 2, ends<State>('complete/done', (_, before) => before)],
];

test('each promise is broken by something', () => {
  const properties = [...hardware.always, ...hardware.steps, ...hardware.lives].map(p => p.id);
  assert.deepEqual([...new Set(BROKEN.map(([id]) => id))].sort(), [...properties].sort());
});

test('each wrong answer to each question breaks a promise, in the world of its debate', () => {
  const wrong = hardware.policies.flatMap(p =>
    p.values.slice(1).map(v => [p.name, v.value, DEBATES[p.name]]),
  );
  const shown = BROKEN.flatMap(([, world, , , policies = {}]) =>
    Object.entries(policies).map(([name, value]) => [name, value, [world]]),
  );
  for (const one of wrong)
    assert.ok(
      shown.some(s => String(s) === String(one)),
      String(one),
    );
});

for (const [id, name, steps, breaks, policies = {}] of BROKEN) {
  const under = Object.entries(policies).map(([policy, value]) => ` under ${policy}=${value}`);
  test(`${id} breaks in ${name}${under.join()}, after ${steps} steps at the least`, () => {
    const world = { ...worldNamed(name)!, profile: breaks(hardware) } as AnyWorld;
    assert.equal(brokenIn(world, id, policies, 400, explorePlainly).trace.length, steps);
  });
}
