// What do put, get, batches and clear of TCE tables cost, beside the same in plain C with one call per operation?

import { TceArena } from '../impl/tce/arena.js';
import { FOUND_HI } from '../impl/tce/format.js';
import { newTable } from '../impl/tce/kinds.js';
import type { TceTable } from '../impl/tce/table.js';
import { startC } from './compile-c.js';
import { bestOf, shuffled } from './sequences.js';
import { type Case, type Contender, printRows, type Sample, sideBySide } from './side-by-side.js';

interface Options {
  readonly rounds: number;
  readonly quick: boolean;
}

interface TceCase extends Case {
  /** The name of the case in bench/c/tce-bench.c. */
  readonly c: string;
  readonly run: Pass;
  readonly levels: number;
}

const BATCH = 512;
const HIGH_SLOT = FOUND_HI;
const FIRST = 0x80000;
/** The values: 4K pages from 2 GiB on, so that high words are not all zero. */
const high = (index: number): number => (index + FIRST) >>> 20;
const low = (index: number): number => ((index + FIRST) << 12) | 3;

const list = new Int32Array(2 * BATCH);
for (let i = 0; i < BATCH; i++) list.set([high(i), low(i)], 2 * i);

// One function for each kind of table: a call site that has met one class is what a user of one window has. In sequence
// the index is the counter of the loop, as in the C.

type Pass = (table: TceTable, entries: number) => number;

const put1: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i < entries; i++) sum += table.put(i, high(i), low(i));
  return sum;
};

const get1: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i < entries; i++) sum += table.get(i);
  return sum;
};

const words1: Pass = (table, entries) => {
  const { found } = table.arena;
  let lows = 0;
  let highs = 0;
  for (let i = 0; i < entries; i++) {
    lows = (lows + table.read(i)) | 0;
    highs = (highs + found[HIGH_SLOT]) | 0;
  }
  return (highs >>> 0) * 2 ** 32 + (lows >>> 0);
};

const put2: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i < entries; i++) sum += table.put(i, high(i), low(i));
  return sum;
};

const get2: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i < entries; i++) sum += table.get(i);
  return sum;
};

const put4: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i < entries; i++) sum += table.put(i, high(i), low(i));
  return sum;
};

const get4: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i < entries; i++) sum += table.get(i);
  return sum;
};

const putRandom: Pass = (table, entries) => {
  const order = orderOf(entries);
  let sum = 0;
  for (let i = 0; i < order.length; i++) {
    const index = order[i];
    sum += table.put(index, high(index), low(index));
  }
  return sum;
};

const getRandom: Pass = (table, entries) => {
  const order = orderOf(entries);
  let sum = 0;
  for (let i = 0; i < order.length; i++) sum += table.get(order[i]);
  return sum;
};

const fillAll: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i + BATCH <= entries; i += BATCH) sum += table.fill(i, BATCH, high(i), low(i));
  return sum;
};

const listAll: Pass = (table, entries) => {
  let sum = 0;
  for (let i = 0; i + BATCH <= entries; i += BATCH) sum += table.putWords(i, BATCH, list);
  return sum;
};

const orders = new Map<number, Int32Array>();

/** Signed, as indices are: an unsigned element may be no small integer, which makes a double of every index. */
function orderOf(entries: number): Int32Array {
  let order = orders.get(entries);
  if (order === undefined) {
    order = Int32Array.from(shuffled(entries));
    orders.set(entries, order);
  }
  return order;
}

const CASES: readonly TceCase[] = [
  { name: 'put, linear', c: 'p1s', run: put1, levels: 1, goal: '1.1' },
  { name: 'get, linear, as number', c: 'g1s', run: get1, levels: 1, goal: '1.3' },
  { name: 'get, linear, as words', c: 'w1s', run: words1, levels: 1 },
  { name: 'put, linear, random', c: 'p1r', run: putRandom, levels: 1 },
  { name: 'get, linear, random', c: 'g1r', run: getRandom, levels: 1 },
  { name: 'put, two levels', c: 'p2s', run: put2, levels: 2, goal: '1.5' },
  { name: 'get, two levels', c: 'g2s', run: get2, levels: 2, goal: '1.5' },
  { name: 'put, four levels', c: 'p4s', run: put4, levels: 4 },
  { name: 'get, four levels', c: 'g4s', run: get4, levels: 4 },
  { name: 'stuff 512', c: 'f1s', run: fillAll, levels: 1 },
  { name: 'indirect 512', c: 'l1s', run: listAll, levels: 1 },
];

const ENTRIES_SHIFT = 24;
const LEVEL_SHIFTS = [0, ENTRIES_SHIFT, 13, 0, 9];

function tableOf(arena: TceArena, levels: number, levelShift: number, entriesShift: number): TceTable {
  const table = newTable(arena, { levels, levelShift, entriesShift });
  if (typeof table === 'number') throw new Error('the arena of the bench is too small');
  return table;
}

function measure(table: TceTable, which: TceCase, entries: number, passes: number): Sample {
  for (let i = 0; i < entries; i++) table.put(i, high(i), low(i));
  // To their ends, so that the machine code knows what follows the loop and is not thrown away there.
  for (let i = 0; i < 500; i++) which.run(table, BATCH);
  const best = bestOf(passes, { run: () => which.run(table, entries) });
  return { ns: best.ns / entries, check: String(best.result) };
}

interface ClearCase extends Case {
  readonly mapped: number;
}

const CLEARS: readonly ClearCase[] = [16, 64, 256].map(mapped => ({ name: `${mapped} mapped`, mapped }));
const SPARSE_SHIFT = 30;

function measureClear(arena: TceArena, { mapped }: ClearCase, passes: number): Sample {
  const table = tableOf(arena, 2, 15, SPARSE_SHIFT);
  const stride = 2 ** SPARSE_SHIFT / mapped;
  const best = bestOf(passes, {
    before: () => {
      for (let n = 0; n < mapped; n++) table.put(n * stride, high(n), low(n));
    },
    run: () => table.clear(0, table.size),
  });
  const check = String(table.get(stride));
  table.destroy();
  return { ns: best.ns, check };
}

export async function run(print: (line: string) => void, options: Options): Promise<void> {
  const passes = options.quick ? 10 : 40;
  const entries = options.quick ? 20_480 : 102_400;
  const arena = new TceArena({ bytes: 2 ** 29 });
  const tables = LEVEL_SHIFTS.map((shift, levels) =>
    shift === 0 ? null : tableOf(arena, levels, shift, ENTRIES_SHIFT),
  );
  const put: Contender<TceCase>[] = [
    { name: 'TS', measure: which => measure(tables[which.levels]!, which, entries, passes) },
  ];
  const clear: Contender<ClearCase>[] = [
    { name: 'TS', measure: which => measureClear(arena, which, passes) },
  ];
  const peer = startC(['tce.c', 'tce-bench.c']);
  if (peer === null) print('No C compiler here: the C column is missing.');
  else {
    put.push({ name: 'C', measure: which => peer.measure(which.c, entries, passes) });
    clear.push({ name: 'C', measure: which => peer.measure('c', which.mapped, passes) });
  }
  const names = put.map(contender => contender.name);
  try {
    print(`TCE tables, ${entries} entries, one call per operation in C, ${options.rounds} rounds`);
    printRows(print, names, await sideBySide(CASES, put, options.rounds));
    print('');
    print('Clear of a whole table of 2^30 entries in two levels, nanoseconds per clear');
    printRows(print, names, await sideBySide(CLEARS, clear, options.rounds));
  } finally {
    peer?.close();
  }
}
