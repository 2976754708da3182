// Does what was observed agree with what the law says, and if not, where do they part?
import { type Observed, UNOBSERVED } from '../../spec/protocol/observed.js';
import type { Outcome } from '../../spec/protocol/outcome.js';

/**
 * Is what was observed this answer? They are the same only if they are the same in every field; an absent field is
 * not a joker, but one that is written as unobserved is. Endings that are no answers are never one.
 */
export function sameOutcome(wanted: Outcome, seen: Observed): boolean {
  if (wanted === seen || seen.is === UNOBSERVED) return true;
  if (wanted.is !== seen.is) return false;
  if (wanted.is === 'refused' && seen.is === 'refused')
    return (
      (wanted.errno === seen.errno || seen.errno === UNOBSERVED) &&
      (wanted.warned === seen.warned || seen.warned === UNOBSERVED)
    );
  return same(wanted, seen);
}

/** Does the answer leave anything out, so that not the whole of it can be compared? */
export const isBlurred = (seen: Observed): boolean =>
  seen.is === UNOBSERVED || Object.values(seen).includes(UNOBSERVED);

/** `b` may have jokers at its top, where an answer has its values. */
function same(a: unknown, b: unknown): boolean {
  if (b === UNOBSERVED) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, other] = [a as Fields, b as Fields];
  for (const key in one) if (!same(one[key], other[key])) return false;
  for (const key in other) if (other[key] !== undefined && one[key] === undefined) return false;
  return true;
}

type Fields = { readonly [field: string]: unknown };

/**
 * Does the view show everything that was observed? Records are compared in the fields that were observed,
 * arrays in all places: a list that was observed was observed to its end. A record in the place of an array has some
 * of its places, by their position. A field that was seen not to be there is `null`.
 */
export function shows(view: unknown, observed: unknown): boolean {
  if (typeof observed !== 'object' || observed === null) return view === observed;
  if (typeof view !== 'object' || view === null) return false;
  if (Array.isArray(observed)) {
    if (!Array.isArray(view) || view.length !== observed.length) return false;
    for (let i = 0; i < observed.length; i++) if (!shows(view[i], observed[i])) return false;
    return true;
  }
  const [seen, fields] = [observed as Fields, view as Fields];
  if (Array.isArray(view) && !Object.keys(seen).every(isPosition)) return false;
  for (const key in seen) {
    if (!Object.hasOwn(fields, key) ? seen[key] !== null : !shows(fields[key], seen[key])) return false;
  }
  return true;
}

const isPosition = (key: string): boolean => /^(?:0|[1-9]\d{0,8})$/.test(key);

/** One place where view and observation part. Undefined stands for "not there". */
export interface Parting {
  readonly path: readonly string[];
  readonly observed: unknown;
  readonly allowed: unknown;
}

/** All places where they part, in the order of the observation. Empty exactly when `shows` is true. */
export function partings(view: unknown, observed: unknown, path: readonly string[] = []): readonly Parting[] {
  if (shows(view, observed)) return [];
  const here = [{ path, observed, allowed: view }];
  if (typeof observed !== 'object' || typeof view !== 'object' || observed === null || view === null)
    return here;
  const some = Array.isArray(view) && !Array.isArray(observed) && Object.keys(observed).every(isPosition);
  if (!some && Array.isArray(observed) !== Array.isArray(view)) return here;
  const [seen, fields] = [observed as Fields, view as Fields];
  // A list that is too short or too long parts at the first place that only one of the two has.
  const keys = Object.keys(seen);
  if (Array.isArray(observed) && Array.isArray(view) && view.length > observed.length)
    keys.push(String(keys.length));
  const there = keys.filter(key => seen[key] !== null || Object.hasOwn(fields, key));
  return there.flatMap(key =>
    partings(Object.hasOwn(fields, key) ? fields[key] : undefined, seen[key], [...path, key]),
  );
}

/** The value at a path, undefined where there is none. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Fields)[key];
  }
  return value;
}
