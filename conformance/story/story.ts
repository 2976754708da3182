// What is there to see of a recording: its calls one by one, what allows each, and what each changes?
import type { Policies } from '../../spec/law/clause.js';
import type { Explanation } from '../judge/verdict.js';
import type { ReportData } from '../report/divergence.js';
import type { Change } from './changes.js';

/** A recording as a picture needs it. Plain JSON; docs/json.md and schemas/story-1.schema.json have its words. */
export interface Story {
  readonly story: 1;
  /** As its reader could type it. */
  readonly file?: string;
  readonly profile: string;
  readonly title: string;
  readonly producer: string;
  readonly narration: readonly string[];
  readonly release?: string;
  /** What was chosen in place of a default, the release left out. */
  readonly chosen: Policies;
  readonly machine: unknown;
  /** What an observer sees before the first step. */
  readonly start: unknown;
  readonly steps: readonly StoryStep[];
  /** How many steps from the first on have their changes: of a long recording not all have. */
  readonly seen: number;
  /** How many steps behind those are left out: of a very long recording the first and the last are told. */
  readonly left?: number;
  /** The view at the end, where it does not follow from the changes. */
  readonly end?: unknown;
  /** The clauses that are named anywhere in here, by id. */
  readonly clauses: { readonly [id: string]: StoryClause };
  readonly verdict: 'conforms' | 'diverges' | 'unfinished';
  /** Why it is unfinished. */
  readonly reason?: string;
  /** Where it leaves the law. */
  readonly parting?: Parting;
  /** The promise of the law that the steps break, if that is what they are there for. */
  readonly broken?: Broken;
}

export interface Broken {
  readonly property: string;
  readonly says: string;
  readonly why: string;
  /** The steps from this one on lead back to where they began, and can go on for ever. */
  readonly cycle?: number;
}

export interface StoryClause {
  readonly says: string;
  readonly cite: readonly string[];
  readonly status: 'settled' | 'disputed';
  readonly kind: 'must' | 'may';
  readonly errno?: string;
}

export interface StoryStep {
  readonly n: number;
  readonly line?: number;
  readonly op: unknown;
  readonly outcome: unknown;
  /** The same for people: the name of the call, its fields, its answer. */
  readonly call: string;
  readonly fields: string;
  readonly answer: string;
  readonly verdict: 'allowed' | 'not-implemented' | 'diverges' | 'unfinished';
  /** The clauses that allow it. */
  readonly rules: readonly string[];
  /** How many states are possible after it. The changes are those of the first of them. */
  readonly possible: number;
  readonly setup?: true;
  readonly note?: string;
  /** What the recording shows of the state. */
  readonly state?: unknown;
  readonly changes?: readonly Change[];
}

/** An event that the law does not allow: what was seen, and beside it what could have been. */
export interface Parting {
  readonly n: number;
  readonly observed: Way;
  readonly allowed: readonly Way[];
  /** The first field that differs. */
  readonly differs?: { readonly path: string; readonly observed?: unknown; readonly allowed?: unknown };
  readonly related: readonly Explanation[];
  /** The facts that the condition of the clause rests on, and the events that made them so. */
  readonly because?: readonly Explanation[];
  readonly report: ReportData;
}

/** One way to go on. */
export interface Way {
  readonly answer: string;
  readonly rules: readonly string[];
  /** Against the view before; left out: no state of the law goes with the answer. */
  readonly changes?: readonly Change[];
}
