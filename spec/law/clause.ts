// What is a rule of the law, and what does the law allow in a given state?
import type { Errno } from '../protocol/errno.js';
import type { Outcome } from '../protocol/outcome.js';
import type { Citation } from './sources.js';

/** One way for an operation to end: the answer, and the state after it. */
export interface Next<S> {
  readonly outcome: Outcome;
  readonly state: S;
}

/** One allowed ending, and the clause that allows it. */
export interface Allowed<S> extends Next<S> {
  readonly rule: string;
  /** Not shown to be right, only not shown to be wrong. */
  readonly open?: true;
}

/** The values chosen for a profile's policies. */
export type Policies = { readonly [name: string]: string };

/**
 * One clause of an operation's ordered list.
 * `must`: the first applicable one ends the list. `may`: allowed as well, and the list goes on.
 * `then` gives one ending, or several where the law leaves a choice.
 */
export interface Clause<S, O, P extends Policies = Policies> {
  /** `chapter/what-happens`; never renumbered, never reused. */
  readonly id: string;
  /** One plain sentence: the law itself. */
  readonly says: string;
  readonly cite: readonly Citation[];
  readonly status: 'settled' | 'disputed';
  /** The releases in which it holds; left out: all that the profile speaks for. */
  readonly releases?: readonly string[];
  readonly kind: 'must' | 'may';
  readonly when: (state: S, op: O, policies: P) => boolean;
  readonly then: (state: S, op: O, policies: P) => Next<S> | readonly Next<S>[];
  /** What it accepts is not shown to be right: the recording lacks what it depends on. */
  readonly open?: true;
  /** The errno of a clause that only refuses; for tables of coverage. */
  readonly errno?: Errno;
}

type Words = Pick<Clause<never, never>, 'id' | 'says' | 'cite'> & {
  readonly warned?: true;
  readonly status?: 'settled' | 'disputed';
  readonly releases?: readonly string[];
  readonly open?: true;
};

/** A clause that refuses with one errno and leaves the very same state. */
export function refuse<S, O, P extends Policies>(
  errno: Errno,
  words: Words,
  when: (state: S, op: O, policies: P) => boolean,
  kind: 'must' | 'may' = 'must',
): Clause<S, O, P> {
  const { warned, ...said } = words;
  const outcome: Outcome = warned ? { is: 'refused', errno, warned } : { is: 'refused', errno };
  return { status: 'settled', ...said, kind, when, then: state => ({ outcome, state }), errno };
}

/** A clause that allows an ending; `when` left out means always, which is how every list closes. */
export function ending<S, O, P extends Policies>(
  words: Words & { readonly kind?: 'must' | 'may' },
  then: Clause<S, O, P>['then'],
  when: (state: S, op: O, policies: P) => boolean = always,
): Clause<S, O, P> {
  return { status: 'settled', kind: 'must', ...words, when, then };
}

/** The condition of a clause that applies in every state. */
export const always = (): boolean => true;

/** Everything that a list of clauses allows in a state, in the order of the list. Never empty. */
export function allowedBy<S, O, P extends Policies>(
  clauses: readonly Clause<S, O, P>[],
  state: S,
  op: O,
  policies: P,
): readonly Allowed<S>[] {
  const found: Allowed<S>[] = [];
  for (const clause of clauses) {
    if (!clause.when(state, op, policies)) continue;
    const endings = clause.then(state, op, policies);
    if (isMany(endings)) {
      for (const e of endings) found.push({ rule: clause.id, outcome: e.outcome, state: e.state });
    } else {
      const { outcome, state: after } = endings;
      found.push(
        clause.open
          ? { rule: clause.id, outcome, state: after, open: true }
          : { rule: clause.id, outcome, state: after },
      );
    }
    if (clause.kind === 'must') return found;
  }
  throw new Error('a list of clauses must close with an unconditional must');
}

function isMany<S>(e: Next<S> | readonly Next<S>[]): e is readonly Next<S>[] {
  return Array.isArray(e);
}
