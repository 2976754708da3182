// Which table of a container holds a bus address?
import { selector } from '../kit/selector.js';
import { entryOf } from './pages.js';
import type { State, TceTable } from './state.js';

/** Index of a bus address in a table, -1: the table does not hold it. */
export function indexIn(t: TceTable, address: bigint): number {
  const index = entryOf(address, t.shift) - t.offset;
  return t.kind !== 'free' && index >= 0 && index < t.size ? index : -1;
}

/** Row of the container's table that holds a bus address, -1: none. Window 0 is asked first. */
export const tableHolding = selector('tableHolding', (s: State, c: number, address: bigint): number => {
  const { window0, window1 } = s.containers[c]!;
  if (window0 >= 0 && indexIn(s.tables[window0]!, address) >= 0) return window0;
  return window1 >= 0 && indexIn(s.tables[window1]!, address) >= 0 ? window1 : -1;
});
