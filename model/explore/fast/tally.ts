// How often did each clause speak, counted by learned answers?
import type { FastEngine } from './engine.js';

interface Sums {
  transitions: number;
  accepted: number;
  readonly rules: Map<string, number>;
}

/** Counts of answers that have been forgotten; `with` adds those that the engine still has. */
export class Tally {
  private readonly past: Sums = { transitions: 0, accepted: 0, rules: new Map() };

  /** Keeps the engine's counts before it forgets its answers. */
  keep(engine: FastEngine): void {
    const { transitions, accepted, rules } = this.with(engine);
    Object.assign(this.past, { transitions, accepted });
    for (const [rule, n] of rules) this.past.rules.set(rule, n);
  }

  /** Adds what was counted before an interruption. */
  add(earlier: {
    readonly transitions: number;
    readonly accepted: number;
    readonly rules: readonly (readonly [string, number])[];
  }): void {
    const { past } = this;
    past.transitions += earlier.transitions;
    past.accepted += earlier.accepted;
    for (const [rule, n] of earlier.rules) past.rules.set(rule, (past.rules.get(rule) ?? 0) + n);
  }

  with(engine: FastEngine): Sums {
    const sums = { ...this.past, rules: new Map(this.past.rules) };
    for (const joint of engine.opAnswers()) {
      if (joint.count === 0) continue;
      for (const leaf of joint.members) {
        sums.transitions += leaf.endings.length * joint.count;
        for (const e of leaf.endings) {
          sums.rules.set(e.rule, (sums.rules.get(e.rule) ?? 0) + joint.count);
          if (e.outcome.is !== 'refused') sums.accepted += joint.count;
        }
      }
    }
    return sums;
  }
}
