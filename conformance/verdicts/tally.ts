// How often was each clause met, broken, or not to be seen?
import type { Observed } from '../../spec/protocol/observed.js';

/** What one event says of a clause. */
export const SIGNS = ['passed', 'failed', 'not-implemented', 'unobserved', 'unknown'] as const;
export type Sign = (typeof SIGNS)[number];

/** Counts by clause, of one profile. Events of a recorder's own preparation are not told to it. */
export class RuleTally {
  private readonly counts = new Map<string, { [K in Sign]: number }>();

  /** An event that the law allows by these clauses. Of an answer that nobody saw nothing was met. */
  accepted(rules: readonly string[], seen: Observed): void {
    const sign: Sign = seen.is === 'unobserved' ? 'unobserved' : 'passed';
    for (const rule of rules) this.count(rule, sign);
  }

  count(rule: string, sign: Sign, times = 1): void {
    let row = this.counts.get(rule);
    if (row === undefined) {
      row = { passed: 0, failed: 0, 'not-implemented': 0, unobserved: 0, unknown: 0 };
      this.counts.set(rule, row);
    }
    row[sign] += times;
  }

  of(rule: string, sign: Sign): number {
    return this.counts.get(rule)?.[sign] ?? 0;
  }

  /** What was counted elsewhere of the same profile. */
  add(other: RuleTally): void {
    for (const [rule, row] of other.counts) {
      for (const sign of SIGNS) if (row[sign] > 0) this.count(rule, sign, row[sign]);
    }
  }
}
