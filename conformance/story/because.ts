// On which facts does the law's own answer rest, where a story leaves the law?
import type { AnyOp } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import { LAWS } from '../court.js';
import { explainTrace } from '../explain/explain-trace.js';
import type { Trace } from '../trace/read.js';
import type { Story } from './story.js';
import { SEEN } from './teller.js';

/** What is needed of a recording whose events are at hand. */
export type Told = Pick<Trace, 'header' | 'profile' | 'machine' | 'policies'>;

/** The story with its reasons; as it is, where it does not leave the law, or is too long to be gone through again. */
export async function withReasons(story: Story, told: Told, events: readonly Event<AnyOp>[]): Promise<Story> {
  const { parting } = story;
  if (parting === undefined || events.length > SEEN) return story;
  const trace: Trace = {
    ...told,
    passedOver: [],
    async *events() {
      yield* events;
    },
    close: async () => {},
  };
  const found = await explainTrace(trace, { event: parting.n, changes: false }, LAWS);
  if (found === undefined || found.facts.length === 0) return story;
  const because = found.facts.map(({ says, event, line }) => ({
    says,
    ...(event === undefined ? {} : { event }),
    ...(line === undefined ? {} : { line }),
  }));
  return { ...story, parting: { ...parting, because } };
}
