// What must be said to make a machine, and what habits has a driver that makes no mistake?
import type { Configuration } from './configuration.js';
import type { Habits, Steps } from './core.js';

export interface Options {
  readonly configuration: Configuration;
  readonly habits?: Partial<Habits>;
  /** Other steps in the place of some. */
  readonly steps?: (own: Steps) => Partial<Steps>;
}

export const HABITS: Habits = {
  attachFlush: 'context-first',
  leafHint: 'only-leaves-changed',
  tableFree: 'after-completion',
  mapFlush: 'caching-mode',
  deviceTlb: 'after-iotlb',
  flushRange: 'covering-block',
  iovaReuse: 'after-flush',
};
