// What is a profile: one era's or one layer's operations, with their clauses, invariants and policies?
import type { Allowed, Clause, Policies } from './clause.js';
import { allowedBy } from './clause.js';
import { checkPolicies, UnknownName } from './known.js';
import { inForce, lackOf, RELEASE, type Release } from './release.js';
import type { Citation } from './sources.js';

/** An operation of any profile: a record told apart by its `op`. */
export interface AnyOp {
  readonly op: string;
}

/** The typed table of an era's operations: leaving one out is a compile error. */
export type Rules<S, O extends AnyOp, P extends Policies> = {
  readonly [K in O['op']]: readonly Clause<S, Extract<O, { op: K }>, P>[];
};

/** A property of single states. `always`: no reachable state breaks it. `sometimes`: some state shows it. */
export interface StateProperty<S, P extends Policies = Policies> {
  readonly id: string;
  readonly says: string;
  readonly cite: readonly Citation[];
  readonly holds: (state: S, policies: P) => boolean;
}

/** A property of single steps: what may change between the state before and the state after one ending. */
export interface StepProperty<S, O extends AnyOp, P extends Policies = Policies> {
  readonly id: string;
  readonly says: string;
  readonly cite: readonly Citation[];
  readonly holds: (before: S, op: O, after: Allowed<S>, policies: P) => boolean;
}

/**
 * A promise that something ends. From every reachable state, whatever order the `drives` operations run
 * in, the run ends (each changing step lowers `rank`, compared from the left) and it ends well (a state
 * that no driving operation changes is `good`). Only the driving operations are assumed to be fair. A
 * part of a rank is best a `sum` of the kit: how a step changes it is known without a scan.
 */
export interface Liveness<S, O extends AnyOp, P extends Policies = Policies> {
  readonly id: string;
  readonly says: string;
  readonly cite: readonly Citation[];
  readonly drives: (state: S, op: O) => boolean;
  readonly rank: readonly ((state: S) => number)[];
  readonly good: (state: S, policies: P) => boolean;
}

/** One open question of the sources as a parameter. The first value is the default. */
export interface Policy {
  readonly name: string;
  readonly question: string;
  readonly cite: readonly Citation[];
  readonly values: readonly {
    readonly value: string;
    readonly says: string;
    readonly argument: string;
  }[];
}

/** A profile of the law. `Setup` describes the machine under judgement; the law never changes it. */
export interface Profile<S, O extends AnyOp, P extends Policies, Setup> {
  readonly name: string;
  readonly title: string;
  readonly rules: Rules<S, O, P>;
  /** Ids that were once rules; they stay listed so that nobody uses them again. */
  readonly retired: readonly { readonly id: string; readonly why: string }[];
  readonly policies: readonly Policy[];
  /** The releases that it can speak for, the newest first, which is the default. Left out: one fixed text. */
  readonly releases?: readonly Release[];
  /**
   * Its operations are reports of what was done, and none is ever refused: a clause that refuses says that nothing
   * of the kind can have been done.
   */
  readonly reports?: true;
  /** The state at the start. `bounded` lays collections out as fixed slots, for exploration. */
  readonly initial: (setup: Setup, policies: P, bounded: boolean) => S;
  readonly always: readonly StateProperty<S, P>[];
  readonly sometimes: readonly StateProperty<S, P>[];
  readonly steps: readonly StepProperty<S, O, P>[];
  readonly lives: readonly Liveness<S, O, P>[];
  /**
   * What one side of a debate asks for. Not promised by the default law: a debate's verdict says for each
   * policy value which of them hold.
   */
  readonly aims: {
    readonly always: readonly StateProperty<S, P>[];
    readonly steps: readonly StepProperty<S, O, P>[];
    readonly lives: readonly Liveness<S, O, P>[];
  };
  /** The state as an observer of any implementation may see it: plain JSON values, no internal ids. */
  readonly view: (state: S) => View;
  /** For a refused operation: the earlier events that the refusal rests on, and how, a sentence each. */
  readonly explain?: (
    state: S,
    op: O,
    policies: P,
  ) => readonly { readonly event?: number; readonly says: string }[];
  /** Operations that `explain` is asked about also where they are allowed: whoever reads a recording looks for them. */
  readonly remarks?: readonly string[];
  /**
   * A row of the state in words, for whoever asks why a clause applied: `['maps', 0, 256]` is row 256 of the first of
   * the tables `maps`. Undefined: it is spelt by its fields.
   */
  readonly tell?: (state: S, at: Row, machine: Setup) => string | undefined;
  /** What somebody may try who wants `op` to succeed; the law says of each what it would do. Left out: calls at random. */
  readonly tries?: (state: S, op: O, machine: Setup) => Tries;
}

/** Where a row of a state stands: names of fields, positions in lists, keys of tables. */
export type Row = readonly (string | number)[];

/** Calls that may be made in the place of one, the nearest to it first, and calls that may be made before it. */
export interface Tries {
  readonly instead: readonly AnyOp[];
  readonly before: readonly AnyOp[];
}

export type View = { readonly [field: string]: ViewValue };
export type ViewValue = string | number | boolean | null | readonly ViewValue[] | View;

// biome-ignore lint/suspicious/noExplicitAny: the table of profiles holds profiles of different states
export type AnyProfile = Profile<any, any, any, any>;

/** The clauses of an operation; throws `UnknownName` for one that the profile does not have. */
function clausesOf<S, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  op: string,
): readonly Clause<S, O, P>[] {
  if (!Object.hasOwn(profile.rules, op)) {
    throw new UnknownName('operation', op, Object.keys(profile.rules), profile.name);
  }
  return profile.rules[op as O['op']] as readonly Clause<S, O, P>[];
}

/**
 * All endings that a profile's law allows for `op` in `state`, in clause order. Never empty. An operation that the
 * chosen release does not have is an error of the caller: a reader says so before it comes here.
 */
export function allowed<S, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  state: S,
  op: O,
  policies: P,
): readonly Allowed<S>[] {
  const clauses = clausesOf(profile, op.op);
  checkPolicies(profile, policies);
  const lack = lackOf(profile, policies, op.op);
  if (lack !== undefined) throw new Error(lack);
  return allowedBy(inForce(clauses, policies), state, op, policies);
}

/** The default value of every policy of a profile, and its newest release. */
export function defaultPolicies<P extends Policies>(profile: {
  readonly policies: readonly Policy[];
  readonly releases?: readonly Release[];
}): P {
  const newest = profile.releases?.[0];
  return Object.fromEntries([
    ...profile.policies.map(p => [p.name, p.values[0]!.value]),
    ...(newest === undefined ? [] : [[RELEASE, newest.name]]),
  ]) as unknown as P;
}
