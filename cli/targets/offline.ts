// How is a target judged that nobody can talk to: its calls are in one file, its answers in another?
import type { Section } from '../../conformance/targets/campaign.js';
import type { Dial, Link } from '../../conformance/targets/link.js';
import type { Script } from '../../conformance/targets/play.js';
import type { CallOf, Session } from '../../conformance/targets/session.js';
import { scriptOf } from '../../conformance/targets/shrink.js';
import { parseJson } from '../../conformance/trace/json.js';
import { LIMITS } from '../../conformance/trace/limits.js';
import { Malformed } from '../../conformance/trace/malformed.js';
import { shaped } from '../../conformance/trace/shape.js';
import { type AnyOp, type Policies, RELEASE } from '../../spec/index.js';
import { ANY, Request } from '../../spec/protocol/target.js';
import type { Fitting } from './sections.js';

/** A link that notes what a driver says on it. */
export const noted =
  (dial: Dial, lines: string[]): Dial =>
  async () => {
    const link = await dial();
    return {
      send: line => {
        lines.push(line);
        link.send(line);
      },
      receive: ms => link.receive(ms),
      fresh: () => link.fresh(),
      close: () => link.close(),
      get waiting() {
        return link.waiting;
      },
      get said() {
        return link.said;
      },
    };
  };

/** The answers of a file, in their order; at a reset those before its answer are passed over. */
export function answered(text: string): Dial {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const hello = lines[0];
  let at = 1;
  /** Where the last reset was answered: a run whose answers are too few may have read beyond the next one. */
  let began = 0;
  return async () => {
    let first = true;
    const link: Link = {
      send: line => {
        const run = /^\{"reset":(\d+)/.exec(line)?.[1];
        if (run === undefined) return;
        const found = lines.findIndex(
          (l, i) => i > began && new RegExp(`^\\s*\\{\\s*"reset"\\s*:\\s*${run}\\b`).test(l),
        );
        at = found < 0 ? lines.length : found;
        began = Math.max(began, found);
      },
      receive: () => {
        const line = first ? hello : lines[at++];
        first = false;
        return line === undefined
          ? { is: 'ended', says: 'the file of answers ends here' }
          : { is: 'line', text: line };
      },
      waiting: false,
      fresh: () => {},
      said: [],
      close: async () => {},
    };
    return link;
  };
}

/** The runs of a plan, for the machine of whoever answered. Throws `Malformed`. */
export function plannedSection(text: string, fitting: Fitting): Section {
  const scripts: Script[] = [];
  const { session } = fitting;
  let calls: CallOf[] | undefined;
  for (const [i, line] of text.trimEnd().split('\n').entries()) {
    const value = parseJson({ number: i + 1, text: line }, LIMITS) as object;
    if ('reset' in value) {
      calls = [];
      const { machine, policies, release } = shaped(Request.reset, value, i + 1);
      scripts.push(planned(session, fitting, scripts.length + 1, machine, { policies, release }, calls));
    } else if ('call' in value) {
      const { op, fault } = shaped(Request.call, value, i + 1);
      const decoded = shaped(session.law.vocabulary.op, op, i + 1, 'op') as AnyOp;
      if (calls === undefined) throw new Malformed('shape', { line: i + 1 }, 'a call before the first reset');
      calls.push(fault === undefined ? { op: decoded } : { op: decoded, fault });
    }
  }
  return { name: 'plan', open: false, scripts: () => scripts };
}

function planned(
  session: Session,
  fitting: Fitting,
  run: number,
  written: unknown,
  { policies, release }: { readonly policies?: Policies | undefined; readonly release?: string | undefined },
  calls: readonly CallOf[],
): Script {
  const own = session.intro.machine;
  const machine = own === ANY ? shaped(session.law.vocabulary.machine, written, 1, 'machine') : own;
  const given = { ...policies, ...(release === undefined ? {} : { [RELEASE]: release }) };
  return { ...scriptOf(`run ${run} of the plan`, machine, fitting.policies(given), calls), ahead: false };
}
