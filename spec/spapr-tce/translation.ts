// What memory does a PE reach at a bus address?

import { addressOf, pageOf } from '../kit/pages.js';
import { oneAt } from '../kit/runs.js';
import { selector } from '../kit/selector.js';
import { tces } from './entries.js';
import { entryOf, HIGH_START } from './pages.js';
import type { State } from './state.js';
import { indexIn } from './window.js';

type Access = 'read' | 'write';

const permits = (prot: string, access: Access): boolean => prot.includes(access === 'read' ? 'r' : 'w');
const offsetIn = (address: bigint, shift: number): bigint => address & ((1n << BigInt(shift)) - 1n);

/** The memory behind an address by the tables and the bypass of a group, null: a fault. */
export const reached = selector(
  'reached',
  (s: State, g: number, iova: bigint, access: Access): bigint | null => {
    const { window0, window1, bypass } = s.groups[g]!;
    for (const row of [window0, window1]) {
      const t = s.tables[row];
      const index = t === undefined ? -1 : indexIn(t, iova);
      if (index < 0) continue;
      const entry = oneAt(s.entries[row]!, index, tces(t!.shift));
      if (entry === null || !permits(entry.prot, access)) return null;
      return addressOf(entry.frame) | offsetIn(iova, t!.shift);
    }
    const beyond = iova - HIGH_START;
    return bypass && beyond >= 0n && pageOf(beyond) < s.platform.bypass ? beyond : null;
  },
);

/** The memory behind an address by an old entry that was not invalidated, null: there is none. */
export const staleReached = selector(
  'staleReached',
  (s: State, g: number, iova: bigint, access: Access): bigint | null =>
    [2 * g, 2 * g + 1].reduce(
      (found: bigint | null, at) =>
        s.stale[at]!.reduce(
          (here: bigint | null, e, index) =>
            here === null && entryOf(iova, e.shift) - e.offset === index && permits(e.prot, access)
              ? addressOf(e.frame) | offsetIn(iova, e.shift)
              : here,
          found,
        ),
      null,
    ),
);
