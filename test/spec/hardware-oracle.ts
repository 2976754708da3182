// Does the law of hardware allow whatever a machine with real caches does, and little besides?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dice, Digits } from '../../spec/calls/digits.js';
import { hardwareCalls } from '../../spec/calls/hardware.js';
import type { PolicyValues } from '../../spec/hardware/policies.js';
import { hardware } from '../../spec/hardware/profile.js';
import type { Op, State } from '../../spec/hardware/state.js';
import { allowed, defaultPolicies } from '../../spec/index.js';
import { RealIommu } from './hardware-machine.js';

const POLICIES = defaultPolicies<PolicyValues>(hardware);
const STEPS = 80;
const text = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v));

const byHand = Object.entries(hardwareCalls.machines).filter(([, m]) => m.spaces.length === 0);

/** So many walks of each machine whose tables are written by hand. */
export function testCaches(walks: number): void {
  for (const [name, machine] of byHand) {
    test(`${name}: whatever real caches answer is allowed, and older answers are seen`, () => {
      const dice = new Dice(11);
      let older = 0;
      for (let walk = 0; walk < walks; walk++) {
        const real = new RealIommu(machine, new Dice(walk + 1));
        let state: State = hardware.initial(machine, POLICIES, false);
        const told: string[] = [];
        for (let step = 0; step < STEPS; step++) {
          const op: Op = hardwareCalls.next(machine, state, new Digits(dice.number()));
          const endings = allowed(hardware, state, op, POLICIES);
          const last = endings.at(-1)!;
          state = last.state;
          // What the law refuses, the machine is not asked.
          if (last.outcome.is === 'refused') continue;
          const answer = real.call(op);
          told.push(`${text(op)} -> ${text(answer)}`);
          const found = endings.find(e => text(e.outcome) === text(answer));
          assert.ok(found, `walk ${walk}: allowed ${text(endings.map(e => e.outcome))}\n${told.join('\n')}`);
          if (found !== last) older++;
        }
      }
      assert.ok(older > walks / 2, `${older} answers came from caches`);
    });
  }
}
