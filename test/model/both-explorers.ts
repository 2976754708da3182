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

/** A test for each of these worlds that is not large. */
export function testBoth(worlds: readonly AnyWorld[]): void {
  for (const world of worlds.filter(w => !w.large && w.name !== LARGEST)) {
    const whole = countsOf(world).states <= WHOLE;
    test(`${world.name}: both explorers find the same ${whole ? 'states and aims' : 'counts and clauses'}`, () => {
      const { states } = same(world, {}, whole);
      assert.equal(states, countsOf(world).states);
    });
  }
}
