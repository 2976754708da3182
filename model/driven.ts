// How is an implementation driven, so that the law can be held against it?
import type { AnyOp, View } from '../spec/law/profile.js';
import type { Outcome } from '../spec/protocol/outcome.js';

/** Whatever runs operations and can be looked at. `F`: how it is told to take an ending that may be. */
export interface Steps<O, F> {
  step(op: O, force?: F): Outcome;
  view(): View;
}

/**
 * Takes an ending that the law only permits. `at`: where a clause has several endings, which of them in the
 * clause's order; a clause of one ending leaves it to the machine, which lets so many steps of that kind go well.
 */
export interface Force {
  readonly rule: string;
  readonly at: number;
}

/** An implementation that can be put back to the start. */
export interface Restartable extends Steps<AnyOp, Force> {
  /** It chooses itself among the endings of a call that leaves the state as it is, as hardware does, and takes none on demand. */
  readonly chooses?: boolean;
  reset(): void;
}

/** An implementation in which calls of a driver can be made to fail by their number. */
export interface Failing extends Restartable {
  /** The calls of these numbers (from 0) fail. Answers the sorts of all that were made, in order. */
  stepFailing(
    op: AnyOp,
    failing: readonly number[],
  ): { readonly outcome: Outcome; readonly calls: readonly string[] };
}
