// Do two threads find what one finds?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondThread } from '../../cli/threads/second.js';
import type { Options } from '../../model/explore/exploration.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { canonical } from '../../spec/kit/canonical.js';

/** What was found, the states in their order. What memory it took may differ. */
function found(world: AnyWorld, options: Options) {
  const states: string[] = [];
  const inspect = (all: Iterable<unknown>): void => {
    for (const s of all) states.push(canonical(s));
  };
  const {
    bytes: _,
    learned,
    ...rest
  } = exploreFast(world, {}, { all: true, aims: true, ...options, inspect });
  return { ...rest, rules: [...rest.rules], seen: [...rest.seen], plans: learned?.plans, states };
}

/** A test for each world, which is named by what it is there for. */
export function testTwoThreads(worlds: readonly (readonly [string, AnyWorld, Options])[]): void {
  for (const [name, world, options] of worlds) {
    test(`${name}: two threads find what one finds, in the same order`, () => {
      let handed = 0;
      const two = found(world, {
        ...options,
        secondFrom: 100,
        second: (store, batch) => {
          handed++;
          return secondThread(store, batch);
        },
      });
      assert.deepEqual(two, found(world, options));
      assert.ok(handed > (two.plans! > 1 ? 1 : 0), 'a second thread took part, anew after a new layout');
    });
  }
}
