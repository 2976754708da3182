// How is a mistake built into the 2011 machine, so that it is made in one call and not in every one?
import type { Steps } from '../../../impl/vfio-2011/steps.js';
import type { Policies } from '../../../spec/law/clause.js';
import type { PolicyValues } from '../../../spec/vfio-2011/policies.js';
import type { Op, Setup } from '../../../spec/vfio-2011/state.js';
import type { Restartable } from '../../machine.js';
import { type Defect, Machine } from '../../machines/vfio-2011.js';
import { type Expected, type FaultyMachine, history, type Source } from '../fault.js';

/** What the machine is doing at the moment. */
export interface Now {
  readonly op: Op['op'] | 'nothing';
  /** Counts calls since the machine was made, and the times it was put back to the start. */
  readonly call: number;
  readonly run: number;
}

/** One mistake. It is made anew for each machine, so it may remember what that machine did. */
export type Seed = (now: Now) => Defect;

function seeded(seed: Seed): (setup: unknown, policies: Policies) => Restartable {
  return (setup, policies) => {
    const now = { op: 'nothing' as Now['op'], call: 0, run: 0 };
    const machine = new Machine(setup as Setup, policies as PolicyValues, undefined, seed(now));
    return {
      reset: () => {
        now.op = 'nothing';
        now.run++;
        machine.reset();
      },
      step: (op, force) => {
        now.op = (op as Op).op;
        now.call++;
        return machine.step(op as Op, force);
      },
      view: () => machine.view(),
    };
  };
}

/** The machine without any mistake. */
export const sound = seeded(() => ({}));

/** A fault of the implementation, in one row: what, where it was made before, who must notice it, and the mistake. */
export function fault(
  id: string,
  says: string,
  source: Source,
  [world, shows, steps, policies = {}]: readonly [
    world: string,
    shows: string,
    steps: number,
    policies?: Policies,
  ],
  seed: Seed,
): FaultyMachine {
  const expected: Expected = { by: 'lockstep', shows, steps };
  return { in: 'implementation', id, says, source, expected, world, policies, machine: seeded(seed) };
}

/** Some inner steps are others. */
export const steps =
  (change: (own: Steps, now: Now) => Partial<Steps>): Seed =>
  now => ({ steps: own => change(own, now) });

export const RFC = (where: string): Source =>
  history(`VFIO driver core framework, posting of November 2011, ${where}`);

/** Nothing is done. */
export const nothing = (): void => {};

/** What an open of this call undid, or would have to undo: the step is left out where the open itself went well. */
export const leavesOpen = (during: readonly Now['op'][]): Seed =>
  steps((own, now) => {
    let opened = -1;
    return {
      openContext: (core, c, mm) => {
        const result = own.openContext(core, c, mm);
        opened = result === 0 ? now.call : -1;
        return result;
      },
      closeContext: (core, c) => {
        if (!during.includes(now.op) || opened !== now.call) own.closeContext(core, c);
      },
    };
  });
