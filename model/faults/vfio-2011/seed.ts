// How is a mistake built into the 2011 machine?
import type { Steps } from '../../../impl/vfio-2011/core.js';
import type { PolicyValues } from '../../../spec/vfio-2011/policies.js';
import type { Op, Setup } from '../../../spec/vfio-2011/state.js';
import type { Restartable } from '../../driven.js';
import { type Defect, Machine } from '../../machines/vfio-2011.js';
import { type FaultyMachine, history, type Source } from '../fault.js';
import { type Now as AnyNow, type Seed as AnySeed, machineFault, type Seen, seedingOf } from '../seeding.js';

export type Now = AnyNow<Op['op']>;
export type Seed = AnySeed<Defect, Op['op']>;

const seeded = seedingOf<Defect, Op['op']>(
  (setup, policies, defect) =>
    new Machine(setup as Setup, policies as PolicyValues, undefined, defect) as unknown as Restartable,
);

/** The machine without any mistake. */
export const sound = seeded(() => ({}));

export const fault = (id: string, says: string, source: Source, seen: Seen, seed: Seed): FaultyMachine =>
  machineFault(id, says, source, seen, seeded(seed));

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
