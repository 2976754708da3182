// How is a mistake built into page tables and IOTLB?
import type { Policies } from '../../../spec/law/clause.js';
import type { Setup } from '../../translation/law.js';
import { type Classes, TranslationMachine } from '../../translation/machine.js';
import type { FaultyMachine, Source } from '../fault.js';

/** The machine without any mistake. */
export const sound = (setup: unknown): TranslationMachine => new TranslationMachine(setup as Setup);

/** A fault of page tables or IOTLB, in one row; the classes are made anew at each start, so they may remember. */
export function fault(
  id: string,
  says: string,
  source: Source,
  [world, shows, steps]: readonly [world: string, shows: string, steps: number],
  classes: () => Classes,
): FaultyMachine {
  const expected = { by: 'lockstep', shows, steps } as const;
  const machine = (setup: unknown, _: Policies) => new TranslationMachine(setup as Setup, classes);
  return { in: 'implementation', id, says, source, expected, world, machine };
}
