// What is the verdict on a whole recording?
import type { AnyOp } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import type { Coverage } from '../coverage/collect.js';
import type { Trace } from '../trace/read.js';
import type { RuleTally } from '../verdicts/tally.js';
import { Judge, type JudgeOptions } from './judge.js';
import { type Remark, Remarks } from './remarks.js';
import type { Verdict } from './verdict.js';

export interface Judgement {
  readonly verdict: Verdict;
  readonly coverage: Coverage;
  readonly tally: RuleTally;
  /** What the profile says of events that people look for, also where they are allowed. */
  readonly remarks: readonly Remark[];
}

/**
 * Judges a recording to its end, or to the first event that settles it: what comes after a divergence is
 * not read. Throws `Malformed` where the recording cannot be read that far.
 */
export async function judgeTrace(trace: Trace, options: JudgeOptions = {}): Promise<Judgement> {
  const judge = new Judge(trace.profile, trace.machine, trace.policies, options);
  const remarks = new Remarks(trace, judge);
  const judged = (verdict: Verdict): Judgement => {
    return { verdict, coverage: judge.coverage, tally: judge.tally, remarks: remarks.made };
  };
  const next = (event: Event<AnyOp>): Verdict | undefined => {
    remarks.before(event);
    return judge.feed(event);
  };
  if (trace.atHand !== undefined) {
    for (const event of trace.atHand()) {
      const verdict = next(event);
      if (verdict !== undefined) return judged(verdict);
    }
    return judged(judge.finish());
  }
  for await (const event of trace.events()) {
    const verdict = next(event);
    if (verdict !== undefined) return judged(verdict);
  }
  return judged(judge.finish());
}
