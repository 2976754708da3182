// How is a mistake built into the machine of iommu-core?

import type { Steps } from '../../../impl/iommu-core/core.js';
import type { Guarded } from '../../../impl/iommu-core/locks.js';
import type { Device, Group } from '../../../impl/iommu-core/objects.js';
import type { PolicyValues } from '../../../spec/iommu-core/policies.js';
import type { Op, Setup } from '../../../spec/iommu-core/state.js';
import type { Policies } from '../../../spec/law/clause.js';
import type { Concurrent } from '../../compare/schedule.js';
import type { Restartable } from '../../driven.js';
import { type Defect, Machine } from '../../machines/iommu-core.js';
import type { FaultyMachine, Source } from '../fault.js';
import { type Now as AnyNow, type Seed as AnySeed, machineFault, type Seen, seedingOf } from '../seeding.js';

export type Now = AnyNow<Op['op']>;
export type Seed = AnySeed<Defect, Op['op']>;

const machineOf = (setup: unknown, policies: Policies, missing: Guarded | undefined, defect: Defect) =>
  new Machine(
    setup as Setup,
    policies as PolicyValues,
    missing === undefined ? 'by-group' : { without: missing },
    defect,
  );

const seeded = seedingOf<Defect, Op['op']>(
  (setup, policies, defect) => machineOf(setup, policies, undefined, defect) as unknown as Restartable,
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

/** A device that is in a group, and its group. */
export function memberOf(
  devices: readonly Device[],
  index: number,
): { readonly device: Device; readonly group: Group } | undefined {
  const device = devices[index];
  return device?.group === undefined ? undefined : { device, group: device.group };
}

/** The same machine for calls at the same time. */
export const soundTogether = (setup: unknown, policies: Policies): Concurrent =>
  machineOf(setup, policies, undefined, {}) as unknown as Concurrent;

/** A fault that shows only when calls run at the same time: a lock that is missing, or steps in another order. */
export function together(
  id: string,
  says: string,
  source: Source,
  [shows, count]: readonly [history: string, calls: number],
  missing: Guarded | undefined,
  defect: Defect = {},
): FaultyMachine {
  const machine = seeded(() => defect);
  const common = { in: 'implementation', id, says, source, machine } as const;
  const expected = { by: 'scheduler', shows, steps: count } as const;
  return {
    ...common,
    expected,
    together: (setup, policies) => machineOf(setup, policies, missing, defect) as unknown as Concurrent,
  };
}
