// What may a target cost?

/** Times in milliseconds. */
export interface TargetLimits {
  /** For the answer to `hello`: a target may have to boot. */
  readonly hello: number;
  readonly reset: number;
  /** For the answer to one call; a batch has as many times that as calls, but no more than a run. */
  readonly call: number;
  /** For one run, from reset to its last call. */
  readonly run: number;
  /** For everything; what has not been done by then is left out. */
  readonly total: number;
  /** Bytes of one line of the target; a batch is one line. */
  readonly lineBytes: number;
  /** Bytes and lines of output between two resets. */
  readonly runBytes: number;
  readonly runLines: number;
  /** How often it may be started anew after it died, hung or spoke garbage. */
  readonly restarts: number;
  /** How many runs may be made to make one counterexample smaller. */
  readonly shrinks: number;
}

export const TARGET_LIMITS: TargetLimits = {
  hello: 10_000,
  reset: 10_000,
  call: 2_000,
  run: 60_000,
  total: 600_000,
  lineBytes: 16 * 1024 * 1024,
  runBytes: 64 * 1024 * 1024,
  runLines: 1_000_000,
  restarts: 200,
  shrinks: 1_000,
};
