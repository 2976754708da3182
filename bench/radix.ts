// What do map, unmap and walk of the radix page table cost, beside the same in plain C?

import { FOUND_HIGH, PageArena } from '../impl/radix/arena.js';
import { RadixTable } from '../impl/radix/table.js';
import { startC } from './compile-c.js';
import { bestOf, sequential, shuffled } from './sequences.js';
import { type Case, type Contender, printRows, type Sample, sideBySide } from './side-by-side.js';

export interface BenchOptions {
  readonly rounds: number;
  readonly quick: boolean;
}

interface RadixCase extends Case {
  /** The name of the case in bench/c/radix-bench.c. */
  readonly c: string;
  readonly what: 'map' | 'unmap' | 'walk' | 'walkEntry';
  /** Pages per call. */
  readonly pages: number;
  readonly random: boolean;
}

const CASES: readonly RadixCase[] = [
  { name: 'map 4K, sequential', c: 'm4s', what: 'map', pages: 1, random: false, goal: '1.3' },
  { name: 'unmap 4K, sequential', c: 'u4s', what: 'unmap', pages: 1, random: false, goal: '1.2' },
  { name: 'walk 4K, sequential, as number', c: 'w4s', what: 'walk', pages: 1, random: false, goal: '2.1' },
  {
    name: 'walk 4K, sequential, as words',
    c: 'w4s',
    what: 'walkEntry',
    pages: 1,
    random: false,
    goal: '1.6',
  },
  { name: 'map 4K, random', c: 'm4r', what: 'map', pages: 1, random: true },
  { name: 'unmap 4K, random', c: 'u4r', what: 'unmap', pages: 1, random: true },
  { name: 'walk 4K, random, as number', c: 'w4r', what: 'walk', pages: 1, random: true },
  { name: 'walk 4K, random, as words', c: 'w4r', what: 'walkEntry', pages: 1, random: true },
  { name: 'map 256 x 4K', c: 'mrs', what: 'map', pages: 256, random: false, goal: '3.5' },
  { name: 'unmap 256 x 4K', c: 'urs', what: 'unmap', pages: 256, random: false, goal: '3.0' },
  { name: 'map 2M', c: 'm2s', what: 'map', pages: 512, random: false, goal: '1.3' },
  { name: 'unmap 2M', c: 'u2s', what: 'unmap', pages: 512, random: false, goal: '1.2' },
  { name: 'walk 2M, as number', c: 'w2s', what: 'walk', pages: 512, random: false },
];

// Beyond 2^31, as the IOVA of a large guest is: numbers that V8 cannot keep as small integers.
const IOVA = 0x800000000;
const SHIFT = IOVA - 0x200000;

/** `words` are the page numbers again, as high and low words. */
type Pass = (table: RadixTable, iova: Float64Array, pages: number, words: Uint32Array) => number;

const HIGH_SLOT = FOUND_HIGH;

const mapAll: Pass = (table, iova, pages) => {
  let sum = 0;
  for (let i = 0; i < iova.length; i++) sum += table.map(iova[i], iova[i] - SHIFT, pages, 3) + 1;
  return sum;
};

const unmapAll: Pass = (table, iova, pages) => {
  let sum = 0;
  for (let i = 0; i < iova.length; i++) sum += table.unmap(iova[i], pages);
  return sum;
};

const walkAll: Pass = (table, iova) => {
  let sum = 0;
  for (let i = 0; i < iova.length; i++) sum += table.walk(iova[i]);
  return sum;
};

const walkAllEntries: Pass = (table, _iova, _pages, words) => {
  const found = table.arena.found;
  let sum = 0;
  for (let i = 0; i < words.length; i += 2) {
    const entry = table.walkEntry(words[i], words[i + 1]);
    sum += found[HIGH_SLOT] * 2 ** 20 + (entry >>> 12);
  }
  return sum;
};

const PASSES = { map: mapAll, unmap: unmapAll, walk: walkAll, walkEntry: walkAllEntries };

/** Calls per pass: 1e5 pages, in whole calls; 2M leaves need no more tables than that either. */
function callsOf(which: RadixCase, quick: boolean): number {
  const pages = quick ? 20_000 : 100_000;
  return which.pages === 256 ? Math.floor(pages / 256) : pages;
}

function measure(table: RadixTable, which: RadixCase, calls: number, passes: number): Sample {
  const { what, pages } = which;
  const order = which.random ? shuffled(calls) : sequential(calls);
  const iova = Float64Array.from(order, unit => IOVA + unit * pages);
  const words = new Uint32Array(2 * calls);
  iova.forEach((pfn, i) => {
    words.set([Math.floor(pfn / 2 ** 32), pfn % 2 ** 32], 2 * i);
  });
  const fill = () => void mapAll(table, iova, pages, words);
  const empty = () => void unmapAll(table, iova, pages, words);
  const run = () => PASSES[what](table, iova, pages, words);
  const walking = what === 'walk' || what === 'walkEntry';
  if (walking) fill();
  const best = bestOf(passes, {
    ...(what === 'unmap' ? { before: fill } : {}),
    run,
    ...(what === 'map' ? { after: empty } : {}),
  });
  if (walking) empty();
  return { ns: best.ns / calls, check: `${best.result}/${table.arena.tablePagesInUse}` };
}

function newTable(): RadixTable {
  const table = RadixTable.create(new PageArena({ pages: 2048, baseFrame: 0x100000 }));
  if (typeof table === 'number') throw new Error('an empty arena has a page');
  return table;
}

export async function run(print: (line: string) => void, options: BenchOptions): Promise<void> {
  const passes = options.quick ? 5 : 12;
  const table = newTable();
  const contenders: Contender<RadixCase>[] = [
    { name: 'TS', measure: which => measure(table, which, callsOf(which, options.quick), passes) },
  ];
  const peer = startC(['radix.c', 'radix-bench.c']);
  if (peer === null) print('No C compiler here: the C column is missing.');
  else {
    const measureC = (which: RadixCase) => peer.measure(which.c, callsOf(which, options.quick), passes);
    contenders.push({ name: 'C', measure: measureC });
  }
  try {
    print(`Radix page table, ${options.quick ? '2e4' : '1e5'} leaves, ${options.rounds} rounds`);
    const rows = await sideBySide(CASES, contenders, options.rounds);
    printRows(
      print,
      contenders.map(contender => contender.name),
      rows,
    );
  } finally {
    peer?.close();
  }
}
