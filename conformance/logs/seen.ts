// What does a log show of one call: what was asked as far as it says, and the answer?
import type { Observed } from '../../spec/protocol/observed.js';
import type { Op } from '../../spec/protocol/vfio-type1.js';
import type { State } from '../../spec/vfio-type1/state.js';

/** A call whose range other lines may show: when it was made, in microseconds. */
export interface Ranged {
  readonly is: 'map' | 'unmap';
  readonly handle: number;
  readonly mm: number;
  readonly from: number;
  /** Before this; the next line of the log says when. */
  to: number;
}

/** One call of a log, in the words of the profile vfio-type1. */
export interface Seen {
  readonly line: number;
  /** The line on which it began, where that is another. */
  readonly from?: number;
  readonly outcome: Observed;
  /** The call as it can have been in a state: several where the log leaves something out, the likeliest first. */
  readonly calls: (state: State) => readonly Op[];
  /** The fields that the log does not show. */
  readonly unseen: readonly string[];
  /** The descriptor that the call is on. */
  readonly names?: number;
  /** Not of the log: what must have been before. */
  readonly setup?: true;
  readonly ranged?: Ranged;
  /** Calls that the log may lack before it. */
  readonly hidden?: (state: State) => readonly Op[];
}

/** The answer of a call by its number: 0 or more is done, else a negative errno. */
export function answered(errno: string | undefined, values: object = {}): Observed {
  return errno === undefined ? ({ is: 'ok', ...values } as Observed) : { is: 'refused', errno };
}
