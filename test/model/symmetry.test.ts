// Is one of all states that differ by a renaming enough, and is a symmetry that does not hold found out?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Asymmetric, type Symmetry } from '../../model/explore/symmetry.js';
import type { AnyWorld } from '../../model/explore/world.js';
import type { VfioWorld } from '../../model/worlds/vfio-2011.js';
import { worldNamed } from '../../model/worlds.js';
import { vfio2011 } from '../../spec/vfio-2011/profile.js';
import type { State } from '../../spec/vfio-2011/state.js';
import { ASYMMETRIC, BREAKS, reduce, testAsymmetric, testBroken, testReduced } from './reduced.js';
import { testToy } from './toy-symmetry.js';

testReduced([worldNamed('two-owners')!]);
testBroken(BREAKS.slice(-1));
testAsymmetric(ASYMMETRIC.slice(0, 1));

testToy({ groups: 3, fds: 3 }, 6);

const declaring = (world: AnyWorld, change: Partial<Symmetry>): AnyWorld => ({
  ...world,
  symmetry: { ...world.symmetry!, ...change },
});
const without = <R extends object>(record: R, key: keyof R): R => {
  const { [key]: _, ...rest } = record;
  return rest as R;
};

test('a promise that picks out a thing is reported', () => {
  const world = worldNamed('trio-idle') as VfioWorld;
  const first = {
    ...vfio2011.always[0]!,
    id: 'first/never-merged',
    holds: (s: State) => s.groups[0]!.context < 0 || s.groups[1]!.context !== s.groups[0]!.context,
  };
  const profile = { ...vfio2011, always: [...vfio2011.always, first] };
  assert.throws(() => reduce({ ...world, profile }), /unsound: the state breaks 'first\/never-merged'/);
});

test('a symmetry that forgets something is reported', () => {
  const world = worldNamed('attack-window')!;
  const { sorts, refers, labels } = world.symmetry!;
  const forgetful: readonly (readonly [string, Partial<Symmetry>])[] = [
    ['maps move with contexts', { sorts: { ...sorts, context: { rows: ['contexts'] } } }],
    ['handles name what they are of', { refers: without(refers!, 'handles') }],
    ['groups name their context', { refers: { ...refers, groups: { hardware: 'group' } } }],
  ];
  for (const [what, change] of forgetful)
    assert.throws(() => reduce(declaring(world, change)), Asymmetric, what);
  const plugged = worldNamed('unplug-merged')!;
  const device = without(plugged.symmetry!.sorts.device!, 'apart');
  assert.throws(
    () => reduce(declaring(plugged, { sorts: { ...plugged.symmetry!.sorts, device } })),
    /hot_remove|unbind|delete|resume/,
    'one device comes and goes, another one changes drivers',
  );
  assert.ok(labels);
  assert.equal(
    reduce(declaring(world, { labels: {} })).symmetry!.renamings,
    2,
    'groups with different numbers that are no labels are not interchangeable',
  );
});

test('a symmetry that does not fit the state is refused', () => {
  const world = worldNamed('pair')!;
  const { sorts, refers } = world.symmetry!;
  const wrong: readonly (readonly [Partial<Symmetry>, RegExp])[] = [
    [{ sorts: { ...sorts, device: { rows: ['gadgets'] } } }, /no field 'gadgets'/],
    [{ sorts: { ...sorts, device: { rows: ['devices', 'handles'] } } }, /not equally many/],
    [{ sorts: { ...sorts, other: { rows: ['devices'] } } }, /belongs to two sorts/],
    [{ refers: { ...refers, devices: { group: 'grupe' } } }, /no such sort/],
    [{ refers: { ...refers, devices: { group: 'handle' } } }, /'handle' is unnamed/],
    [{ refers: { ...refers, devices: { driver: 'group' } } }, /'devices.driver' is declared to name a group/],
    [{ sorts: { ...sorts, context: { rows: ['contexts', 'maps'], unnamed: true } } }, /one field of rows/],
  ];
  for (const [change, message] of wrong) assert.throws(() => reduce(declaring(world, change)), message);
  assert.throws(() => reduce(worldNamed('dma-strict')!), /declares no symmetry/);
});

test('too many renamings are refused with what to do about it', () => {
  const world = worldNamed('pair') as VfioWorld;
  const device = (group: number) => ({ name: 'x', group, driver: 'vfio' }) as const;
  const devices = Array.from({ length: 8 }, () => device(0));
  const setup = { ...world.setup, groups: world.setup.groups.slice(0, 1), devices };
  assert.throws(() => reduce({ ...world, setup }), /too large: 40320 renamings of .*Set some apart/);
});
