// What must be said to make a POWER machine, and which parts is it made of then?
import { type Choices, DEFAULT_CHOICES, type Hardware } from './configuration.js';
import type { Parts, Steps } from './core.js';
import { type Faults, NO_FAULTS } from './faults.js';

const TABLE_MEMORY = 2 ** 26;

export interface Sizes {
  /** Bytes of memory for tables, a power of two from 64 KiB on. Untouched memory costs address space alone. */
  readonly tableMemory?: number;
}

export interface Options extends Sizes {
  readonly hardware: Hardware;
  readonly choices?: Partial<Choices>;
  readonly faults?: Faults;
  /** Other inner steps than the machine's own, which are handed in: how a defect is seeded. See steps.ts. */
  readonly steps?: (own: Steps) => Partial<Steps>;
}

/** What is made of the options: what was left out is the default, and `own` are the machine's own steps. */
export function partsOf(options: Options, own: Steps): Parts {
  return {
    hardware: options.hardware,
    choices: { ...DEFAULT_CHOICES, ...options.choices },
    faults: options.faults ?? NO_FAULTS,
    steps: options.steps === undefined ? own : { ...own, ...options.steps(own) },
    tableMemory: options.tableMemory ?? TABLE_MEMORY,
  };
}
