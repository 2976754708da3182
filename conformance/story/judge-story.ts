// What is the verdict on a whole recording, and its story?
import type { AnyOp } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import { Judge, type JudgeOptions } from '../judge/judge.js';
import type { Judgement } from '../judge/judge-trace.js';
import { Remarks } from '../judge/remarks.js';
import type { Trace } from '../trace/read.js';
import { withReasons } from './because.js';
import type { Story } from './story.js';
import { type About, type Beginning, SEEN, Teller } from './teller.js';

/** As `judgeTrace`, and tells the story up to the event that settles it. */
export async function judgeAndTell(
  trace: Trace,
  about: About,
  options: JudgeOptions = {},
): Promise<Judgement & { readonly story: Story }> {
  const judge = new Judge(trace.profile, trace.machine, trace.policies, options);
  const teller = new Teller(trace, judge, about);
  const { coverage, tally } = judge;
  const remarked = new Remarks(trace, judge);
  const remarks = remarked.made;
  const events: Event<AnyOp>[] = [];
  for await (const event of trace.events()) {
    // More than are gone through again need not be kept.
    if (events.length <= SEEN) events.push(event);
    remarked.before(event);
    const verdict = judge.feed(event);
    teller.step(event, verdict);
    if (verdict === undefined) continue;
    const story = await withReasons(teller.story(), trace, events);
    return { verdict, coverage, tally, remarks, story };
  }
  return { verdict: judge.finish(), coverage, tally, remarks, story: teller.story() };
}

/** The story of events that are in memory, a counterexample for instance. */
export function tellEvents(begun: Beginning, events: readonly Event<AnyOp>[], about: About = {}): Story {
  const judge = new Judge(begun.profile, begun.machine, begun.policies);
  const teller = new Teller(begun, judge, about);
  for (const event of events) {
    const verdict = judge.feed(event);
    teller.step(event, verdict);
    if (verdict !== undefined) break;
  }
  return teller.story();
}
