// What is the code of a hit and of a miss, with the sizes and the arrays of one IOTLB written into it?

import { FOUND_PROT, OUT_HIGH, OUT_LOW } from '../paging/codes.js';
import {
  ACCESS_SHIFT,
  FLOOR,
  HITS,
  KEY,
  KEY_MASK,
  MISSES,
  OUT,
  SIZE_SHIFT,
  SIZES,
  STAMP,
  type TaggedCache,
  WAYS,
} from './tagged.js';

let texts = 0;

const countText = (which: number): string => `const count = (S[${which}] + 1) | 0;
    S[${which}] = count;
    if (count === 0) S[${which + 1}] = (S[${which + 1}] + 1) | 0;`;

/**
 * See generate.ts of impl/paging for why this is text. Spaces of domains, and misses on leaves of one page; all else is
 * for the general way. `walks`: a miss walks the table from its root.
 */
export function translateText(tlb: TaggedCache, walks: boolean): string {
  const away = 'return this.translateAway(space, high, low, access);';
  const miss = walks ? 'return this.translateMiss(space, high, low, access);' : away;
  return `'use strict'; // number ${++texts}
const W = tlb.words;
const STAMPS = tlb.spaces.simple;
const NEXT = tlb.nextWay;
const S = tlb.state;
return class extends Base {
  translate(space, high, low, access) {
    const stamp = STAMPS[space];
    let way = ((low + space * 97) & ${tlb.mask}) << 4;
    const end = way + ${WAYS};
    // A loop, because a function that is written out is too large to be taken in by its callers.
    while (
      W[way] !== low || (W[way + ${KEY}] & ${KEY_MASK}) !== high || W[way + ${STAMP}] >>> 12 !== stamp
    ) {
      if (++way === end) ${miss}
    }
    if (stamp <= S[${FLOOR}]) ${away}
    ${countText(HITS)}
    if ((access & ~(W[way + ${KEY}] >>> ${ACCESS_SHIFT})) !== 0 || access === 0) return -1;
    return way;
  }
  translateMiss(space, high, low, access) {
    const stamp = STAMPS[space];
    if (stamp <= S[${FLOOR}] || S[${SIZES + 1}] !== 0) ${away}
    // Larger leaves, of the sizes that were ever filled.
    for (let sizes = S[${SIZES}] & -2; sizes !== 0; sizes &= sizes - 1) {
      const size = 31 - Math.clz32(sizes & -sizes);
      const first = low & (-1 << size);
      const key = high | (size << ${SIZE_SHIFT});
      const from = ((((low >>> size) | (high << (32 - size))) + space * 97) & ${tlb.mask}) << 4;
      for (let way = from; way < from + ${WAYS}; way++) {
        if (W[way] !== first || (W[way + ${KEY}] & ${KEY_MASK}) !== key || W[way + ${STAMP}] >>> 12 !== stamp) continue;
        ${countText(HITS)}
        if ((access & ~(W[way + ${KEY}] >>> ${ACCESS_SHIFT})) !== 0 || access === 0) return -1;
        return way;
      }
    }
    const table = this.tables[space];
    if (table === null || table === undefined) ${away}
    const size = table.resolveWords(high, low);
    if (size !== 0) ${away}
    ${countText(MISSES)}
    const F = table.arena.found;
    const prot = F[${FOUND_PROT}];
    const set = (low + space * 97) & ${tlb.mask};
    const turn = NEXT[set];
    NEXT[set] = (turn + 1) & ${WAYS - 1};
    const way = (set << 4) + turn;
    W[way] = low;
    W[way + ${KEY}] = (prot << ${ACCESS_SHIFT}) | high;
    W[way + ${STAMP}] = (stamp << 12) | F[${OUT_HIGH}];
    W[way + ${OUT}] = F[${OUT_LOW}];
    S[${SIZES}] = S[${SIZES}] | 1;
    return (access & ~prot) !== 0 || access === 0 ? -1 : way;
  }
};`;
}
