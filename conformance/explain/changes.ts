// After which smallest change of the call, or of what was done before it, would the law have let it succeed?
import { canonical } from '../../spec/kit/canonical.js';
import type { Policies } from '../../spec/law/clause.js';
import { GaveUp } from '../../spec/law/gave-up.js';
import { type AnyOp, type AnyProfile, allowed, type Tries } from '../../spec/law/profile.js';
import { lackOf } from '../../spec/law/release.js';
import type { Event } from '../../spec/protocol/trace.js';

/** What is asked: a call in a state of a law, on a machine. */
export interface Question {
  readonly profile: AnyProfile;
  readonly policies: Policies;
  readonly machine: unknown;
  readonly state: object;
  readonly op: AnyOp;
  /** Does the call fit the machine, as a recording of it would have to? */
  readonly fits: (op: AnyOp) => boolean;
  /** What may be tried in a state in which a call does not succeed. */
  readonly tries: (state: object, op: AnyOp) => Tries;
}

/** `instead`: another call in its place. `before`: calls to make first. `without`: an earlier event is not made. */
export type Remedy =
  | { readonly how: 'instead'; readonly calls: readonly AnyOp[] }
  | { readonly how: 'before'; readonly calls: readonly AnyOp[] }
  | {
      readonly how: 'without';
      readonly event: number;
      readonly line?: number;
      readonly calls: readonly AnyOp[];
    };

/** The state after a call that the law lets succeed; undefined: it is refused, it waits, or the release has none. */
export function succeeds({ profile, policies }: Question, state: object, op: AnyOp): object | undefined {
  if (lackOf(profile, policies, op.op) !== undefined) return undefined;
  const normal = allowed(profile, state, op, policies).at(-1)!;
  return normal.outcome.is === 'ok' ? (normal.state as object) : undefined;
}

/** So many changes of a kind are told. */
const TOLD = 2;

/** Other calls in its place that succeed; fewer changed fields first, then in the order of the tries. */
export function instead(q: Question): readonly Remedy[] {
  const tried = new Map(q.tries(q.state, q.op).instead.map(op => [canonical(op), op]));
  tried.delete(canonical(q.op));
  const good = [...tried.values()].filter(op => q.fits(op) && succeeds(q, q.state, op) !== undefined);
  const ranked = good
    .map((op, at) => ({ op, at, apart: fieldsApart(q.op, op) }))
    .sort((a, b) => a.apart - b.apart || a.at - b.at);
  return ranked.slice(0, TOLD).map(({ op }) => ({ how: 'instead', calls: [op] }));
}

export function fieldsApart(a: AnyOp, b: AnyOp): number {
  const [one, other] = [a as unknown as Fields, b as unknown as Fields];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter(key => canonical(one[key]) !== canonical(other[key])).length;
}

interface Fields {
  readonly [field: string]: unknown;
}

/** So many calls may have to be made first, and so many are tried. */
const MOST_CALLS = 4;
const BUDGET = 20_000;
/** Characters of spelt states: one large state costs as much as many small ones. */
const SPELT = 100_000_000;

interface Way {
  readonly state: object;
  readonly calls: readonly AnyOp[];
}

/**
 * The fewest calls before it after which it succeeds, found breadth first; of ways of one length those first that
 * change least of what an observer sees.
 */
export function before(q: Question): readonly Remedy[] {
  const here = canonical(q.state);
  const seen = new Set([here]);
  let ways: readonly Way[] = [{ state: q.state, calls: [] }];
  let left = Math.min(BUDGET, Math.ceil(SPELT / here.length));
  for (let length = 1; length <= MOST_CALLS && ways.length > 0; length++) {
    const longer: Way[] = [];
    const good: Way[] = [];
    for (const way of ways) {
      for (const op of q.tries(way.state, q.op).before) {
        if (left-- <= 0) return told(q, good);
        if (!q.fits(op)) continue;
        const state = succeeds(q, way.state, op);
        if (state === undefined || state === way.state) continue;
        const key = canonical(state);
        if (seen.has(key)) continue;
        seen.add(key);
        const next = { state, calls: [...way.calls, op] };
        if (succeeds(q, state, q.op) !== undefined) good.push(next);
        else longer.push(next);
      }
    }
    if (good.length > 0) return told(q, good);
    ways = longer;
  }
  return [];
}

function told(q: Question, good: readonly Way[]): readonly Remedy[] {
  const was = leaves(q.profile.view(q.state));
  const ranked = good
    .map(way => ({ way, far: distance(was, leaves(q.profile.view(way.state))) }))
    .sort((a, b) => a.far - b.far);
  return ranked.slice(0, TOLD).map(({ way }) => ({ how: 'before', calls: [...way.calls, q.op] }));
}

/** A view as its values by their paths. */
function leaves(view: unknown, path = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof view === 'object' && view !== null)
    for (const [key, value] of Object.entries(view)) leaves(value, `${path}.${key}`, found);
  else found.set(path, view);
  return found;
}

function distance(a: Map<string, unknown>, b: Map<string, unknown>): number {
  let far = 0;
  for (const [key, value] of a) if (b.get(key) !== value || !b.has(key)) far++;
  for (const key of b.keys()) if (!a.has(key)) far++;
  return far;
}

/**
 * One earlier event that need only not be made: without it everything else answers as it did, and the call succeeds.
 * `events` are those that are worth a try.
 */
export function without(
  q: Question,
  start: object,
  history: readonly Event<AnyOp>[],
  events: readonly Event<AnyOp>[],
): readonly Remedy[] {
  for (const left of events) {
    const state = replayed(q, start, history, left);
    if (state === undefined || succeeds(q, state, q.op) === undefined) continue;
    const line = left.line === undefined ? {} : { line: left.line };
    return [{ how: 'without', event: left.n, ...line, calls: [q.op] }];
  }
  return [];
}

function replayed(
  q: Question,
  start: object,
  history: readonly Event<AnyOp>[],
  left: Event<AnyOp>,
): object | undefined {
  let state = start;
  try {
    for (const event of history) {
      if (event === left) continue;
      const normal = allowed(q.profile, state, event.op, q.policies);
      const same = normal.find(e => e.outcome.is === event.outcome.is && sameCode(e.outcome, event.outcome));
      if (same === undefined) return undefined;
      state = same.state as object;
    }
  } catch (error) {
    if (error instanceof GaveUp) return undefined;
    throw error;
  }
  return state;
}

const sameCode = (a: object, b: object): boolean =>
  (a as { readonly errno?: string }).errno === (b as { readonly errno?: string }).errno;
