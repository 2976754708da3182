// How is a mistake built into the machine of hardware?
import type { Habits, Steps } from '../../../impl/hardware/core.js';
import type { PolicyValues } from '../../../spec/hardware/policies.js';
import type { Op, Setup } from '../../../spec/hardware/state.js';
import type { Restartable } from '../../driven.js';
import { type Defect, Machine } from '../../machines/hardware.js';
import { type FaultyMachine, history, type Source } from '../fault.js';
import { type Now as AnyNow, type Seed as AnySeed, machineFault, type Seen, seedingOf } from '../seeding.js';

export type Now = AnyNow<Op['op']>;
export type Seed = AnySeed<Defect, Op['op']>;

const seeded = seedingOf<Defect, Op['op']>(
  (setup, policies, defect) =>
    new Machine(setup as Setup, policies as PolicyValues, defect) as unknown as Restartable,
);

/** The machine without any mistake. */
export const sound = seeded(() => ({}));

export const fault = (id: string, says: string, source: Source, seen: Seen, seed: Seed): FaultyMachine =>
  machineFault(id, says, source, seen, seeded(seed));

/** The same for a mistake that no world shows, but a recording of the corpus: its name, and the event. */
export function toldBy(trace: string, event: number, row: FaultyMachine): FaultyMachine {
  const { world: _, ...rest } = row;
  return { ...rest, expected: { by: 'suite', shows: trace, steps: event } };
}

/** Some inner steps are others. */
export const steps =
  (change: (own: Steps, now: Now) => Partial<Steps>): Seed =>
  now => ({ steps: own => change(own, now) });

/** The driver has a bad habit. */
export const habit =
  (habits: Partial<Habits>): Seed =>
  () => ({ habits });

/** The subject of a commit of Linux. */
export const linuxSays = (subject: string): Source => history(`Linux, "${subject}"`);
