// What is learned before an exploration begins, and of which selectors?
import type { Policies } from '../../../spec/law/clause.js';
import type { AnyOp } from '../../../spec/law/profile.js';
import type { Knowledge } from '../knowledge.js';
import type { Mirror } from './mirror.js';
import { recallViews } from './recall.js';
import type { Units } from './units.js';
import type { Views } from './views.js';

/** A selector that reads no more entities than this is run where it is asked for. */
const INLINE = 2;
/** A trial looks at so many states of the sample. */
const TRIED = 20;

export class Learning<S extends object, O extends AnyOp, P extends Policies, Setup> {
  constructor(
    private readonly views: Views,
    /** Used before the exploration, and thrown away. */
    private readonly trial: Units<S, O, P, Setup>,
    private readonly units: Units<S, O, P, Setup>,
    private readonly mirror: Mirror<S, O, P, Setup> | undefined,
  ) {}

  /** Runs everything once on a few states, to find out which selectors are worth being computed ahead. */
  tryOut(sample: readonly Int32Array[]): void {
    const step = Math.max(1, Math.floor(sample.length / TRIED));
    for (let i = 0; i < sample.length; i += step) this.tryOne(sample[i]!);
    this.views.settle(INLINE);
  }

  /** Runs everything where selectors were met for the first time, to meet them again, and takes up their values. */
  meetSelectors(known: Knowledge): void {
    for (const codes of known.head.meetings) {
      this.tryOne(Int32Array.from(codes));
      // The explorer computes derived values in every state, also where no rule asks.
      for (const view of this.views.list) this.views.valueOf(view);
    }
    this.views.begin();
    for (const name of known.head.inlined) this.views.inlined.add(name);
    recallViews(this.views, known);
  }

  /** Learns what the units answer in these states. */
  learn(states: readonly Int32Array[]): void {
    for (const codes of states) this.touch(this.units, codes);
  }

  private tryOne(codes: Int32Array): void {
    this.touch(this.trial, codes);
    this.trial.forget();
  }

  private touch(units: Units<S, O, P, Setup>, codes: Int32Array): void {
    const before = units.runs + this.views.runs;
    this.views.look(codes);
    for (const u of units.ops) units.resolveOp(u);
    for (const u of units.checks) units.resolveCheck(u);
    if (units.runs + this.views.runs !== before) this.mirror?.learned(codes);
  }
}
