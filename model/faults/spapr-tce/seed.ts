// How is a mistake built into the machine of spapr-tce?
import type { Steps } from '../../../impl/spapr-tce/core.js';
import type { PolicyValues } from '../../../spec/spapr-tce/policies.js';
import type { Op, Setup } from '../../../spec/spapr-tce/state.js';
import type { Restartable } from '../../driven.js';
import { type Defect, Machine } from '../../machines/spapr-tce.js';
import { type FaultyMachine, history, type Source } from '../fault.js';
import { type Now as AnyNow, type Seed as AnySeed, machineFault, type Seen, seedingOf } from '../seeding.js';

export type Now = AnyNow<Op['op']>;
export type Seed = AnySeed<Defect, Op['op']>;

/** Bytes of memory for tables: a machine is made for each recording that a fault is looked for in. */
const TABLE_MEMORY = 2 ** 21;

const seeded = seedingOf<Defect, Op['op']>(
  (setup, policies, defect) =>
    new Machine(setup as Setup, policies as PolicyValues, TABLE_MEMORY, defect) as unknown as Restartable,
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
export const readIn = (where: string): Source => history(`Linux 7.2, ${where} (read, not confirmed)`);
