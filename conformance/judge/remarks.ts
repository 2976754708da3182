// Which events of a recording do people look for, also where they are allowed, and what does the history say of them?
import type { Policies } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Trace } from '../trace/read.js';
import type { Judge } from './judge.js';
import type { Explanation } from './verdict.js';

/** An event, and the earlier ones that tell why it was so. */
export interface Remark {
  readonly event: number;
  readonly line?: number;
  readonly op: AnyOp;
  readonly related: readonly Explanation[];
}

const MOST_REMARKS = 1000;

/** Collects what the profile says of such events (`remarks` of a profile); the first of very many. */
export class Remarks {
  readonly made: Remark[] = [];

  constructor(
    private readonly trace: Trace,
    private readonly judge: Judge<unknown, AnyOp, Policies, unknown>,
  ) {}

  /** To be called before the judge is given the event: the states are those that it met. */
  before({ n: event, line, op }: Event<AnyOp>): void {
    const { profile, policies } = this.trace;
    if (profile.remarks?.includes(op.op) !== true || this.made.length >= MOST_REMARKS) return;
    const told = profile.explain?.(this.judge.states[0], op, policies) ?? [];
    const related = told.map(one => {
      const at = one.event === undefined ? undefined : this.judge.lineOf(one.event);
      return at === undefined ? one : { ...one, line: at };
    });
    this.made.push(line === undefined ? { event, op, related } : { event, line, op, related });
  }
}
