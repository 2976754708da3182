// Does an IOMMU that fetches at once, and one that fetches what is asked for, do only what the law allows?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverWorld } from '../../model/compare/lockstep.js';
import { walk } from '../../model/compare/walk.js';
import { Machine } from '../../model/machines/hardware.js';
import { countsOf } from '../../model/pinned.js';
import { worldNamed } from '../../model/worlds.js';
import type { PolicyValues } from '../../spec/hardware/policies.js';
import type { Setup } from '../../spec/hardware/state.js';
import { defaultPolicies } from '../../spec/index.js';

const hex = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v);

/** Every call in every state of the world; and walks in which nothing is cached before it is asked for. */
export function testHardware(names: readonly string[]): void {
  for (const name of names) {
    const world = worldNamed(name)!;
    test(`${name}: in every state each call is answered as the law allows`, () => {
      const { parting, complete, states, transitions, notChosen } = coverWorld(world);
      assert.equal(parting, undefined, parting && `${parting.rule}: ${JSON.stringify(parting.first, hex)}`);
      const counts = { states, transitions: transitions + notChosen };
      assert.deepEqual({ complete, ...counts }, { complete: true, ...countsOf(world) });
    });
    test(`${name}: so it is where hardware fetches only what is asked for`, () => {
      const policies = defaultPolicies<PolicyValues>(world.profile);
      const machine = new Machine(world.setup as Setup, policies, { ahead: 0 }) as never;
      const { failure } = walk(world, { seed: 2011, runs: 20, ops: 200, machine });
      assert.equal(failure, undefined, failure && JSON.stringify(failure.disagreement.first, hex));
    });
  }
}
