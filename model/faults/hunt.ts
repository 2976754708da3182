// Is a seeded fault noticed, by whom, and is it who must notice it?
import { byExploration, byLockstep, bySuite, type Hunt } from './catchers.js';
import { CATCHERS, type Catch, type Catcher, type Fault, type FaultTable } from './fault.js';

/** Undefined: the catcher has nothing to look at. Null: it looked, and noticed nothing. */
export type Catches = { readonly [K in Catcher]: Catch | null | undefined };

export interface Finding {
  readonly profile: string;
  readonly fault: Fault;
  readonly catches: Catches;
  /** Somebody noticed it. */
  readonly caught: boolean;
  /** Who must notice it did, at what it must, and with no other number of steps. */
  readonly asExpected: boolean;
}

/** Lets every catcher that applies look for the fault. */
export function hunt(table: FaultTable, fault: Fault, grounds: Hunt): Finding {
  const catches: Catches = {
    exploration: byExploration(table, fault, grounds),
    lockstep: byLockstep(table, fault, grounds),
    suite: bySuite(table, fault, grounds),
    scheduler: table.scheduler?.(fault),
  };
  const { by, shows, steps } = fault.expected;
  const met = catches[by];
  return {
    profile: table.profile,
    fault,
    catches,
    caught: CATCHERS.some(c => catches[c] !== null && catches[c] !== undefined),
    asExpected: met !== null && met !== undefined && met.shows === shows && met.steps === steps,
  };
}

/**
 * The same hunt for nothing at all: law and implementation as they are, in each world in which a fault of the
 * table is looked for. Nobody may notice anything, or what the catchers say of the faults is worth nothing.
 */
export function control(table: FaultTable, grounds: Hunt): readonly Finding[] {
  const worlds = [...new Set(table.faults.flatMap(f => (f.world === undefined ? [] : [f.world])))];
  const expected = { by: 'suite', shows: '', steps: 0 } as const;
  const common = { says: 'Nothing is wrong.', source: { is: 'synthetic', at: 'control' }, expected } as const;
  const law: Fault = { ...common, in: 'law', id: 'control/law', breaks: profile => profile };
  const recording: Fault = { ...common, in: 'recording', id: 'control/recordings', alters: events => events };
  const { machine } = table;
  return [
    ...worlds.map((world): Fault => ({ ...law, id: `control/law-in-${world}`, world })),
    ...(machine === undefined
      ? []
      : worlds.map((world): Fault => {
          return { ...common, in: 'implementation', id: `control/machine-in-${world}`, world, machine };
        })),
    recording,
  ].map(fault => hunt(table, fault, grounds));
}
