// Can each promise of vfio-type1 be broken at all? Each is seen to fail under a law with one mistake.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explorePlainly } from '../../model/explore/plain.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { type Breaks, ends, without } from '../../model/faults/design.js';
import { worldNamed } from '../../model/worlds.js';
import { patch, patchAt } from '../../spec/kit/record.js';
import { eachMapping, putAt } from '../../spec/vfio-type1/mappings.js';
import { vfioType1 } from '../../spec/vfio-type1/profile.js';
import { NO_DMA, type State } from '../../spec/vfio-type1/state.js';
import { brokenIn } from './rewritten.js';

const kept = (id: string, ...fields: readonly (keyof State)[]): Breaks =>
  ends<State>(id, (after, before) =>
    patch(after, Object.fromEntries(fields.map(f => [f, before[f]])) as Partial<State>),
  );
const group = (fields: object) => (s: State) => patch(s, { groups: patchAt(s.groups, 0, fields) });

/** By promise: where it breaks, and under which mistake. */
const BROKEN: { readonly [id: string]: readonly [world: string, breaks: Breaks] } = {
  'container/left-as-found': ['type1-entering', kept('unset_container/left', 'containers')],
  'container/of-one-kind': ['type1-without-iommu', without('set_container/mixed')],
  'device/open-only-within': ['type1-entering', without('get_device/no-backend')],
  'group/in-a-container-while-held': ['type1-entering', kept('close/closed', 'groups', 'containers')],
  'group/owned-is-viable': ['type1-unplug', without('bind/group-taken')],
  'group/on-a-domain': ['type1-entering', ends<State>('set_iommu/set', group({ domain: -1 }))],
  'domain/shared-where-it-can-be': [
    'type1-domains',
    ends<State>('set_container/joined', s =>
      s.groups[1]!.domain >= 0 ? patch(s, { groups: patchAt(s.groups, 1, { domain: 1 }) }) : s,
    ),
  ],
  'mapping/disjoint': ['type1-ranges-v-one', without('map/overlaps')],
  'mapping/valid': ['type1-apertures', without('map/outside')],
  'mapping/translated-everywhere': [
    'type1-one-mapping',
    ends<State>('map/mapped', s => eachMapping(s, 0, d => patch(d, { from: -1 }))),
  ],
  'mapping/counted': ['type1-one-mapping', without('map/too-many')],
  'mapping/page-sizes': [
    'type1-entering',
    ends<State>('set_iommu/set', s =>
      patch(s, { units: s.units.map(u => patch(u, { pageSizes: 0x20_0000n })) }),
    ),
  ],
  'mapping/never-invalid-with-emulated': ['type1-invalid', without('unmap/emulated-there')],
  'dirty/only-while-tracked': ['type1-dirty', kept('dirty_pages/stopped', 'marks')],
  'pin/of-an-open-device': ['type1-pinned', kept('close/closed', 'pins')],
  'account/within-limit': ['type1-one-mapping', without('map/over-limit')],
  'account/every-page-charged': [
    'type1-one-mapping',
    ends<State>('map/mapped', s => eachMapping(s, 0, d => patch(d, { charged: 0 }))),
  ],
  'refusal/changes-nothing': ['type1-one-mapping', ends<State>('map/over-limit', group({}))],
  'refusal/keeps-translations': ['type1-one-mapping', ends<State>('map/over-limit', s => mapped(s, 0))],
  'translation/steady-while-open': ['type1-unplug', without('unset_container/in-use')],
  'unmap/says-what-it-removed': ['type1-ranges-v-one', kept('unmap/unmapped', 'maps')],
  'group/leaves-only-unused': ['type1-entering', without('unset_container/in-use')],
  'group/revoked-with-its-last-device': [
    'type1-unplug',
    ends<State>('bind/bound', s =>
      patch(s, {
        handles: s.handles.reduce(
          (now, h, key) => (h.kind === 'group' ? now.set(key, { kind: 'revoked', target: h.target }) : now),
          s.handles,
        ),
      }),
    ),
  ],
  'unplug/only-unused': ['type1-unplug', without('unbind/waits')],
  'unplug/ends-once-users-close': ['type1-unplug', kept('resume/finished', 'devices', 'groups', 'handles')],
  'last-close/frees-everything': ['type1-entering', kept('close/closed', 'groups', 'containers')],
};

/** Something is mapped at that page, by nobody's wish. */
function mapped(s: State, page: number): State {
  const dma = patch(NO_DMA, { pages: 1, mm: 0, from: 0, origin: 0 });
  const runs = s.maps[0]!;
  return patch(s, { maps: putAt(s.maps, 0, page < 1 ? runs.set(page, dma) : runs.clear().set(0, dma)) });
}

const properties = [...vfioType1.always, ...vfioType1.steps, ...vfioType1.lives].map(p => p.id);

test('there is a mistake for each promise', () => {
  assert.deepEqual(Object.keys(BROKEN).sort(), [...properties].sort());
});

for (const [id, [name, breaks]] of Object.entries(BROKEN)) {
  test(`${id} breaks in ${name}`, () => {
    const world = { ...worldNamed(name)!, profile: breaks(vfioType1) } as AnyWorld;
    assert.equal(brokenIn(world, id, {}, 4000, explorePlainly).property, id);
  });
}
