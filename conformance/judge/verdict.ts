// What can a judge say about a recording?
import type { AnyOp } from '../../spec/law/profile.js';
import type { Observed } from '../../spec/protocol/observed.js';
import type { Outcome } from '../../spec/protocol/outcome.js';

export type Verdict = Conforms | Diverges | Unfinished;

/** The last event was reached, and the law could have produced all of it. */
export interface Conforms {
  readonly verdict: 'conforms';
  readonly events: number;
  /** How many states the machine can be in now, as far as the recording tells. */
  readonly candidates: number;
}

/** There is an event that the law does not allow, whatever is assumed about what was not observed. */
export interface Diverges {
  readonly verdict: 'diverges';
  readonly event: number;
  /** The line of the recording, where it came from one. */
  readonly line?: number;
  readonly op: AnyOp;
  readonly observed: Observed;
  /** How many states were still possible before the event. */
  readonly candidates: number;
  /** Everything that the law allowed, from any of them. Never empty. */
  readonly allowed: readonly Choice[];
  /** The clause that speaks against it: the one that had to be, or whose state was not the observed one. */
  readonly broken: string;
  /** The event belongs to the recorder's own preparation. */
  readonly setup?: true;
  /** The first field that differs, where the answer itself was of an allowed kind. */
  readonly differs?: Difference;
  /** The last events before, oldest first; at most two. */
  readonly before: readonly Step[];
  /** What the law has to say about how it came to this: earlier events that matter. */
  readonly related: readonly Explanation[];
}

/** The judge gave up. Neither success nor divergence. */
export interface Unfinished {
  readonly verdict: 'unfinished';
  /** The recording begins late: what it shows by itself is in order, `event` is the first that stays open. */
  readonly partial?: true;
  readonly event: number;
  readonly line?: number;
  readonly reason: string;
}

/** One allowed answer, the rule that allows it, and from how many of the candidates it does. */
export interface Choice {
  readonly rule: string;
  readonly outcome: Outcome;
  readonly candidates: number;
}

/** A field of the answer (`outcome.paddr`) or of the observed state (`groups.1.refs`). */
export interface Difference {
  readonly path: string;
  /** Undefined: not there. */
  readonly observed: unknown;
  readonly allowed: unknown;
  /** The last event at which the same field was observed and agreed. */
  readonly lastAgreed?: number;
}

/** An event that was judged, with the rules that allow it. */
export interface Step {
  readonly event: number;
  readonly line?: number;
  readonly op: AnyOp;
  readonly outcome: Observed;
  readonly rules: readonly string[];
}

export interface Explanation {
  /** The earlier event that it speaks of. */
  readonly event?: number;
  /** The line of the recording that reports that event, where it came from one. */
  readonly line?: number;
  readonly says: string;
}
