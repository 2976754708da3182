// What do a hit, a miss and the invalidation of a domain cost in the tagged IOTLB, beside the same in plain C?

import { newUnit, type TranslationUnit } from '../impl/iotlb/unit.js';
import { RESERVED, TableArena } from '../impl/paging/arena.js';
import { vtdSecondStage } from '../impl/paging/formats.js';
import { Layout } from '../impl/paging/layout.js';
import { newPageTable } from '../impl/paging/specialise.js';
import { startC } from './compile-c.js';
import { bestOf, shuffled } from './sequences.js';
import type { BenchOptions } from './side-by-side.js';
import { type Case, type Contender, median, printRows, type Sample, sideBySide } from './side-by-side.js';

type What = 'hit' | 'miss' | 'domain' | 'scan';

interface TaggedCase extends Case {
  readonly what: What;
}

const CASES: readonly TaggedCase[] = [
  { name: 'hit: ring of 200 pages, 256 x 4', what: 'hit', goal: '1.25' },
  { name: 'miss: 1e5 pages in random order, 64 x 4', what: 'miss', goal: '2.0' },
  { name: 'invalidate a domain, 64 x 4', what: 'domain' },
];

const DOMAINS = 4;
const PAGES = 100_000;
const IOVA = 0x800000000;
const OUTPUT = 0x200000;
const WORD = 2 ** 32;

/** Every domain maps the same pages through a table of its own. */
function newDomains(sets: number): TranslationUnit {
  const unit = newUnit({ sets, domains: DOMAINS });
  const arena = new TableArena({ pages: 2048 + RESERVED });
  const layout = new Layout(vtdSecondStage(3));
  for (let domain = 0; domain < DOMAINS; domain++) {
    const table = newPageTable(arena, layout);
    if (typeof table === 'number') throw new Error('the arena is too small');
    unit.attach(domain, table);
    // One call per page, so that all leaves are 4K.
    for (let page = 0; page < PAGES; page++) table.map(IOVA + page, OUTPUT + page, 1, 3);
  }
  return unit;
}

const traceOf = (what: What, size: number): Int32Array => {
  const order = what === 'miss' ? shuffled(PAGES) : null;
  return Int32Array.from(
    { length: size },
    (_, i) => (IOVA + (order === null ? i % 200 : order[i % PAGES])) | 0,
  );
};

let made = 0;

/** A loop of its own for each unit, as each program has its own. */
function loopFor(unit: TranslationUnit): (trace: Int32Array) => number {
  const part = new Function(
    'given',
    `const unit = given; // ${++made}
    const words = unit.tlb.words;
    return (trace, from, to) => {
      let sum = 0;
      for (let i = from; i < to; i++) {
        const way = unit.translate(i & 3, ${Math.floor(IOVA / WORD)}, trace[i], 1);
        sum += (words[way + 8] & 0xfff) * ${WORD} + words[way + 12];
      }
      return sum;
    };`,
  )(unit) as (trace: Int32Array, from: number, to: number) => number;
  // A loop that is entered once and never left is compiled while it runs, which V8 does less well.
  return trace => {
    let sum = 0;
    for (let at = 0; at < trace.length; at += 1024) sum += part(trace, at, at + 1024);
    return sum;
  };
}

function invalidateAll(unit: TranslationUnit, times: number): number {
  for (let i = 0; i < times; i++) unit.tlb.invalidateDomain(i & 3);
  return 0;
}

interface Contest {
  readonly unit: TranslationUnit;
  readonly loop: (trace: Int32Array) => number;
}

function measure({ unit, loop }: Contest, what: What, size: number, passes: number): Sample {
  const trace = traceOf(what, size);
  const run = () => (what === 'domain' ? invalidateAll(unit, size) : loop(trace));
  // Every measurement begins with an empty IOTLB and one pass that fills it, in C as here; the same ways are filled.
  unit.tlb.flush();
  unit.tlb.nextWay.fill(0);
  unit.tlb.resetCounts();
  run();
  const best = bestOf(passes, { run });
  return { ns: best.ns / size, check: `${best.result}/${unit.tlb.hits}/${unit.tlb.misses}` };
}

/** By stamps, at three sizes, against a look at every entry at the largest. */
function invalidations(print: (line: string) => void, rounds: number): void {
  const sizes = [64, 256, 1024] as const;
  const units = sizes.map(sets => newUnit({ sets, domains: DOMAINS }));
  const times = 20_000;
  const ns: number[][] = [[], [], [], []];
  for (let round = 0; round <= 2 * rounds; round++) {
    for (const [i, unit] of units.entries())
      ns[i].push(bestOf(3, { run: () => invalidateAll(unit, times) }).ns / times);
    const largest = units[2];
    // A range that is too large for lookups is invalidated by a look at every entry.
    const run = () => {
      for (let i = 0; i < 200; i++) largest.tlb.invalidate(i & 3, 0, 2 ** 40);
      return 0;
    };
    largest.tlb.fill(0, 0, 0, 0, 0, 0, 3);
    ns[3].push(bestOf(3, { run }).ns / 200);
  }
  const all = ns.map(values => median(values.slice(1)));
  for (const [i, sets] of sizes.entries())
    print(
      `invalidate a domain, ${sets} x 4: ${all[i].toFixed(2)} ns, 1/${Math.round(all[3] / all[i])} of a scan at 1024 x 4`,
    );
}

export async function run(print: (line: string) => void, options: BenchOptions): Promise<void> {
  // Short passes and many: on a machine with other work, only some of them are not interrupted.
  const size = 2 ** 17;
  const passes = options.quick ? 10 : 60;
  const [large, small] = [newDomains(256), newDomains(64)].map(unit => ({ unit, loop: loopFor(unit) }));
  const contenders: Contender<TaggedCase>[] = [
    { name: 'TS', measure: ({ what }) => measure(what === 'hit' ? large : small, what, size, passes) },
  ];
  const peer = startC(['paging.c', 'tagged-bench.c']);
  if (peer === null) print('No C compiler here: the C column is missing.');
  else contenders.push({ name: 'C', measure: ({ what }) => peer.measure(what, size, passes) });
  try {
    print(`Tagged IOTLB, ${size} accesses of ${DOMAINS} domains, ${options.rounds} rounds`);
    const rows = await sideBySide(CASES, contenders, options.rounds);
    printRows(
      print,
      contenders.map(contender => contender.name),
      rows,
    );
    if (peer !== null)
      print(`a scan at 1024 x 4 in C: ${(await peer.measure('scan', 2000, 3)).ns.toFixed(0)} ns`);
    invalidations(print, options.rounds);
  } finally {
    peer?.close();
  }
}
