// How do the same calls go under another policy, or in another release?
import { describeOutcome } from '../../conformance/index.js';
import { sameOutcome } from '../../conformance/judge/observed.js';
import { type Allowed, type AnyOp, allowed, lackOf, type Policies } from '../../spec/index.js';
import { type Made, type Setting, stateAt } from './game.js';

/** One call under the other law. */
export interface Beside {
  readonly n: number;
  /** It allows the answer that was taken. */
  readonly same: boolean;
  /** All that it allows, with the clause. */
  readonly answers: readonly { readonly answer: string; readonly rule: string }[];
  /** The release does not have the operation. */
  readonly lacks?: string;
}

export interface Followed {
  readonly setting: Setting;
  readonly calls: readonly Beside[];
  readonly state: object;
}

/** Goes where the other law allows the answer that was taken, and by its first answer where it does not. */
export function follow(setting: Setting, policies: Policies, way: readonly Made[]): Followed {
  const other: Setting = { ...setting, policies };
  let state = stateAt(other, undefined);
  const calls = way.map(({ n, op, ending }): Beside => {
    const lacks = lackOf(other.profile, policies, op.op);
    if (lacks !== undefined) return { n, same: false, answers: [], lacks };
    const endings = endingsIn(other, state, op);
    const found = endings.find(e => sameOutcome(e.outcome, ending.outcome));
    state = (found ?? endings[0]!).state;
    return { n, same: found !== undefined, answers: endings.map(told) };
  });
  return { setting: other, calls, state };
}

/** What the other law allows for a call that is not made yet. */
export function allowedThere({ setting, state }: Followed, op: AnyOp): Beside['answers'] {
  if (lackOf(setting.profile, setting.policies, op.op) !== undefined) return [];
  return endingsIn(setting, state, op).map(told);
}

const endingsIn = ({ profile, policies }: Setting, state: object, op: AnyOp) =>
  allowed(profile, state, op, policies) as readonly Allowed<object>[];

const told = ({ outcome, rule }: Allowed<object>): { readonly answer: string; readonly rule: string } => ({
  answer: describeOutcome(outcome),
  rule,
});
