// What is in the parcels that the build makes for the page?

/** `data/corpus.js`: which traces of the corpus have to do with which clause. */
export interface CorpusIndex {
  /** `accept/a-bounced-buffer.jsonl`; the others name traces by their place here. */
  readonly names: readonly string[];
  /** By profile, by id of a clause. */
  readonly clauses: { readonly [profile: string]: { readonly [id: string]: ClauseTraces } };
}

export interface ClauseTraces {
  /** Accepted traces in which it speaks. */
  readonly exercise: readonly number[];
  /** Refused traces: it is what the law says where they leave it. */
  readonly defend: readonly number[];
}

/** `data/traces-PROFILE.js`: recordings by name. */
export type TraceTexts = { readonly [name: string]: string };

/** `data/debates.js`. */
export interface Debates {
  /** A verdict for each answer to each debated question, in the order of the law. */
  readonly verdicts: readonly DebateVerdict[];
  readonly counterexamples: readonly Counterexample[];
}

export interface DebateVerdict {
  readonly profile: string;
  readonly policy: string;
  readonly value: string;
  /** `holds in 17,245 states of attack-window`; with code in back quotes. */
  readonly says: string;
  /** Places in `counterexamples`. */
  readonly shown: readonly number[];
}

/** A shortest way to break a promise, or to miss an aim, under one answer. */
export interface Counterexample {
  readonly property: string;
  readonly says: string;
  readonly why: string;
  readonly world: string;
  readonly cycle?: number;
  /** A recording, with the whole view after each step. */
  readonly text: string;
}

/** `data/findings.js`: docs/findings.md as the tokens of its Markdown. */
export interface Prose {
  readonly is: string;
  readonly text?: string;
  readonly href?: string;
  readonly inside?: readonly Prose[];
  readonly head?: readonly (readonly Prose[])[];
  readonly rows?: readonly (readonly (readonly Prose[])[])[];
}
