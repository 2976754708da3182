// What does the report of a lane say of how it was asked for, where it walks on fresh machines?
import { TARGET_LIMITS } from '../../conformance/targets/limits.js';

/** How many walks, each on a machine of its own, and how long each is. */
export interface Walked {
  readonly seed: number;
  readonly machines: number;
  readonly ops: number;
  readonly rules?: boolean;
}

/** `deadline`: of one call, in milliseconds; `target`: the command that repeats it. */
export const machinesReported = (options: Walked, deadline: number, target: string) => ({
  target,
  policy: [],
  seed: options.seed,
  runs: options.machines,
  ops: options.ops,
  upTo: 0,
  part: 0,
  shrink: true,
  deadline,
  startup: deadline / 1000,
  total: 3600,
  restarts: TARGET_LIMITS.restarts,
  ...(options.rules === undefined ? {} : { rules: options.rules }),
});
