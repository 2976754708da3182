// What has to be kept of an exploration so that it can go on another day?

/** Everything but the states, as JSON. */
export interface SnapshotHead {
  /** Names of the parts of a state, and the values that each has taken, in the order of their codes. */
  readonly entities: readonly { readonly name: string; readonly values: readonly Json[] }[];
  /** Words of a packed state, and where each part lies in them: id, word, shift, bits. */
  readonly width: number;
  readonly places: readonly (readonly [number, number, number, number])[];
  /** How many states are known, and which is the first that is not expanded. */
  readonly states: number;
  readonly next: number;
  /** First state of each level, and the state after the last level that is complete. */
  readonly levels: readonly number[];
  readonly levelEnd: number;
  readonly transitions: number;
  readonly accepted: number;
  readonly rules: readonly (readonly [string, number])[];
  readonly seen: readonly string[];
  readonly found: readonly { readonly id: string; readonly kind: FindingKind; readonly state: number }[];
}

/** The head, and the packed states in the order of discovery, `width` words for each, in pieces. */
export interface Snapshot {
  readonly head: SnapshotHead;
  readonly words: readonly Int32Array[];
}

export type FindingKind = 'always' | 'sometimes' | 'good' | 'step';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
