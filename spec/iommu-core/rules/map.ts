// What does map put into the table of a domain?
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import type { PolicyValues } from '../policies.js';
import { IN_72, UNTIL_612 } from '../releases.js';
import { smallest } from '../state/page-table.js';
import { mapped } from '../state/page-table-code.js';
import { type Instance, PAGE_BITS, type State, type TableCode } from '../state.js';
import { at, chapterOf, done, OURS, operation, ours, type Rule, type The } from './chapter.js';

type Map = The<'map'>;
type Chosen = PolicyValues;
type Any = Map | The<'unmap'> | The<'iova_to_phys'>;

const MAP = cite('linux-6.1-7.2', 'iommu_map');

export const noDomain = <O extends Any>(op: O['op']): Rule<O> =>
  chapterOf<O>(op).must(
    'no-domain',
    'ENOENT',
    'The domain was not allocated.',
    (s, o) => typeof o.domain === 'number' && !s.domains.has(o.domain),
    OURS,
  );

/** The domain's number, known to be one. */
export const numberOf = (o: Any): number => o.domain as number;
export const instanceFor = (s: State, o: Any): Instance => s.instances[s.domains.get(numberOf(o)).instance]!;
export const isSet = (s: State, o: Any): boolean =>
  typeof o.domain === 'number' && s.domains.get(o.domain).kind === 'paging';

export const pages = (bytes: bigint): number => Number(bytes >> PAGE_BITS);

/** Is every one of these a multiple of the smallest page? */
export const aligned = (instance: Instance, ...values: readonly bigint[]): boolean => {
  const page = BigInt(smallest(instance)) << PAGE_BITS;
  return values.every(v => v % page === 0n);
};

const codeOf = (s: State, o: Any): TableCode => instanceFor(s, o).code;
/** Codes that look at the range in each call of the driver, and not before. */
const callByCall = (s: State, o: Any): boolean => isArm(s, o) || codeOf(s, o) === 'vtd';
const isArm = (s: State, o: Any): boolean => codeOf(s, o) === 'io-pgtable-arm';
export const generic = (s: State, o: Any): boolean => codeOf(s, o) === 'generic-pt';

/** Does the range end beyond what the domain translates? */
export const isWide = (s: State, o: Any, size: bigint): boolean =>
  (o.iova + size) >> PAGE_BITS > BigInt(instanceFor(s, o).limit);

const range = (o: Map) => ({ page: pages(o.iova), frame: pages(o.paddr), pages: pages(o.size) });
const asMapped = (s: State, o: Map, { release }: Chosen, until?: number) =>
  mapped(s, numberOf(o), range(o), { instance: instanceFor(s, o), release }, until);

/** The states after a map for which there was no memory: one for each new leaf that may have needed a table. */
const outOfMemory = (s: State, o: Map, chosen: Chosen): readonly State[] => {
  const { made, is, onto } = asMapped(s, o, chosen);
  if (is === 'into-memory' || made === 0) return [];
  if (onto.length === 0) return [s];
  // What was in the way is gone as far as the call came.
  const after = [-1, ...onto].map(last => {
    const { leaves } = asMapped(s, o, chosen, last + 1);
    return leaves === s.leaves ? s : patch(s, { leaves });
  });
  const states = Array.from({ length: made }, (_, n) => after[onto.filter(at => at < n).length]!);
  return states.every(state => state === s) ? [s] : states;
};

const MEMORY = 1n << 52n;
const GENERIC = cite('linux-7.2', 'generic_pt/iommu_pt.h: map_range');
const ARM = cite('linux-6.1-7.2', 'arm_lpae_map_pages, arm_lpae_init_pte');
const VTD = cite('linux-6.12', 'intel_iommu_map, __domain_mapping');
const AMD = cite('linux-6.12', 'iommu_v1_map_pages');

const { must, ends, mayLeave, mustLeave } = operation('map', MAP);

export const map: readonly Rule<Map>[] = [
  noDomain('map'),
  must(
    'not-paging',
    'EINVAL',
    'The domain is a static one, without a table.',
    (_, o) => typeof o.domain !== 'number',
  ),
  must(
    'no-format',
    'ENODEV',
    'The domain was allocated for a bus and has no page table before its first attach.',
    (s, o) => !isSet(s, o),
    at(
      cite('linux-6.12', 'arm_smmu_map_pages: !pgtbl_ops'),
      cite('linux-6.1', 'arm_smmu_map_pages: !pgtbl_ops'),
    ),
  ),
  must(
    'memory-out-of-range',
    'ERANGE',
    'The code is generic_pt, and the memory begins beyond 52 bits.',
    (s, o) => generic(s, o) && o.paddr >= MEMORY,
    { ...at(GENERIC), ...IN_72 },
  ),
  must(
    'nothing-generic',
    'EINVAL',
    'The code is generic_pt, and the size is 0.',
    (s, o) => generic(s, o) && o.size === 0n,
    { ...at(GENERIC), ...IN_72 },
  ),
  must(
    'misaligned-addresses',
    'ENXIO',
    'The code is generic_pt, and an address is not a multiple of the smallest page of the domain.',
    (s, o) => generic(s, o) && !aligned(instanceFor(s, o), o.iova, o.paddr),
    { ...at(cite('linux-7.2', 'generic_pt/iommu_pt.h: pt_compute_best_pgsize')), ...IN_72 },
  ),
  must(
    'misaligned',
    'EINVAL',
    'An address or the size is not a multiple of the smallest page of the domain.',
    (s, o) => !aligned(instanceFor(s, o), o.iova, o.paddr, o.size),
    at(MAP, ours),
  ),
  ends(
    'nothing',
    'The size is 0: nothing is mapped.',
    s => done(s),
    (_, o) => o.size === 0n,
  ),
  must(
    'out-of-range',
    'ERANGE',
    "The code is generic_pt or AMD's, and the IOVA range is wider than the domain translates.",
    (s, o) => !callByCall(s, o) && isWide(s, o, o.size),
    at(GENERIC, ours),
  ),
  must(
    'into-memory',
    'EINVAL',
    "The code is VT-d's own, and a larger leaf is in the way: the kernel takes the memory behind it for a table.",
    (s, o, chosen) => asMapped(s, o, chosen).is === 'into-memory',
    { ...at(cite('linux-6.12', 'pfn_to_dma_pte'), cite('linux-6.1', 'pfn_to_dma_pte'), ours), ...UNTIL_612 },
  ),
  mayLeave(
    'no-memory',
    'ENOMEM',
    'There is no memory for a table; exactly what this call mapped is unmapped, and what it replaced is gone.',
    outOfMemory,
  ),
  mustLeave(
    'too-wide',
    'EFAULT',
    "The code is VT-d's own, and one call of the driver ends beyond what the domain translates; exactly what this map mapped is unmapped.",
    (s, o, chosen) => [patch(s, { leaves: asMapped(s, o, chosen).leaves })],
    (s, o, chosen) => codeOf(s, o) === 'vtd' && asMapped(s, o, chosen).is === 'beyond',
    { ...at(VTD, cite('linux-6.1', 'intel_iommu_map')), ...UNTIL_612 },
  ),
  mustLeave(
    'beyond',
    'ERANGE',
    "The code is ARM's, and one call of the driver begins beyond the width of the domain, or beyond 48 bits of memory (52 with pages of 64 KiB); exactly what this map mapped is unmapped.",
    (s, o, chosen) => [patch(s, { leaves: asMapped(s, o, chosen).leaves })],
    (s, o, chosen) => isArm(s, o) && asMapped(s, o, chosen).is === 'beyond',
    { ...at(cite('linux-6.1-7.2', 'arm_lpae_map_pages: ERANGE; arm_lpae_restrict_pgsizes')), warned: true },
  ),
  must(
    'in-the-way',
    'EADDRINUSE',
    'The code is generic_pt, and a page of the range is mapped; exactly what this call mapped is unmapped.',
    (s, o, chosen) => generic(s, o) && asMapped(s, o, chosen).is === 'in-the-way',
    { ...at(GENERIC), ...IN_72 },
  ),
  mustLeave(
    'overlaps',
    'EEXIST',
    "The code is ARM's, and a leaf that is no smaller than the new one is in the way; exactly what this call mapped is unmapped.",
    (s, o, chosen) => [patch(s, { leaves: asMapped(s, o, chosen).leaves })],
    (s, o, chosen) => asMapped(s, o, chosen).is === 'in-the-way',
    { ...at(ARM, MAP), warned: true },
  ),
  ends(
    'wraps',
    "An address of the memory is wider than an entry: the range is mapped to what the entry keeps. That is bits 51:12 with AMD's code and generic_pt, bits 47:12 with 51:48 put into 15:12 with ARM's, and 63:12 with VT-d's own, in 6.1 without bit 63.",
    (s, o, chosen) => done(patch(s, { leaves: asMapped(s, o, chosen).leaves })),
    (s, o, chosen) => asMapped(s, o, chosen).wraps,
    at(
      cite('linux-7.2', 'amdv1pt_install_leaf_entry, vtdss_pt_install_leaf_entry: FIELD_PREP'),
      cite('linux-6.1-7.2', 'paddr_to_iopte, iopte_to_paddr'),
      cite('linux-6.12', 'iommu_v1_iova_to_phys: PM_ADDR_MASK; __domain_mapping, dma_pte_addr'),
      cite('linux-6.1', 'iommu_v1_iova_to_phys: PM_ADDR_MASK; __domain_mapping, dma_pte_addr'),
    ),
  ),
  ends(
    'mapped',
    "The range is mapped with the largest pages that divide both addresses and fit. What is in the way of a leaf goes; with VT-d's own code a leaf of the smallest size stays.",
    (s, o, chosen) => done(patch(s, { leaves: asMapped(s, o, chosen).leaves })),
    undefined,
    at(MAP, cite('linux-6.1-7.2', 'iommu_pgsize'), VTD, AMD, ARM),
  ),
];
