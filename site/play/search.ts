// Which is the shortest way from a state to one that somebody describes?
import { describeOutcome, plain } from '../../conformance/index.js';
import { type Allowed, type AnyOp, allowed, canonical, lackOf } from '../../spec/index.js';
import type { Setting } from './game.js';

/** What an observer sees at a place: `devices.1.domain`. `there`: it is not nothing. */
export interface Condition {
  readonly path: string;
  readonly is: 'is' | 'is not' | 'is there' | 'is not there';
  readonly value: string;
}

/** All of it at once. */
export interface Goal {
  readonly conditions: readonly Condition[];
  /** A call that can be answered so there; without an answer: that need not be refused. */
  readonly call?: { readonly op: AnyOp; readonly answer: string };
  /** The clause by which the last call ended. */
  readonly rule?: string;
}

/** One call of the way, and which of the endings that the law allows was gone by. */
export interface SearchStep {
  readonly op: AnyOp;
  readonly ending: number;
}

export interface Searched {
  /** Undefined: there is none, or there was no room to find it. */
  readonly way?: readonly SearchStep[];
  readonly states: number;
  readonly depth: number;
  /** Every state that these calls can reach was looked at. */
  readonly complete: boolean;
}

/** States between two reports. */
const BATCH = 200;

interface Found {
  readonly state: object;
  readonly before: Found | undefined;
  readonly step: SearchStep | undefined;
  readonly depth: number;
}

/** Breadth first, so the first way is a shortest one. Yields how many states are known, now and then. */
export function* search(
  setting: Setting,
  start: object,
  ops: readonly AnyOp[],
  goal: Goal,
  most: number,
): Generator<number, Searched> {
  const { profile, policies } = setting;
  const calls = ops.filter(op => lackOf(profile, policies, op.op) === undefined);
  const queue: Found[] = [{ state: start, before: undefined, step: undefined, depth: 0 }];
  const known = new Set([canonical(start)]);
  if (goal.rule === undefined && meets(setting, start, goal))
    return { way: [], states: 1, depth: 0, complete: false };
  for (let at = 0; at < queue.length; at++) {
    const here = queue[at]!;
    if (at % BATCH === 0) yield queue.length;
    for (const op of calls) {
      const endings = allowed(profile, here.state, op, policies) as readonly Allowed<object>[];
      for (const [i, ending] of endings.entries()) {
        const next = { state: ending.state, before: here, step: { op, ending: i }, depth: here.depth + 1 };
        const ends = goal.rule === undefined || goal.rule === ending.rule;
        // A clause that refuses leaves the state: it is asked for before the state is known.
        if (goal.rule !== undefined && ends && meets(setting, ending.state, goal))
          return found(next, queue.length);
        const key = canonical(ending.state);
        if (known.has(key)) continue;
        known.add(key);
        queue.push(next);
        if (ends && meets(setting, ending.state, goal)) return found(next, queue.length);
      }
    }
    if (queue.length >= most) return { states: queue.length, depth: here.depth, complete: false };
  }
  return { states: queue.length, depth: queue.at(-1)!.depth, complete: true };
}

function found(last: Found, states: number): Searched {
  const way: SearchStep[] = [];
  for (let f: Found | undefined = last; f?.step !== undefined; f = f.before) way.push(f.step);
  return { way: way.reverse(), states, depth: last.depth, complete: false };
}

function meets({ profile, policies }: Setting, state: object, goal: Goal): boolean {
  if (goal.conditions.length > 0) {
    const view = plain(profile.view(state));
    if (!goal.conditions.every(c => holds(view, c))) return false;
  }
  if (goal.call === undefined) return true;
  const { op, answer } = goal.call;
  return allowed(profile, state, op, policies).some(e =>
    answer === '' ? e.outcome.is !== 'refused' : describeOutcome(e.outcome) === answer,
  );
}

export function holds(view: unknown, { path, is, value }: Condition): boolean {
  const seen = valueAt(view, path);
  const there = seen !== undefined && seen !== null;
  switch (is) {
    case 'is there':
      return there;
    case 'is not there':
      return !there;
    case 'is':
      return spelled(seen) === value;
    case 'is not':
      return spelled(seen) !== value;
  }
}

/** As somebody types it. */
export const spelled = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? 'none' : JSON.stringify(value);

function valueAt(view: unknown, path: string): unknown {
  let value = view;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as { readonly [key: string]: unknown })[key];
  }
  return value;
}

/** The places of a view that hold a value, for whoever describes a state. */
export function placesIn(view: unknown, before = ''): readonly string[] {
  if (typeof view !== 'object' || view === null) return before === '' ? [] : [before];
  const inside = Object.entries(view).flatMap(([key, value]) =>
    placesIn(value, before === '' ? key : `${before}.${key}`),
  );
  return before === '' ? inside : [before, ...inside];
}
