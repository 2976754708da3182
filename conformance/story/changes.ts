// In which places do two views differ?
import { plain } from '../report/describe.js';

/** One place in which two views differ. A side that is left out was not there. */
export interface Change {
  /** Keys and positions from the root of the view. */
  readonly path: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
}

interface Fields {
  readonly [key: string]: unknown;
}

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** Every place, in the order of the views; records are gone into, what is on one side only is one change. */
export function differences(before: unknown, after: unknown): readonly Change[] {
  const all: Change[] = [];
  collect(before, after, [], all);
  return all;
}

function collect(before: unknown, after: unknown, path: readonly string[], into: Change[]): void {
  if (before === after) return;
  if (isRecord(before) && isRecord(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of keys) collect(before[key], after[key], [...path, key], into);
    return;
  }
  into.push({
    path,
    ...(before === undefined ? {} : { before: plain(before) }),
    ...(after === undefined ? {} : { after: plain(after) }),
  });
}
