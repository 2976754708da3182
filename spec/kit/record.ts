// How does a rule make the changed copy of a record or of a row of records?
import { patcherOf } from './watch.js';

/**
 * The record with some fields replaced. Rules use this and never a spread: under read tracking a spread
 * reads every field, and the checker then believes that the rule depends on all of them.
 */
export function patch<R extends object>(record: R, fields: Partial<R>): R {
  const watched = patcherOf(record);
  return watched === undefined ? { ...record, ...fields } : watched.call(record, fields);
}

/** The rows with row `index` replaced by a patched copy. */
export function patchAt<R extends object>(
  rows: readonly R[],
  index: number,
  fields: Partial<R>,
): readonly R[] {
  const copy = rows.slice();
  copy[index] = patch(rows[index]!, fields);
  return copy;
}
