// What do the page and its worker say to each other?
import type { Story } from '../../conformance/index.js';
import type { Json } from '../play/blank.js';
import type { NamedMachine } from '../play/machines.js';
import type { Condition } from '../play/search.js';

export type Question = { readonly is: 'worlds'; readonly profile: string } | SearchQuestion | JudgeQuestion;

export interface JudgeQuestion {
  readonly is: 'judge';
  readonly file: Blob;
  readonly name: string;
  /** The release to judge a log by; empty: the first that goes with it. */
  readonly release: string;
  /** The verdict alone. */
  readonly quick?: true;
}

export interface SearchQuestion {
  readonly is: 'search';
  /** The calls so far, as a recording. */
  readonly trace: string;
  /** The world whose calls are made; empty: calls as a random walk makes them. */
  readonly world: string;
  /** Calls that are made as well. */
  readonly also: readonly Json[];
  readonly conditions: readonly Condition[];
  readonly call?: { readonly op: Json; readonly answer: string };
  readonly rule?: string;
  /** States, at most. */
  readonly most: number;
}

export type Answer =
  | { readonly is: 'worlds'; readonly worlds: readonly World[] }
  /** `part`: of 1. */
  | { readonly is: 'progress'; readonly says: string; readonly part?: number }
  | SearchAnswer
  | JudgeAnswer
  | { readonly is: 'failed'; readonly says: string };

export interface SearchAnswer {
  readonly is: 'searched';
  readonly way?: readonly { readonly op: Json; readonly ending: number }[];
  readonly states: number;
  readonly depth: number;
  readonly complete: boolean;
  /** How many calls were tried in each state. */
  readonly calls: number;
}

export interface JudgeAnswer {
  readonly is: 'judged';
  readonly verdict: 'conforms' | 'diverges' | 'unfinished' | 'malformed';
  readonly event?: number;
  readonly says?: string;
  readonly story?: Story;
  /** Lines of other kinds. */
  readonly passedOver?: string;
}

export interface World extends NamedMachine {
  readonly says: string;
  readonly calls: number;
}
