// What did one step change of what an observer could see: who holds what, what is mapped, what is attached?
import { describeValue, plain, printable } from '../conformance/index.js';

interface Fields {
  readonly [key: string]: unknown;
}

const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** So many changes of one step are told. */
const TOLD = 8;

/** `groups.0.refs: 0 -> 1`, a line for each place in which two views differ. */
export function changes(before: unknown, after: unknown): readonly string[] {
  const all: string[] = [];
  collect(before, after, '', all);
  if (all.length <= TOLD) return all;
  return [...all.slice(0, TOLD), `and ${all.length - TOLD} more`];
}

function collect(before: unknown, after: unknown, path: string, into: string[]): void {
  if (before === after) return;
  if (isRecord(before) && isRecord(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of keys) collect(before[key], after[key], path === '' ? key : `${path}.${key}`, into);
    return;
  }
  into.push(`${printable(path)}: ${value(before)} -> ${value(after)}`);
}

const value = (seen: unknown): string =>
  seen === null ? 'none' : isRecord(seen) ? whole(seen) : describeValue(seen);

/** A value to its end, however long it is. */
export const whole = (seen: unknown): string => printable(JSON.stringify(plain(seen)) ?? 'nothing');
