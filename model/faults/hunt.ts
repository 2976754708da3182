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
  return findingOf(table, fault, {
    exploration: byExploration(table, fault, grounds),
    lockstep: byLockstep(table, fault, grounds),
    suite: bySuite(table, fault, grounds),
    scheduler: await byScheduler(table, fault),
  });
}

/** Lets the catcher that must notice the fault look for it, and the others where that one does not. */
export async function huntBriefly(table: FaultTable, fault: Fault, grounds: Hunt): Promise<Finding> {
  const { by } = fault.expected;
  const nobody: Catches = {
    exploration: undefined,
    lockstep: undefined,
    suite: undefined,
    scheduler: undefined,
  };
  const met = by === 'scheduler' ? await byScheduler(table, fault) : LOOKS[by](table, fault, grounds);
  const finding = findingOf(table, fault, { ...nobody, [by]: met });
  return finding.asExpected ? finding : hunt(table, fault, grounds);
}

const LOOKS = { exploration: byExploration, lockstep: byLockstep, suite: bySuite } as const;

function findingOf(table: FaultTable, fault: Fault, catches: Catches): Finding {
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

/** Where faults of the law, or of the implementation, are looked for; a policy that is the fault itself left out. */
function places({ law, faults }: FaultTable, kind: Fault['in']): readonly Place[] {
  const met = new Map<string, Place>();
  for (const fault of faults) {
    const { world, policies = {} } = fault;
    if (fault.in !== kind || world === undefined) continue;
    if (fault.in === 'law' && fault.breaks(law) === law) continue;
    met.set(`${world} ${JSON.stringify(policies)}`, { world, policies });
  }
  return [...met.values()];
}

interface Place {
  readonly world: string;
  readonly policies: Policies;
}

const nameOf = ({ world, policies }: Place): string =>
  [world, ...Object.values(policies).map(value => `under-${value}`)].join('-');

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
  for (const place of places(table, 'law')) {
    const id = `control/law-in-${nameOf(place)}`;
    faults.push({ ...common, ...place, in: 'law', id, breaks: law => law });
  }
  if (machine !== undefined) {
    for (const place of places(table, 'implementation')) {
      const id = `control/machine-in-${nameOf(place)}`;
      faults.push({ ...common, ...place, in: 'implementation', id, machine });
    }
  }
  if (machine !== undefined && together !== undefined)
    faults.push({ ...common, in: 'implementation', id: 'control/together', machine, together });
  const findings: Finding[] = [];
  for (const fault of faults) findings.push(await hunt(table, fault, grounds));
  return findings;
}
