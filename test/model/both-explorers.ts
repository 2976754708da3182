// Do the plain and the fast explorer say the same of a world?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exploration } from '../../model/explore/exploration.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import type { Knowledge } from '../../model/explore/knowledge.js';
import { explorePlainly } from '../../model/explore/plain.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { countsOf } from '../../model/pinned.js';
import { canonical } from '../../spec/kit/canonical.js';
import type { AnyOp } from '../../spec/law/profile.js';
import { testComplete } from './complete.js';

/** Everything that an exploration says of the world, and nothing of how it was done. */
const told = ({ states, transitions, accepted, depth, complete, rules, seen }: Exploration<AnyOp>) => ({
  ...{ states, transitions, accepted, depth, complete },
  rules: [...rules].sort(),
  seen: [...seen].sort(),
});

/** Broken promises with the lengths of their traces: which shortest trace is told is nobody's business. */
const broken = (r: Exploration<AnyOp>) =>
  r.violations.map(v => `${v.property} (${v.kind}) after ${v.trace.length}: ${v.why}`).sort();

/** Explores by both, and by what was learned, and compares all that they say; with `whole` also the sets of states, and aims. */
export function same(world: AnyWorld, policies: object = {}, whole = true): Exploration<AnyOp> {
  const plainly = new Set<string>();
  const plain = explorePlainly(world, policies, {
    all: true,
    aims: whole,
    ...(whole && {
      inspect: states => {
        for (const s of states) plainly.add(canonical(s));
      },
    }),
  });
  let missing = 0;
  let known: Knowledge | undefined;
  const fast = exploreFast(world, policies, {
    all: true,
    keep: take => {
      known = copied(take());
    },
    aims: whole,
    ...(whole && {
      inspect: states => {
        for (const s of states) if (!plainly.delete(canonical(s))) missing++;
      },
    }),
  });
  assert.deepEqual(told(fast), told(plain));
  assert.deepEqual(broken(fast), broken(plain));
  assert.equal(missing, 0, 'states that the plain explorer does not know, or states found twice');
  assert.equal(plainly.size, 0, 'states that the fast explorer has not found');
  const warm = exploreFast(world, policies, { all: true, aims: whole, known: () => known });
  assert.deepEqual(told(warm), told(fast));
  assert.deepEqual(broken(warm), broken(fast));
  assert.ok(warm.learned!.recalled, 'what was learned is taken up');
  return fast;
}

/** As a file would have it: nothing shared with the exploration that takes it up. */
export const copied = ({ head, words }: Knowledge): Knowledge => ({
  head: JSON.parse(JSON.stringify(head)) as Knowledge['head'],
  words: words.slice(),
});

/** Up to here sets of states and aims are compared, too; beyond, counts, clauses and promises. */
const WHOLE = 6000;
/** Its plain exploration takes half a minute; its counts are pinned from one. */
const LARGEST = 'trio-idle';

/** Of what a run breaks, the promises; an aim is what one side of a debate asks for. */
const promises = (world: AnyWorld, { violations }: Exploration<AnyOp>) => {
  const { always, steps, lives } = world.profile.aims;
  const aims = new Set([...always, ...steps, ...lives].map(aim => aim.id));
  return violations.filter(v => !aims.has(v.property));
};

/**
 * A test for each of these worlds that is not large: both explorers find the same, to the end, with the pinned counts
 * and every promise kept. What they see happen is added to the set.
 */
export function testBoth(worlds: readonly AnyWorld[], happened: Set<string> = new Set()): void {
  for (const world of worlds.filter(w => !w.large && w.name !== LARGEST)) {
    const whole = countsOf(world).states <= WHOLE;
    test(`${world.name}: both explorers find the same ${whole ? 'states and aims' : 'counts and clauses'}, and every promise kept`, () => {
      const found = same(world, {}, whole);
      for (const id of found.seen) happened.add(id);
      const { complete, states, transitions } = found;
      assert.deepEqual(promises(world, found), []);
      assert.deepEqual({ complete, states, transitions }, { complete: true, ...countsOf(world) });
    });
  }
  testComplete(
    worlds.filter(w => w.name === LARGEST),
    happened,
  );
}

/** A test behind those of all worlds of these profiles. */
export function testHappened(worlds: readonly AnyWorld[], happened: ReadonlySet<string>): void {
  test('every sometimes property of the profile is seen in some world that is not large', () => {
    for (const profile of new Set(worlds.map(w => w.profile)))
      for (const p of profile.sometimes) assert.ok(happened.has(p.id), `${p.id} never happens`);
  });
}
