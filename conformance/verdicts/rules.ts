// What is the verdict on each clause of a profile?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyProfile } from '../../spec/law/profile.js';
import { inForce } from '../../spec/law/release.js';
import type { RuleTally } from './tally.js';

/**
 * - `pass`: met at least once, and never broken;
 * - `fail`: broken, and nobody expected that; `expected-fail`: broken as was expected;
 * - `unexpected-pass`: was to be broken, was met, and is not broken;
 * - `not-implemented`: whoever was asked does not have the operation; `unobserved`: its answers were not seen;
 * - `unknown`: the judge gave up before it could tell;
 * - `not-tested`: nothing came by it.
 */
export const VERDICTS = [
  'fail',
  'unexpected-pass',
  'expected-fail',
  'pass',
  'unknown',
  'not-implemented',
  'unobserved',
  'not-tested',
] as const;
export type RuleVerdict = (typeof VERDICTS)[number];

export interface RuleRow {
  readonly rule: string;
  /** The operations in whose lists it stands. */
  readonly ops: readonly string[];
  readonly verdict: RuleVerdict;
  readonly passed: number;
  readonly failed: number;
}

/** What was expected of the clauses that are to be broken. */
export interface Awaited {
  /** Clauses all of whose divergences were expected. */
  readonly broken: ReadonlySet<string>;
  /** Clauses whose expected divergence did not come although it was looked for. */
  readonly missed: ReadonlySet<string>;
}

const NOTHING: Awaited = { broken: new Set(), missed: new Set() };

/** Every clause that is in force, in the order of the law, each once. */
export function ruleRows(
  profile: AnyProfile,
  policies: Policies,
  tally: RuleTally,
  awaited: Awaited = NOTHING,
): readonly RuleRow[] {
  const ops = new Map<string, string[]>();
  for (const [op, list] of Object.entries(profile.rules)) {
    for (const { id } of inForce(list, policies)) {
      const known = ops.get(id);
      if (known === undefined) ops.set(id, [op]);
      else known.push(op);
    }
  }
  return [...ops].map(([rule, where]) => ({
    rule,
    ops: where,
    verdict: verdictOf(rule, tally, awaited),
    passed: tally.of(rule, 'passed'),
    failed: tally.of(rule, 'failed'),
  }));
}

function verdictOf(rule: string, tally: RuleTally, { broken, missed }: Awaited): RuleVerdict {
  if (tally.of(rule, 'failed') > 0) return broken.has(rule) ? 'expected-fail' : 'fail';
  if (missed.has(rule)) return 'unexpected-pass';
  if (tally.of(rule, 'passed') > 0) return 'pass';
  if (tally.of(rule, 'unknown') > 0) return 'unknown';
  if (tally.of(rule, 'not-implemented') > 0) return 'not-implemented';
  return tally.of(rule, 'unobserved') > 0 ? 'unobserved' : 'not-tested';
}

/** How many clauses have each verdict; those that none has are left out. */
export function countVerdicts(rows: readonly RuleRow[]): { readonly [V in RuleVerdict]?: number } {
  const found: { [V in RuleVerdict]?: number } = {};
  for (const verdict of VERDICTS) {
    const n = rows.filter(r => r.verdict === verdict).length;
    if (n > 0) found[verdict] = n;
  }
  return found;
}
