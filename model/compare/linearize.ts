// Can the calls of a history that ran at the same time be put into one order that the law allows?
import { canonical } from '../../spec/kit/canonical.js';
import type { Allowed, Policies } from '../../spec/law/clause.js';
import { type AnyOp, allowed, type Profile, type View } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import { differenceOf } from './agree.js';

/** One call of a history. `began` and `ended` are moments on one clock; a call that never came back ended at infinity. */
export interface Span {
  readonly op: AnyOp;
  readonly began: number;
  readonly ended: number;
  /** Missing where the call never came back: it may have had its effect, or not. */
  readonly outcome?: Outcome;
}

export interface History {
  readonly start: unknown;
  readonly spans: readonly Span[];
  /** How many calls of a driver were made to fail: so many endings that the law only permits are let in. */
  readonly failures?: number;
  /** What was seen when all calls were back. */
  readonly view?: View;
}

export interface Linearization {
  /** One order of the calls (positions in the history) with the clause of each; missing: there is none. */
  readonly order?: readonly { readonly span: number; readonly rule: string }[];
  /** The longest order that could be kept, for the message. */
  readonly best: readonly { readonly span: number; readonly rule: string }[];
  /** Distinct pairs of (calls done, state) that were looked at. */
  readonly looked: number;
}

type Law = Profile<unknown, AnyOp, Policies, unknown>;

/** As many calls as bits of a number that a set can be kept in. */
const MOST_SPANS = 30;

/**
 * The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe: a
 * call may come next if no other call that is still to come had ended before it began; a pair of (calls done,
 * state of the law) that led nowhere once is not looked at again. States are compared by their whole
 * spelling, so the answer is exact: there is an order, or there is none.
 */
export function linearize(law: Law, policies: Policies, history: History): Linearization {
  if (history.spans.length > MOST_SPANS) throw new RangeError(`at most ${MOST_SPANS} calls in a history`);
  return new Search(law, policies, history).run();
}

interface Place {
  readonly span: number;
  readonly rule: string;
}

class Search {
  private readonly hopeless = new Set<string>();
  private readonly may: ReadonlySet<string>;
  private readonly all: number;
  private best: readonly Place[] = [];

  constructor(
    private readonly law: Law,
    private readonly policies: Policies,
    private readonly history: History,
  ) {
    const clauses = Object.values(law.rules).flat();
    this.may = new Set(clauses.filter(c => c.kind === 'may').map(c => c.id));
    this.all = 2 ** history.spans.length - 1;
  }

  run(): Linearization {
    const order: Place[] = [];
    const found = this.from(0, this.history.start, this.history.failures ?? 0, order);
    const looked = this.hopeless.size;
    return found ? { order, best: order, looked } : { best: this.best, looked };
  }

  private from(done: number, state: unknown, failures: number, order: Place[]): boolean {
    if (order.length > this.best.length) this.best = [...order];
    if (this.returned(done) && this.seen(state)) return true;
    if (done === this.all) return false;
    const key = `${done} ${failures} ${canonical(state)}`;
    if (this.hopeless.has(key)) return false;
    for (const [at, span] of this.history.spans.entries()) {
      if (!this.mayComeNext(done, at)) continue;
      for (const ending of this.endings(state, span)) {
        const left = failures - Number(this.may.has(ending.rule));
        if (left < 0) continue;
        order.push({ span: at, rule: ending.rule });
        if (this.from(done | (1 << at), ending.state, left, order)) return true;
        order.pop();
      }
    }
    this.hopeless.add(key);
    return false;
  }

  /** Have all calls had their effect that came back? */
  private returned(done: number): boolean {
    return this.history.spans.every((span, at) => (done & (1 << at)) !== 0 || span.outcome === undefined);
  }

  private seen(state: unknown): boolean {
    const { view } = this.history;
    return view === undefined || differenceOf(this.law.view(state), view, '') === null;
  }

  private mayComeNext(done: number, at: number): boolean {
    if ((done & (1 << at)) !== 0) return false;
    const { began } = this.history.spans[at]!;
    return this.history.spans.every((other, i) => i === at || (done & (1 << i)) !== 0 || other.ended > began);
  }

  private endings(state: unknown, span: Span): readonly Allowed<unknown>[] {
    return allowed(this.law, state, span.op, this.policies).filter(
      ending => span.outcome === undefined || differenceOf(ending.outcome, span.outcome, '') === null,
    );
  }
}
