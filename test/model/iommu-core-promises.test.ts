// Can each promise of iommu-core and of its races be broken at all? Each is seen to fail once, by the shortest trace.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worldNamed } from '../../model/worlds.js';
import type { PolicyValues } from '../../spec/iommu-core/policies.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import { BLOCKED, DEFAULT, FREED, type Op, type State } from '../../spec/iommu-core/state.js';
import type { PolicyValues as RacePolicies } from '../../spec/iommu-core-races/policies.js';
import { iommuCoreRaces } from '../../spec/iommu-core-races/profile.js';
import type { Op as RaceOp, State as RaceState } from '../../spec/iommu-core-races/state.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import {
  asItIs,
  brokenIn,
  gone,
  type Rewrite as RewriteOf,
  rewritten,
  spoiled as spoiledBy,
} from './rewritten.js';

type Rewrite = RewriteOf<State, Op, PolicyValues>;
type RaceRewrite = RewriteOf<RaceState, RaceOp, RacePolicies>;
const spoiled = spoiledBy<State, Op, PolicyValues>;

const keeps = (...fields: readonly (keyof State)[]): Rewrite =>
  spoiled((after, _, before) =>
    patch(after, Object.fromEntries(fields.map(f => [f, before[f]])) as Partial<State>),
  );
const nothing: Rewrite = spoiled((_, __, before) => before);
const everybody = (fields: Partial<State['devices'][number]>): Rewrite =>
  spoiled(s => patch(s, { devices: s.devices.map(d => patch(d, fields)) }));
const groupOn = (domain: number): Rewrite =>
  spoiled(s => patch(s, { groups: patchAt(s.groups, 0, { domain }) }));

/** A leaf of two pages over one of a page. */
const overlapping: Rewrite = spoiled(s =>
  patch(s, { leaves: s.leaves.set(0, { pages: 2, frame: 0 }).set(1, { pages: 1, frame: 0 }) }),
);

type Break<R, P> = readonly [string, string, string, R, number, Partial<P>?];

/** Promise, world, the clause that is broken, how, the length of the shortest trace that shows it, policies. */
const BREAKS: readonly Break<Rewrite, PolicyValues>[] = [
  ['group/every-holder-counted', 'drivers', 'group_get/held', keeps('groups'), 2],
  [
    'group/lives-while-held',
    'drivers',
    'probe/no-memory',
    asItIs,
    2,
    { 'device-group-reference': 'borrowed' },
  ],
  [
    'domain/freed-is-not-used',
    'no-static-blocked',
    'store_type/rollback-fails',
    asItIs,
    3,
    { 'free-trusts-detach': 'yes' },
  ],
  ['domain/fits-its-devices', 'two-bridges', 'attach_group/does-not-fit', gone, 4],
  ['member/is-where-its-group-is', 'handles', 'attach_group/attached', keeps('devices'), 2],
  ['pasid/programmed-as-written', 'pasids', 'attach_pasid/attached-everywhere', keeps('pasidTable'), 3],
  ['pasid/aux-domain-has-one-while-used', 'aux', 'aux_detach/detached', keeps('domains'), 5],
  ['pasid/bond-is-written-down', 'sva', 'sva_unbind/unbound', keeps('pasidTable'), 3],
  ['pasid/one-purpose', 'sva', 'pasid_free/still-used', gone, 4],
  ['reset/of-a-member', 'resets', 'reset_done/restored', keeps('groups'), 3, { 'reset-state': 'per-group' }],
  ['pasid/attached-means-everywhere', 'pasids', 'attach_pasid/attached-everywhere', keeps('programmed'), 3],
  ['map/leaves-are-disjoint', 'tables', 'map/mapped', overlapping, 3],
  ['owner/not-on-the-kernels-domain', 'boot', 'setup_default/set-up', groupOn(DEFAULT), 3],
  ['owner/no-kernel-driver-beside', 'drivers', 'bind/group-taken', gone, 3],
  ['owner/no-kernel-driver-beside', 'drivers', 'release_device/never-owned', gone, 7],
  ['owner/is-counted', 'drivers', 'bind/bound', keeps('groups'), 2],
  [
    'blocked/nothing-left-translated',
    'leak',
    'claim_group/taken',
    asItIs,
    2,
    { 'blocking-attach': 'may-return-early' },
  ],
  ['direct-map/never-blocked', 'firmware', 'claim_group/needs-direct-map', gone, 2],
  ['aux/flag-agrees', 'aux', 'aux_detach/detached', asItIs, 6, { 'aux-flag': 'group' }],
  ['question/changes-nothing', 'leak', 'owner_claimed/told', spoiled(s => patch(s, {})), 2],
  [
    'refusal/keeps-the-group',
    'handles',
    'attach_group/attach-fails',
    asItIs,
    2,
    { 'failed-replace': 'park-on-blocking' },
  ],
  [
    'refusal/keeps-the-members',
    'handles',
    'attach_group/attach-fails',
    asItIs,
    2,
    { 'failed-replace': 'park-on-blocking' },
  ],
  ['attach/only-from-the-core', 'handles', 'attach_group/taken', gone, 3],
  ['detach/ends-on-the-core', 'resets', 'detach_group/stays', asItIs, 5, { 'reset-state': 'per-group' }],
  ['release/ends-on-default', 'leak', 'release_group/released', groupOn(BLOCKED), 3],
  ['claim/without-pasids', 'leak', 'claim_group/attached', gone, 4],
  [
    'pasid/steady-under-rid',
    'pasids',
    'attach_group/attached',
    asItIs,
    4,
    { 'rid-while-pasid': 'torn-down' },
  ],
  ['domain/no-third', 'handles', 'attach_group/attached', everybody({ rid: FREED }), 2],
  ['bystander/other-groups-unmoved', 'two-bridges', 'attach_group/attached', everybody({ differs: true }), 3],
  ['reset/ends', 'resets', 'reset_done/restored', nothing, 3],
  ['everything-given-back', 'leak', 'remove/left', nothing, 1],
];

const RACES: readonly Break<RaceRewrite, RacePolicies>[] = [
  ['nothing-freed/is-used', 'attach-unplug', 'step/find', asItIs, 15, { 'attach-lock': 'none' }],
  ['group/one-object', 'probe-probe', 'step/make-group', asItIs, 4, { 'probe-lock': 'none' }],
  ['group/one-default-domain', 'probe-probe', 'step/make-default', asItIs, 10, { 'probe-lock': 'none' }],
  [
    'unmap/nothing-cached-after',
    'attach-invalidate',
    'step/program',
    asItIs,
    9,
    { 'attach-order': 'program-then-link' },
  ],
  [
    'lock/given-back',
    'attach-unplug',
    'step/unlock-group',
    spoiledBy<RaceState, RaceOp, RacePolicies>((after, _, before) =>
      patch(after, { group: patch(after.group, { lock: before.group.lock }) }),
    ),
    8,
  ],
  [
    'threads/all-finish',
    'attach-while-open',
    'step/lock-device',
    asItIs,
    2,
    { 'attach-lock': 'device-mutex' },
  ],
];

for (const [promise, world, clause, rewrite, length, policies] of [...BREAKS, ...RACES]) {
  test(`${promise} fails when ${clause} is broken${policies ? ` by ${Object.values(policies)}` : ''}`, () => {
    const broken = rewritten(worldNamed(world)!, clause, rewrite as Rewrite);
    const found = brokenIn(broken, promise, policies ?? {}, 3_000);
    assert.equal(found.trace.length, length);
  });
}

test('every promise is in the list of breaks', () => {
  for (const [profile, breaks] of [
    [iommuCore, BREAKS],
    [iommuCoreRaces, RACES],
  ] as const) {
    const { always, steps, lives } = profile;
    const broken = new Set(breaks.map(([promise]) => promise));
    assert.deepEqual(
      [...always, ...steps, ...lives].map(p => p.id).filter(id => !broken.has(id)),
      [],
    );
  }
});
