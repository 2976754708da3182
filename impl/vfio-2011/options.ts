// What must be said to make a machine, and which parts is it made of then?
import { Translator } from '../iotlb/translator.js';
import { RESERVED, TableArena } from '../paging/arena.js';
import { type Choices, DEFAULT_CHOICES, type Hardware } from './configuration.js';
import type { Parts, Steps } from './core.js';
import { type Faults, NO_FAULTS } from './faults.js';

export interface Sizes {
  /** Descriptors that can be open at once; rounded up to a power of two. */
  readonly handles?: number;
  /** Table pages of an arena of its own, or an arena to share: its pages come back on `reset`. */
  readonly arena?: number | TableArena;
  /** Sets of the IOTLB, a power of two. */
  readonly iotlbSets?: number;
}

export interface Options extends Sizes {
  readonly hardware: Hardware;
  readonly choices?: Partial<Choices>;
  readonly faults?: Faults;
  /** Other inner steps than the machine's own, which are handed in: how a defect is seeded. See steps.ts. */
  readonly steps?: (own: Steps) => Partial<Steps>;
  /** Another class of page tables and IOTLB, for the same reason. */
  readonly translator?: typeof Translator;
}

/** What is made of the options: what was left out is the default, and `own` are the machine's own steps. */
export function partsOf(options: Options, own: Steps): Parts {
  const arena = options.arena ?? 4096;
  return {
    hardware: options.hardware,
    choices: { ...DEFAULT_CHOICES, ...options.choices },
    faults: options.faults ?? NO_FAULTS,
    steps: options.steps === undefined ? own : { ...own, ...options.steps(own) },
    faulty: options.faults !== undefined,
    handles: options.handles ?? 1024,
    arena: typeof arena === 'number' ? new TableArena({ pages: RESERVED + arena }) : arena,
    iotlbSets: options.iotlbSets ?? 64,
    translator: options.translator ?? Translator,
  };
}
