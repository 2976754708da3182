// Does the implementation follow every transition of a world's graph, failures included?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverWorld } from '../../model/compare/lockstep.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { countsOf } from '../../model/pinned.js';
import { worldNamed } from '../../model/worlds.js';

const hex = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v);

/** Transitions of a world that are gone through one by one. */
const MOST = 400_000;

/** Names of the worlds that are not too large for it. */
export const passable = (worlds: readonly AnyWorld[]): readonly string[] =>
  worlds.filter(w => w.large !== true && countsOf(w).transitions <= MOST).map(w => w.name);

/** A test for each world of that name. */
export function testCovered(names: readonly string[]): void {
  for (const name of names) {
    test(`${name}: every transition of the graph runs on the implementation, failures included`, () => {
      const world = worldNamed(name)!;
      const { parting, ...figures } = coverWorld(world);
      assert.equal(parting, undefined, parting && `${parting.rule}: ${JSON.stringify(parting.first, hex)}`);
      assert.deepEqual(figures, { complete: true, notChosen: 0, ...countsOf(world) });
    });
  }
}
