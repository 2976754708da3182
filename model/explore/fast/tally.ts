// How often did each clause speak, counted by learned answers?
import type { FastEngine } from './engine.js';
import type { JointLeaf } from './joint.js';
import type { OpLeaf } from './units.js';

interface Sums {
  transitions: number;
  accepted: number;
  readonly rules: Map<string, number>;
}

/** Counts of answers that have been forgotten; `with` adds those that the engine still has. */
export class Tally {
  private readonly past: Sums = { transitions: 0, accepted: 0, rules: new Map() };
  /** How many endings an answer stands for: asked for as often as progress is told. */
  private readonly endings = new WeakMap<JointLeaf<OpLeaf>, number>();

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

  /** Transitions alone, which costs next to nothing. */
  transitions(engine: FastEngine): number {
    let sum = this.past.transitions;
    for (const joint of engine.opAnswers()) if (joint.count > 0) sum += joint.count * this.endingsOf(joint);
    return sum;
  }

  private endingsOf(joint: JointLeaf<OpLeaf>): number {
    let many = this.endings.get(joint);
    if (many === undefined) {
      many = joint.members.reduce((n, leaf) => n + leaf.endings.length, 0);
      this.endings.set(joint, many);
    }
    return many;
  }

  with(engine: FastEngine): Sums {
    const sums = { ...this.past, rules: new Map(this.past.rules) };
    // An operation's answer is part of many joint ones: first how often it was given at all.
    const given = new Map<OpLeaf, number>();
    for (const joint of engine.opAnswers()) {
      if (joint.count === 0) continue;
      for (const leaf of joint.members) given.set(leaf, (given.get(leaf) ?? 0) + joint.count);
    }
    for (const [leaf, count] of given) {
      sums.transitions += leaf.endings.length * count;
      for (const e of leaf.endings) {
        sums.rules.set(e.rule, (sums.rules.get(e.rule) ?? 0) + count);
        if (e.outcome.is !== 'refused') sums.accepted += count;
      }
    }
    return sums;
  }
}
