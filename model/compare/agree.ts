// Did the implementation do what the law allows? One step, its answer and everything that can be seen.
import {
  type Allowed,
  type AnyOp,
  allowed,
  type Policies,
  type Profile,
  type View,
} from '../../spec/index.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Steps } from '../driven.js';

/** The step was allowed: by this clause, and the law goes on from this state. */
export interface Agreement<S> {
  readonly agrees: true;
  readonly rule: string;
  readonly state: S;
  readonly observed: Outcome;
  readonly view: View;
}

/** Where two values part: the path of keys, and what stands there on either side. */
export interface Difference {
  readonly path: string;
  readonly allowed: unknown;
  readonly observed: unknown;
}

export interface Disagreement<O> {
  readonly agrees: false;
  readonly op: O;
  readonly observed: Outcome;
  readonly view: View;
  readonly allowed: readonly { readonly rule: string; readonly outcome: Outcome; readonly view: View }[];
  /** From the allowed ending that comes nearest: one with the same answer, else the one that must be. */
  readonly first: Difference;
}

/** Runs one operation on the machine, and looks for an allowed ending with the same answer and full view. */
export function agree<S, O extends AnyOp, P extends Policies, Setup, F>(
  profile: Profile<S, O, P, Setup>,
  state: S,
  op: O,
  policies: P,
  machine: Steps<O, F>,
  force?: F,
): Agreement<S> | Disagreement<O> {
  const endings = allowed(profile, state, op, policies);
  const observed = machine.step(op, force);
  const view = machine.view();
  for (const ending of endings) {
    if (differenceOf(ending.outcome, observed, 'outcome') !== null) continue;
    if (differenceOf(profile.view(ending.state), view, '') === null) {
      return { agrees: true, rule: ending.rule, state: ending.state, observed, view };
    }
  }
  return disagreement(profile, endings, op, observed, view);
}

function disagreement<S, O extends AnyOp, P extends Policies, Setup>(
  profile: Profile<S, O, P, Setup>,
  endings: readonly Allowed<S>[],
  op: O,
  observed: Outcome,
  view: View,
): Disagreement<O> {
  const shown = endings.map(e => ({ rule: e.rule, outcome: e.outcome, view: profile.view(e.state) }));
  const nearest = shown.find(e => differenceOf(e.outcome, observed, 'outcome') === null);
  const first = nearest
    ? differenceOf(nearest.view, view, '')
    : differenceOf(shown[shown.length - 1]!.outcome, observed, 'outcome');
  if (first === null) throw new Error('a disagreement without a difference');
  return { agrees: false, op, observed, view, allowed: shown, first };
}

/** The first place where two plain values differ, in the order of the allowed one's keys; null: nowhere. */
export function differenceOf(allowedValue: unknown, observed: unknown, path: string): Difference | null {
  // Nearly always nothing differs, and then no path has to be spelt.
  if (isSame(allowedValue, observed)) return null;
  if (!isRecord(allowedValue) || !isRecord(observed)) return { path, allowed: allowedValue, observed };
  if (Array.isArray(allowedValue) !== Array.isArray(observed))
    return { path, allowed: allowedValue, observed };
  for (const key of Object.keys(allowedValue)) {
    const below = path === '' ? key : `${path}.${key}`;
    const found = differenceOf(allowedValue[key], observed[key], below);
    if (found !== null) return found;
  }
  for (const key of Object.keys(observed)) {
    if (Object.hasOwn(allowedValue, key)) continue;
    return { path: path === '' ? key : `${path}.${key}`, allowed: undefined, observed: observed[key] };
  }
  return null;
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isRecord(a) || !isRecord(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  for (const key of Object.keys(a)) if (!isSame(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if (!Object.hasOwn(a, key)) return false;
  return true;
}

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null;
