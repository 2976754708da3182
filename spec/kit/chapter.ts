// How is a chapter of the law written with nothing but what it says?
import { always, type Clause, ending, type Policies, refuse } from '../law/clause.js';
import type { Citation } from '../law/sources.js';
import type { Errno } from '../protocol/errno.js';

/** What is not the same as in the rest of the chapter. */
export interface Said {
  /** Where it stands; left out: where the chapter stands. */
  readonly cite?: readonly Citation[];
  readonly status?: 'disputed';
  /** What it accepts is not shown to be right: the recording lacks what it depends on. */
  readonly open?: true;
  /** A refusal of which the kernel warns. */
  readonly warned?: true;
  /** The releases in which it holds; left out: all of the profile. */
  readonly releases?: readonly string[];
}

type When<S, O, P> = (state: S, op: O, policies: P) => boolean;

/** The two kinds of clauses, with the chapter's name and source filled in. */
export interface Chapter<S, O, P extends Policies> {
  /** It is refused with `errno` when this holds, and nothing is changed. */
  readonly must: (
    what: string,
    errno: Errno,
    says: string,
    when: When<S, O, P>,
    said?: Said,
  ) => Clause<S, O, P>;
  /** It may be refused with `errno` when this holds; `when` left out: always. */
  readonly may: (
    what: string,
    errno: Errno,
    says: string,
    when?: When<S, O, P>,
    said?: Said,
  ) => Clause<S, O, P>;
  /** It ends so when this holds; `when` left out: always, which is how every list closes. */
  readonly ends: (
    what: string,
    says: string,
    then: Clause<S, O, P>['then'],
    when?: When<S, O, P>,
    said?: Said,
  ) => Clause<S, O, P>;
  /** It may end so. */
  readonly mayEnd: (
    what: string,
    says: string,
    then: Clause<S, O, P>['then'],
    when?: When<S, O, P>,
    said?: Said,
  ) => Clause<S, O, P>;
}

/**
 * A chapter of one operation (or of what several have in common): `name/what` is the id of each clause, and
 * `source` its citation unless it has one of its own.
 */
export function chapter<S, O, P extends Policies>(
  name: string,
  ...source: readonly Citation[]
): Chapter<S, O, P> {
  const words = (what: string, says: string, said: Said) => ({
    id: `${name}/${what}`,
    says,
    cite: source,
    ...said,
  });
  return {
    must: (what, errno, says, when, said = {}) => refuse<S, O, P>(errno, words(what, says, said), when),
    may: (what, errno, says, when = always, said = {}) =>
      refuse<S, O, P>(errno, words(what, says, said), when, 'may'),
    ends: (what, says, then, when = always, said = {}) =>
      ending<S, O, P>(words(what, says, said), then, when),
    mayEnd: (what, says, then, when = always, said = {}) =>
      ending<S, O, P>({ ...words(what, says, said), kind: 'may' }, then, when),
  };
}
