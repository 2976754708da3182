// What do map, unmap and walk of the page table engine cost, beside the same in plain C, and by format?

import { arm } from '../impl/paging/arm.js';
import type { Format } from '../impl/paging/format.js';
import * as formats from '../impl/paging/formats.js';
import { type CPeer, startC } from './compile-c.js';
import { measure, type PagingCase, tableFor } from './paging-passes.js';
import type { BenchOptions } from './side-by-side.js';
import { type Contender, printRows, sideBySide } from './side-by-side.js';

const one = { pages: 1, random: false } as const;

const CASES: readonly PagingCase[] = [
  { name: 'map 4K, sequential', c: 'm4s', what: 'map', ...one, goal: '1.3' },
  { name: 'unmap 4K, sequential', c: 'u4s', what: 'unmap', ...one, goal: '1.2' },
  { name: 'walk 4K, sequential, as words', c: 'w4s', what: 'walk', ...one, goal: '1.6' },
  { name: 'walk 4K, sequential, as number', c: 'w4s', what: 'number', ...one },
  { name: 'map 4K, random', c: 'm4r', what: 'map', pages: 1, random: true },
  { name: 'unmap 4K, random', c: 'u4r', what: 'unmap', pages: 1, random: true },
  { name: 'walk 4K, random, as words', c: 'w4r', what: 'walk', pages: 1, random: true },
  { name: 'map 256 x 4K', c: 'mrs', what: 'map', pages: 256, random: false, goal: '0.9' },
  { name: 'unmap 256 x 4K', c: 'urs', what: 'unmap', pages: 256, random: false, goal: '1.3' },
  { name: 'map 2M', c: 'm2s', what: 'map', pages: 512, random: false, goal: '1.3' },
  { name: 'unmap 2M', c: 'u2s', what: 'unmap', pages: 512, random: false, goal: '1.2' },
  { name: 'walk 2M, as words', c: 'w2s', what: 'walk', pages: 512, random: false, goal: '2.0' },
];

/** From a thousand pages on, a case for each size: sequential map and unmap, and walks that wait for each other. */
const GROWTH: readonly PagingCase[] = [CASES[0], CASES[1], CASES[2]].concat([
  { name: 'walk 4K, random, dependent', c: 'd4r', what: 'dependent', pages: 1, random: true, goal: '1.1' },
]);

const FORMATS: readonly Format[] = [
  formats.vtdSecondStage(3),
  formats.vtdFirstStage(3),
  formats.amdV1,
  formats.amdV2(3),
  formats.riscv(3),
  arm({ stage: 1, granule: 4, inputBits: 48, outputBits: 48 }),
  arm({ stage: 2, granule: 4, inputBits: 48, outputBits: 48 }),
  arm({ stage: 1, granule: 16, inputBits: 48, outputBits: 48 }),
  arm({ stage: 1, granule: 64, inputBits: 48, outputBits: 48 }),
];

/** In a space of 47 bits with pages of 4K, or of 48 with larger ones, there is no 0x800000000. */
const FROM = 0x40000000;

const callsOf = (which: PagingCase, pages: number): number =>
  which.pages === 256 ? Math.floor(pages / 256) : pages;

async function besideC(
  print: (line: string) => void,
  options: BenchOptions,
  peer: CPeer | null,
): Promise<void> {
  // Many passes: on a machine with other work, only some of them are not interrupted.
  const passes = options.quick ? 60 : 80;
  const pages = options.quick ? 20_000 : 100_000;
  const table = tableFor(formats.vtdSecondStage(3), 200_000);
  const contenders: Contender<PagingCase>[] = [
    { name: 'TS', measure: which => measure(table, which, callsOf(which, pages), passes) },
  ];
  if (peer !== null)
    contenders.push({ name: 'C', measure: which => peer.measure(which.c, callsOf(which, pages), passes) });
  print(`VT-d second stage, ${options.quick ? '2e4' : '1e5'} leaves, ${options.rounds} rounds`);
  printRows(
    print,
    contenders.map(contender => contender.name),
    await sideBySide(CASES, contenders, options.rounds),
  );
}

async function growing(
  print: (line: string) => void,
  options: BenchOptions,
  peer: CPeer | null,
): Promise<void> {
  for (const exponent of options.quick ? [3, 4] : [3, 4, 5, 6, 7]) {
    const pages = 10 ** exponent;
    const passes = Math.max(2, Math.min(2000, Math.floor(3e6 / pages)));
    const table = tableFor(formats.vtdSecondStage(3), pages);
    const contenders: Contender<PagingCase>[] = [
      { name: 'TS', measure: which => measure(table, which, pages, passes) },
    ];
    if (peer !== null) contenders.push({ name: 'C', measure: which => peer.measure(which.c, pages, passes) });
    const rows = await sideBySide(GROWTH, contenders, exponent === 7 ? 1 : options.rounds);
    const bytes = (table.arena.inUse * 4096) / pages;
    print(`\n1e${exponent} pages: ${bytes.toFixed(2)} bytes of tables for each`);
    printRows(
      print,
      contenders.map(contender => contender.name),
      rows,
    );
  }
}

async function byFormat(print: (line: string) => void, options: BenchOptions): Promise<void> {
  const passes = options.quick ? 60 : 80;
  const pages = options.quick ? 20_000 : 100_000;
  // A page per call in every format; what lies above differs from one granule to the other.
  const cases = CASES.filter(which => which.pages === 1 && which.what !== 'number' && !which.random);
  const contenders = FORMATS.map((format): Contender<PagingCase> => {
    const table = tableFor(format, 2 * pages);
    return { name: format.name, measure: which => measure(table, which, pages, passes, FROM) };
  });
  const rows = await sideBySide(cases, contenders, options.rounds);
  print('\nEvery format, a page per call: ns, and against the fastest of the row');
  for (const { name, ns } of rows) {
    const fastest = Math.min(...ns);
    print(name);
    for (const [i, format] of FORMATS.entries())
      print(`  ${format.name.padEnd(34)} ${ns[i].toFixed(2).padStart(6)}  ${(ns[i] / fastest).toFixed(2)}`);
  }
}

export async function run(print: (line: string) => void, options: BenchOptions): Promise<void> {
  const peer = startC(['paging.c', 'paging-bench.c']);
  if (peer === null) print('No C compiler here: the C column is missing.');
  try {
    await besideC(print, options, peer);
    await growing(print, options, peer);
    await byFormat(print, options);
  } finally {
    peer?.close();
  }
}
