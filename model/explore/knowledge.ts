// What has to be kept of what an exploration learned, so that the next one of the same law need not learn it again?
import type { Json } from './snapshot.js';

/** A derived value: its selector and arguments, the values it has taken, and what it was found to rest on. */
export interface KnownView {
  readonly name: string;
  readonly args: readonly Json[];
  /** A fold of one field: the field's number, and the slots that are left out. */
  readonly scan?: { readonly field: number; readonly without: readonly number[] };
  readonly values: readonly Json[];
  /** Numbers of entities. */
  readonly direct: readonly number[];
  readonly spared: readonly number[];
}

/** Everything but the decision trees, as JSON. */
export interface KnowledgeHead {
  /** Parts of a state, and the values that each has taken, in the order of their codes. */
  readonly entities: readonly { readonly name: string; readonly values: readonly Json[] }[];
  /** States, as codes, in which a selector was asked for the first time: there it is found again by its name. */
  readonly meetings: readonly (readonly number[])[];
  /** Selectors that are run where they are asked for. */
  readonly inlined: readonly string[];
  readonly views: readonly KnownView[];
  /** What a rule was told when it asked for one field. */
  readonly answers: readonly Json[];
  readonly outcomes: readonly Json[];
  /** Ids of clauses and of promises. */
  readonly names: readonly string[];
  /** Units that are walked together, by number. */
  readonly clusters: readonly { readonly kind: 'check' | 'op'; readonly members: readonly number[] }[];
}

/** The head, and the trees and their leaves as numbers. Only for the very law, world, policies and question it is of. */
export interface Knowledge {
  readonly head: KnowledgeHead;
  readonly words: Int32Array;
}
