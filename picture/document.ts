// What is in a page: which stories, tables and figures, and what is said of the whole?
import type { Story } from '../conformance/index.js';

/** What a page is made from; plain JSON. docs/json.md has its words. */
export interface Page {
  readonly page: 1;
  /** `iommu-spec judge x.jsonl`. */
  readonly command: string;
  readonly version: string;
  /** What came of it, in one line. */
  readonly says: string;
  readonly tone: Tone;
  readonly parts: readonly Part[];
}

export type Tone = 'good' | 'bad' | 'open' | 'plain';

export type Part =
  | { readonly is: 'story'; readonly name: string; readonly story: Story }
  | TablePart
  | { readonly is: 'graph'; readonly name: string; readonly says: string; readonly graph: StateGraph };

export interface TablePart {
  readonly is: 'table';
  readonly name: string;
  readonly says: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Column {
  readonly name: string;
  /** `word` has few values, by which rows are filtered. */
  readonly is: 'text' | 'number' | 'word' | 'id';
}

export type Cell = string | number | boolean | null;

/** A small world: every state, and every way from one to another. */
export interface StateGraph {
  readonly profile: string;
  readonly machine: unknown;
  /** By number, the first is the start. */
  readonly views: readonly unknown[];
  readonly ways: readonly StateWay[];
}

export interface StateWay {
  readonly from: number;
  readonly to: number;
  readonly call: string;
  readonly answer: string;
  readonly rule: string;
}
