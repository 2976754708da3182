// How does one loop expand states at speed? Its text is written for the plan at hand, with literals.
import type { Layout } from './layout.js';
import type { Scan } from './scans.js';

/** What the generated loop works on. `miss` and its kin are asked where no answer is known yet. */
export interface Engine {
  /** Packed words of the state looked at, and of its derived values. */
  readonly S: Int32Array;
  /** Flat tries. */
  readonly flat: { readonly words: Int32Array };
  /** Flat root by cluster; 0: not known yet. */
  readonly roots: Int32Array;
  /** What leaves stand for: masks of derived values, flags of checks, counter and differences of operations. */
  readonly data: Int32Array;
  /** How often an operations leaf was the answer. */
  readonly counts: Float64Array;
  /** Successors, whole states one after the other; `fill` is where the next one goes. */
  readonly buffer: Int32Array;
  fill: number;
  readonly scans: readonly Scan[];
  /** The plan does not fit this state: nothing was committed; make a new plan and come back. */
  redo: boolean;
  stop: boolean;
  miss(cluster: number, state: number): number;
  missStep(scan: number, acc: number, slot: number, code: number, state: number): number;
  missResults(scan: number, variant: number, acc: number, state: number): number;
  /** A check has something to say about this state. Called before the state is committed. */
  note(leaf: number, state: number): void;
  /** An operations leaf breaks a promise. */
  more(leaf: number, state: number): void;
  /** Nothing that drives these lives moves on, and the state is no good end. */
  stuck(lives: number, state: number): void;
  flush(): void;
}

/** The clusters in the order of the walk: derived values from 0 on, then checks, then operations up to `end`. */
export interface Plan {
  readonly checks: number;
  readonly ops: number;
  readonly end: number;
}

/** Expands states `next` up to `end`, which lie in `words` from `at` on; gives the first one not done. */
export type Drive = (next: number, end: number, words: Int32Array, at: number) => number;

/** Where in an operations leaf what is. */
export const LEAF = { counter: 0, moves: 1, more: 2, successors: 3, first: 4 } as const;
/** In the flags of a checks leaf: it has something to say. */
export const NOTED = 1 << 30;

const each = (n: number, text: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => text(i)).join('');

/** Walks the tree of cluster `c`; `p` is its leaf then. */
const WALK = `
        let p = R[c];
        while (p > 0) { const d = T[p], e = T[p + 1]; p = T[p + 2 + ((S[d & 31] >>> (d >>> 5)) & (d >>> 10)) + ((S[e & 31] >>> (e >>> 5)) & (e >>> 10))]; }
        if (p === 0) { p = E.miss(c, n); if (E.redo) { E.fill = k; return n; } T = E.flat.words; A = E.data; C = E.counts; }`;

/**
 * Writes the loop. Its text depends on numbers only: word widths, bit places, counts of clusters. Clusters
 * are walked by short inner loops and not one after the other: a text of many thousand lines takes longer
 * to compile than a world of a hundred thousand states takes to explore.
 */
export function driverFor(engine: Engine, layout: Layout, plan: Plan, limit: number): Drive {
  const { width, total } = layout;
  const text = `
  const L = new Int32Array(${plan.end});
  return function drive(next, end, words, at) {
    const S = E.S, R = E.roots, B = E.buffer;
    let T = E.flat.words, A = E.data, C = E.counts, k = E.fill;
    ${engine.scans.map((_, i) => `let F${i} = E.scans[${i}].table;`).join(' ')}
    for (let n = next; n < end; n++, at += ${width}) {
      ${each(width, i => `const w${i} = words[at + ${i}]; S[${i}] = w${i};`)}
      ${each(total - width, i => `S[${width + i}] = 0;`)}
      ${engine.scans.map((scan, i) => scanText(scan, i, layout)).join('')}
      for (let c = 0; c < ${plan.checks}; c++) {${WALK}
        ${each(total - width, j => `S[${width + j}] |= A[${j} - p];`)}
      }
      let bad = 0;
      for (let c = ${plan.checks}; c < ${plan.ops}; c++) {${WALK}
        const f = A[-p];
        if (f !== 0) { bad |= f & ${NOTED - 1}; if (f >= ${NOTED}) E.note(-p, n); }
      }
      for (let c = ${plan.ops}; c < ${plan.end}; c++) {${WALK}
        L[c] = -p;
      }
      // From here on nothing can fail: the state is committed.
      let moved = 0;
      for (let c = ${plan.ops}; c < ${plan.end}; c++) {
        const p = L[c];
        C[A[p]]++;
        moved |= A[p + ${LEAF.moves}];
        if (A[p + ${LEAF.more}] !== 0) E.more(p, n);
        for (let j = A[p + ${LEAF.successors}], f = p + ${LEAF.first}; j > 0; j--, f += ${width}, k += ${width}) {
          ${each(width, w => `B[k + ${w}] = w${w} ^ A[f + ${w}];`)}
        }
      }
      if ((bad & ~moved) !== 0) E.stuck(bad & ~moved, n);
      if (k > ${limit}) { E.fill = k; E.flush(); k = 0; }
      if (E.stop) { E.fill = k; return n + 1; }
    }
    E.fill = k;
    return end;
  };`;
  return new Function('E', text)(engine) as Drive;
}

function scanText(scan: Scan, i: number, layout: Layout): string {
  const codeText = (slot: number): string => {
    const e = layout.base[scan.field.first + slot]!;
    return e.bits === 0 ? '0' : `((S[${e.word}] >>> ${e.shift}) & ${(1 << e.bits) - 1})`;
  };
  const step = (from: string, to: string, slot: number): string => `
      const ${to}c = ${codeText(slot)};
      let ${to} = F${i}[${from} * ${scan.stride} + ${scan.offsets[slot]} + ${to}c];
      if (${to} === 0) { ${to} = E.missStep(${i}, ${from}, ${slot}, ${to}c, n); if (E.redo) { E.fill = k; return n; } F${i} = E.scans[${i}].table; }`;
  const results = (variant: number, acc: string): string => `
      let ${acc}m = E.scans[${i}].variants[${variant}].at[${acc}];
      if (${acc}m === 0) { ${acc}m = E.missResults(${i}, ${variant}, ${acc}, n); if (E.redo) { E.fill = k; return n; } A = E.data; }
      ${each(layout.total - layout.width, j => `S[${layout.width + j}] |= A[${acc}m + ${j}];`)}`;
  const count = scan.field.count;
  let text = `
      const a${i}_0 = ${scan.start};`;
  for (let slot = 0; slot < count; slot++) text += step(`a${i}_${slot}`, `a${i}_${slot + 1}`, slot);
  scan.variants.forEach((v, at) => {
    const left = new Set(v.without);
    let acc = `a${i}_${Math.min(count, ...v.without)}`;
    if (left.size > 0) {
      for (let slot = Math.min(...v.without) + 1; slot < count; slot++) {
        if (left.has(slot)) continue;
        const next = `b${i}_${at}_${slot}`;
        text += step(acc, next, slot);
        acc = next;
      }
    }
    const end = `e${i}_${at}`;
    text += `
      const ${end} = ${acc};${results(at, end)}`;
  });
  return text;
}
