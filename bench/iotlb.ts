// What do a hit, a miss and the invalidation of a domain cost in the IOTLB, beside the same in plain C?

import { Translator } from '../impl/iotlb/translator.js';
import { PageArena } from '../impl/radix/arena.js';
import { startC } from './compile-c.js';
import type { BenchOptions } from './radix.js';
import { bestOf, shuffled } from './sequences.js';
import { type Case, type Contender, printRows, type Sample, sideBySide } from './side-by-side.js';

type What = 'hit' | 'miss' | 'domain';

interface IotlbCase extends Case {
  readonly what: What;
}

const CASES: readonly IotlbCase[] = [
  { name: 'hit: ring of 200 pages, 256 x 4', what: 'hit', goal: '1.25' },
  { name: 'miss: 1e5 pages in random order, 64 x 4', what: 'miss', goal: '2.0' },
  { name: 'invalidate a domain', what: 'domain' },
];

const DOMAINS = 4;
const PAGES = 100_000;
const IOVA = 0x800000000;
const OUTPUT = 0x200000;

/** Every domain maps the same pages through a table of its own. */
function newTranslator(sets: number): Translator {
  const iommu = new Translator({ arena: new PageArena({ pages: 1024 }), domains: DOMAINS, sets });
  for (let domain = 0; domain < DOMAINS; domain++) {
    if (iommu.create(domain) !== 0) throw new Error('the arena is too small');
    // One call per page, so that all leaves are 4K.
    for (let page = 0; page < PAGES; page++) iommu.map(domain, IOVA + page, OUTPUT + page, 1, 3);
  }
  return iommu;
}

function traceOf(what: What, size: number): Uint32Array {
  const order = what === 'miss' ? shuffled(PAGES) : null;
  return Uint32Array.from({ length: size }, (_, i) => (order === null ? i % 200 : order[i % PAGES]));
}

function translateAll(iommu: Translator, trace: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < trace.length; i++) sum += iommu.translate(i & 3, IOVA + trace[i], 1);
  return sum;
}

function invalidateAll(iommu: Translator, times: number): number {
  for (let i = 0; i < times; i++) iommu.tlb.invalidateDomain(i & 3);
  return 0;
}

function measure(iommu: Translator, what: What, size: number, passes: number): Sample {
  const trace = traceOf(what, size);
  const run = () => (what === 'domain' ? invalidateAll(iommu, size) : translateAll(iommu, trace));
  // Every measurement begins with an empty IOTLB and one pass that fills it, in C as here.
  iommu.tlb.flush();
  iommu.tlb.resetCounts();
  run();
  const best = bestOf(passes, { run });
  return { ns: best.ns / size, check: `${best.result}/${iommu.tlb.hits}/${iommu.tlb.misses}` };
}

export async function run(print: (line: string) => void, options: BenchOptions): Promise<void> {
  const size = options.quick ? 2 ** 17 : 2 ** 20;
  const passes = options.quick ? 3 : 8;
  const large = newTranslator(256);
  const small = newTranslator(64);
  const contenders: Contender<IotlbCase>[] = [
    { name: 'TS', measure: ({ what }) => measure(what === 'hit' ? large : small, what, size, passes) },
  ];
  const peer = startC(['radix.c', 'iotlb-bench.c']);
  if (peer === null) print('No C compiler here: the C column is missing.');
  else contenders.push({ name: 'C', measure: ({ what }) => peer.measure(what, size, passes) });
  try {
    print(`IOTLB, ${size} accesses of ${DOMAINS} domains, ${options.rounds} rounds`);
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
