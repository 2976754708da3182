// What does a run on a target come to, with the verdict on each clause?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyProfile } from '../../spec/law/profile.js';
import { type RuleRow, ruleRows } from './rules.js';
import type { RuleTally } from './tally.js';

/** `inconclusive`: nothing was tested, or something could not be judged or done, and nothing failed. */
export type Result = 'conforms' | 'diverges' | 'inconclusive';

/** What happened, by the clauses that it happened to. */
export interface Happened {
  /** Broken, and nobody expected that. */
  readonly found: Iterable<string>;
  /** Broken as was expected. */
  readonly excused: Iterable<string>;
  /** An expected divergence did not come, although it was looked for. */
  readonly missed: Iterable<string>;
  /** Runs that did not even begin. */
  readonly broken: number;
  /** Something was left undone, or could not be judged. */
  readonly doubt: boolean;
}

export interface Outcome {
  readonly result: Result;
  readonly rules: readonly RuleRow[];
  /** No clause was met. */
  readonly nothing: boolean;
}

/** The one place where a run, or what the shards of one add up to, is given its result. */
export function resultOf(
  profile: AnyProfile,
  policies: Policies,
  tally: RuleTally,
  happened: Happened,
): Outcome {
  const bad = new Set(happened.found);
  const missed = new Set(happened.missed);
  const broken = new Set([...happened.excused].filter(rule => !bad.has(rule)));
  const rules = ruleRows(profile, policies, tally, { broken, missed });
  const nothing = !rules.some(r => r.passed + r.failed > 0);
  const failed = bad.size > 0 || happened.broken > 0 || missed.size > 0;
  return {
    result: failed ? 'diverges' : happened.doubt || nothing ? 'inconclusive' : 'conforms',
    rules,
    nothing,
  };
}
