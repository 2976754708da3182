// How is a mistake built into the machine of vfio-type1?
import type { Steps } from '../../../impl/vfio-type1/core.js';
import type { Choice, Op, Setup } from '../../../spec/vfio-type1/state.js';
import type { Restartable } from '../../driven.js';
import { type Defect, Machine } from '../../machines/vfio-type1.js';
import { type FaultyMachine, history, type Source } from '../fault.js';
import { type Now as AnyNow, type Seed as AnySeed, machineFault, type Seen, seedingOf } from '../seeding.js';

export type Now = AnyNow<Op['op']>;
export type Seed = AnySeed<Defect, Op['op']>;

const seeded = seedingOf<Defect, Op['op']>(
  (setup, policies, defect) =>
    new Machine(setup as Setup, policies as Choice, defect) as unknown as Restartable,
);

/** The machine without any mistake. */
export const sound = seeded(() => ({}));

export const fault = (id: string, says: string, source: Source, seen: Seen, seed: Seed): FaultyMachine =>
  machineFault(id, says, source, seen, seeded(seed));

/** Some inner steps are others. */
export const steps =
  (change: (own: Steps, now: Now) => Partial<Steps>): Seed =>
  now => ({ steps: own => change(own, now) });

/** Some calls are others. */
export const calls =
  (other: NonNullable<Defect['calls']>): Seed =>
  () => ({ calls: other });

/** The subject of a commit of Linux. */
export const linuxSays = (subject: string): Source => history(`Linux, "${subject}"`);

/** What was read in a kernel's source and is not confirmed. */
export const readIn = (where: string): Source => history(`Linux 7.2.13, ${where} (read, not confirmed)`);

export const nothing = (): void => {};
