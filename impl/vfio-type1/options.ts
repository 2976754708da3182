// What must be said to make a machine, and which parts is it made of then?
import type { Hardware, Kernel } from './configuration.js';
import type { Parts, Steps } from './core.js';
import { type Faults, NO_FAULTS } from './faults.js';

export interface Options {
  readonly hardware: Hardware;
  /** Left out: the newest release, with the parameters as they are when nobody sets them. */
  readonly kernel?: Partial<Kernel>;
  readonly faults?: Faults;
  /** Other steps in the place of some. */
  readonly steps?: (own: Steps) => Partial<Steps>;
}

const DEFAULTS: Kernel = { release: '7.2', dmaLimit: 65_535, unsafeInterrupts: false, noiommu: false };

export const partsOf = ({ hardware, kernel, faults, steps }: Options, own: Steps): Parts => ({
  hardware,
  kernel: { ...DEFAULTS, ...kernel },
  faults: faults ?? NO_FAULTS,
  steps: { ...own, ...steps?.(own) },
});
