// Which divergences are known and put up with for now?
import type { Diverges } from '../judge/verdict.js';

/**
 * A known divergence. A row excuses exactly one trace, and only while it diverges for the same reason: the
 * rule is one of those by which the law allowed something else.
 */
export interface Waiver {
  readonly trace: string;
  readonly rule: string;
  readonly why: string;
  /** When it was put up with, as in 2026-11-20. */
  readonly date: string;
  /** Where it is discussed. */
  readonly issue?: string;
}

/** Hands out waivers, and knows afterwards which of them nobody needed. */
export class Waivers {
  private readonly used = new Set<Waiver>();

  constructor(private readonly rows: readonly Waiver[]) {}

  excuse(trace: string, verdict: Diverges): Waiver | undefined {
    const row = this.rows.find(
      w => w.trace === trace && verdict.allowed.some(choice => choice.rule === w.rule),
    );
    if (row !== undefined) this.used.add(row);
    return row;
  }

  /** A waiver that excused nothing must go, or it will one day excuse a new mistake. */
  unused(): readonly Waiver[] {
    return this.rows.filter(row => !this.used.has(row));
  }
}
