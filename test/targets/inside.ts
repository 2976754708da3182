// How is a target of this process reached without a process, a socket or a clock?
import { LAWS } from '../../conformance/court.js';
import { TARGET_LIMITS, type TargetLimits } from '../../conformance/targets/limits.js';
import type { Arrival, Dial, Link } from '../../conformance/targets/link.js';
import { Session } from '../../conformance/targets/session.js';

/** Answers one line by none, one or several arrivals. */
export type Answers = (line: string) => readonly Arrival[] | Promise<readonly Arrival[]>;

/** A link to a function; `starts` counts how often it was dialled. */
export function inside(make: () => Answers): { readonly dial: Dial; readonly starts: () => number } {
  let starts = 0;
  const dial: Dial = async () => {
    starts++;
    const answers = make();
    const queue: Arrival[] = [];
    let closed = false;
    let answering = Promise.resolve();
    const link: Link = {
      send: line => {
        if (closed) return;
        answering = answering.then(async () => {
          try {
            queue.push(...(await answers(line)));
          } catch (error) {
            queue.push({ is: 'ended', says: `it threw: ${(error as Error).message}` });
          }
        });
      },
      receive: async () => {
        await answering;
        return queue.shift() ?? (closed ? { is: 'ended', says: 'it was ended' } : { is: 'silence' });
      },
      get waiting() {
        return queue.length > 0;
      },
      fresh: () => {},
      said: ['said on standard error'],
      close: async () => {
        closed = true;
      },
    };
    return link;
  };
  return { dial, starts: () => starts };
}

/** A clock that does not move. */
export const STILL = (): number => 0;

export const openInside = (
  make: () => Answers,
  limits: Partial<TargetLimits> = {},
  profile?: string,
): Promise<Session> => Session.open(inside(make).dial, LAWS, { ...TARGET_LIMITS, ...limits }, STILL, profile);

/** A responder, or anything like it, as answers. */
export const lines =
  (answer: (line: string) => string | undefined | Promise<string | undefined>): Answers =>
  async line => {
    const text = await answer(line);
    return text === undefined ? [{ is: 'ended', says: 'exit code 0' }] : [{ is: 'line', text }];
  };
