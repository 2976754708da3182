// How is it told what one step changed of what an observer could see: who holds what, what is mapped, what is attached?
import { type Change, describeValue, plain, printable } from '../conformance/index.js';

/** So many changes of one step are told. */
const TOLD = 8;

/** `groups.0.refs: 0 -> 1`, a line for each place in which two views differ. */
export function changeLines(changes: readonly Change[]): readonly string[] {
  const all = changes.map(c => `${printable(c.path.join('.'))}: ${value(c.before)} -> ${value(c.after)}`);
  if (all.length <= TOLD) return all;
  return [...all.slice(0, TOLD), `and ${all.length - TOLD} more`];
}

const value = (seen: unknown): string =>
  seen === null ? 'none' : typeof seen === 'object' ? whole(seen) : describeValue(seen);

/** A value to its end, however long it is. */
export const whole = (seen: unknown): string => printable(JSON.stringify(plain(seen)) ?? 'nothing');
