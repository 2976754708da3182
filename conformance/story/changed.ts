// What is a view after such changes? Apart from how they are found, so that a page needs nothing else.
import type { Change } from './changes.js';

interface Fields {
  readonly [key: string]: unknown;
}

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** The view after the changes; the one before stays as it is. What no change goes through is shared. */
export function changed(view: unknown, changes: readonly Change[]): unknown {
  return changes.reduce((now, change) => put(now, change.path, change), view);
}

function put(value: unknown, path: readonly string[], change: Change): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change.after;
  if (Array.isArray(value)) return putInList(value, Number(key), rest, change);
  const fields: Fields = isRecord(value) ? value : {};
  if (rest.length === 0 && !('after' in change)) {
    const { [key]: _, ...others } = fields;
    return others;
  }
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries([
    ...Object.entries(fields).filter(([name]) => name !== key),
    [key, put(Object.hasOwn(fields, key) ? fields[key] : undefined, rest, change)],
  ]);
}

function putInList(
  list: readonly unknown[],
  at: number,
  rest: readonly string[],
  change: Change,
): readonly unknown[] {
  // Places of a list that are gone are its last ones, told from the front.
  if (rest.length === 0 && !('after' in change)) return list.slice(0, Math.min(at, list.length));
  const next = [...list];
  next[at] = put(list[at], rest, change);
  return next;
}
