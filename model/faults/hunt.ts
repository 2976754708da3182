// Is a seeded fault noticed, by whom, and is it who must notice it?
import type { Policies } from '../../spec/law/clause.js';
import { byExploration, byLockstep, byScheduler, bySuite, type Hunt } from './catchers.js';
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
export async function hunt(table: FaultTable, fault: Fault, grounds: Hunt): Promise<Finding> {
  const catches: Catches = {
    exploration: byExploration(table, fault, grounds),
    lockstep: byLockstep(table, fault, grounds),
    suite: bySuite(table, fault, grounds),
    scheduler: await byScheduler(table, fault),
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

/** Where faults are looked for: each world, and under which policies, if those are not the fault themselves. */
function places({
  law,
  faults,
}: FaultTable): readonly { readonly world: string; readonly policies: Policies }[] {
  const met = new Map<string, { readonly world: string; readonly policies: Policies }>();
  for (const fault of faults) {
    const { world, policies = {} } = fault;
    if (world === undefined || (fault.in === 'law' && fault.breaks(law) === law)) continue;
    met.set(`${world} ${JSON.stringify(policies)}`, { world, policies });
  }
  return [...met.values()];
}

/**
 * The same hunt for nothing at all: law and implementation as they are, in each world in which a fault of the
 * table is looked for. Nobody may notice anything, or what the catchers say of the faults is worth nothing.
 */
export async function control(table: FaultTable, grounds: Hunt): Promise<readonly Finding[]> {
  const expected = { by: 'suite', shows: '', steps: 0 } as const;
  const common = { says: 'Nothing is wrong.', source: { is: 'synthetic', at: 'control' }, expected } as const;
  const { machine, together } = table;
  const faults: Fault[] = [
    { ...common, in: 'recording', id: 'control/recordings', alters: events => events },
  ];
  for (const { world, policies } of places(table)) {
    const under = Object.values(policies).map(value => `-under-${value}`);
    const where = { ...common, world, policies } as const;
    faults.push({ ...where, in: 'law', id: `control/law-in-${world}${under.join('')}`, breaks: law => law });
    if (machine === undefined) continue;
    faults.push({
      ...where,
      in: 'implementation',
      id: `control/machine-in-${world}${under.join('')}`,
      machine,
    });
  }
  if (machine !== undefined && together !== undefined)
    faults.push({ ...common, in: 'implementation', id: 'control/together', machine, together });
  const findings: Finding[] = [];
  for (const fault of faults) findings.push(await hunt(table, fault, grounds));
  return findings;
}
