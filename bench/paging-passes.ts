// Which calls on a page table of impl/paging are measured, in which order of pages?

import { RESERVED, TableArena } from '../impl/paging/arena.js';
import type { Format } from '../impl/paging/format.js';
import { Layout } from '../impl/paging/layout.js';
import { newPageTable } from '../impl/paging/specialise.js';
import type { PageTable } from '../impl/paging/table.js';
import { bestOf, sequential, shuffled } from './sequences.js';
import type { Case, Sample } from './side-by-side.js';

export interface PagingCase extends Case {
  /** The name of the case in bench/c/paging-bench.c. */
  readonly c: string;
  readonly what: 'map' | 'unmap' | 'walk' | 'number' | 'dependent';
  /** Pages per call. */
  readonly pages: number;
  readonly random: boolean;
}

// Beyond 2^31, as the IOVA of a large guest is. Large leaves lie elsewhere, because tables of small ones stay.
const IOVA = 0x800000000;
const IOVA_LARGE = 0x900000000;
const OUTPUT = 0x200000;
const WORD = 2 ** 32;

export interface Pages {
  readonly iova: Float64Array;
  /** High and low word of each input page and of the output page that it gets. */
  readonly iovaWords: Int32Array;
  readonly outWords: Int32Array;
}

const words = (pages: Float64Array): Int32Array =>
  Int32Array.from({ length: 2 * pages.length }, (_, i) =>
    i % 2 === 0 ? Math.floor(pages[i >> 1] / WORD) : pages[i >> 1] | 0,
  );

export function pagesOf(which: PagingCase, calls: number, from: number): Pages {
  const key = `${which.random} ${which.what === 'dependent'} ${which.pages} ${calls} ${from}`;
  if (key === latest?.key) return latest.pages;
  latest = { key, pages: newPages(which, calls, from) };
  return latest.pages;
}

/** Ten million of them take seconds to make, and several cases in a row need the same. */
let latest: { readonly key: string; readonly pages: Pages } | null = null;

function newPages(which: PagingCase, calls: number, from: number): Pages {
  const order = which.random ? shuffled(calls) : sequential(calls);
  const start = from + (which.pages >= 512 ? IOVA_LARGE - IOVA : 0);
  const iova = Float64Array.from(order, unit => start + unit * which.pages);
  const out = Float64Array.from(order, (unit, i) =>
    which.what === 'dependent' ? OUTPUT + order[(i + 1) % calls] : OUTPUT + unit * which.pages,
  );
  return { iova, iovaWords: words(iova), outWords: words(out) };
}

type Pass = (table: PageTable, pages: Pages, from: number, to: number) => number;

/** A loop that is entered once and never left is compiled while it runs, which V8 does less well. */
const CHUNK = 1000;

/**
 * The loops. Each case on each table has its own, made as text: so every call has one kind of table, as call sites of a
 * driver have, and a count and a shift that are constants, as they are in C.
 */
function loopOf(what: PagingCase['what'], count: number, table: PageTable, from: number): string {
  const { entryShift: shift, addressMask: mask } = table.layout;
  const each = 'for (let i = 2 * from; i < 2 * to; i += 2)';
  const input = 'iovaWords[i], iovaWords[i + 1]';
  switch (what) {
    case 'map':
      return `${each} sum += table.mapWords(${input}, outWords[i], outWords[i + 1], ${count}, 3) + 1;`;
    case 'unmap':
      return `${each} sum += table.unmapWords(${input}, ${count});`;
    case 'number':
      return 'for (let i = from; i < to; i++) sum += table.walk(iova[i]);';
    case 'walk':
      return `${each} {
        const entry = table.walkWords(${input});
        sum += (found[0] & ${mask}) * ${2 ** (32 - shift)} + (entry >>> ${shift});
      }`;
    case 'dependent':
      return `let at = last;
      ${each} {
        const entry = table.walkWords(${Math.floor(from / WORD)}, (${from | 0} + at) | 0);
        at = ((found[0] << ${32 - shift}) | (entry >>> ${shift})) - ${OUTPUT};
        sum += at;
      }
      last = at;`;
  }
}

/** One function for all loops: where many are called, V8 takes none in, and each is compiled by itself. */
function inChunks(pass: Pass, table: PageTable, pages: Pages, calls: number): number {
  let sum = 0;
  for (let at = 0; at < calls; at += CHUNK) sum += pass(table, pages, at, Math.min(at + CHUNK, calls));
  return sum;
}

const passes = new WeakMap<PageTable, Map<string, Pass>>();
let made = 0;

function passFor(table: PageTable, what: PagingCase['what'], count: number, from: number): Pass {
  const known = passes.get(table) ?? new Map<string, Pass>();
  passes.set(table, known);
  const key = `${what} ${count}`;
  const pass =
    known.get(key) ??
    (new Function(`let last = 0; return (table, { iova, iovaWords, outWords }, from, to) => { // ${++made}
      if (from === 0) last = 0;
      const found = table.arena.found;
      let sum = 0;
      ${loopOf(what, count, table, from)}
      return sum;
    };`)() as Pass);
  known.set(key, pass);
  return pass;
}

/** Measures one case on a table; what was there before is there after it. */
export function measure(
  table: PageTable,
  which: PagingCase,
  calls: number,
  times: number,
  from = IOVA,
): Sample {
  const pages = pagesOf(which, calls, from);
  const pass = (what: PagingCase['what']) => passFor(table, what, which.pages, from);
  const whole = (what: PagingCase['what']): number => inChunks(pass(what), table, pages, calls);
  const fill = () => void whole('map');
  const empty = () => void whole('unmap');
  const walking = which.what !== 'map' && which.what !== 'unmap';
  if (walking) fill();
  const best = bestOf(times, {
    ...(which.what === 'unmap' ? { before: fill } : {}),
    run: () => whole(which.what),
    ...(which.what === 'map' ? { after: empty } : {}),
  });
  if (walking) empty();
  return { ns: best.ns / calls, check: `${best.result}` };
}

/** A table with room for `pages` mapped pages, one by one. */
export function tableFor(format: Format, pages: number): PageTable {
  const { pageShift } = format;
  const tables = Math.ceil(pages / 2 ** (pageShift - 3)) * 2 + 64 + RESERVED;
  const arena = new TableArena({ pages: 2 ** Math.ceil(Math.log2(tables)), pageShift });
  const table = newPageTable(arena, new Layout(format));
  if (typeof table === 'number') throw new Error('an empty arena has a page');
  return table;
}
