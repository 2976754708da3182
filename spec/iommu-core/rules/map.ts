// What does map put into the table of a domain, and what does unmap take out?
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { anyMapped, frameAt, leavesFor, smallest } from '../state/page-table.js';
import { type Instance, PAGE_BITS, type State } from '../state.js';
import { at, chapterOf, done, OURS, operation, type Rule, type The } from './chapter.js';

type Map = The<'map'>;
type Unmap = The<'unmap'>;
type Any = Map | Unmap | The<'iova_to_phys'>;

const MAP = cite('linux', 'iommu_map, __iommu_map');
const UNMAP = cite('linux', 'iommu_unmap, __iommu_unmap');

const noDomain = <O extends Any>(op: O['op']): Rule<O> =>
  chapterOf<O>(op).must(
    'no-domain',
    'ENOENT',
    'The domain was not allocated.',
    (s, o) => typeof o.domain === 'number' && !s.domains.has(o.domain),
    OURS,
  );

/** The domain's number, known to be one. */
const numberOf = (o: Any): number => o.domain as number;
const instanceFor = (s: State, o: Any): Instance => s.instances[s.domains.get(numberOf(o)).instance]!;
const isSet = (s: State, o: Any): boolean =>
  typeof o.domain === 'number' && s.domains.get(o.domain).kind === 'paging';

const pages = (bytes: bigint): number => Number(bytes >> PAGE_BITS);

/** Is every one of these a multiple of the smallest page? */
const aligned = (instance: Instance, ...values: readonly bigint[]): boolean => {
  const page = BigInt(smallest(instance)) << PAGE_BITS;
  return values.every(v => v % page === 0n);
};

const leavesOf = (s: State, o: Map) =>
  leavesFor(instanceFor(s, o), pages(o.iova), pages(o.paddr), pages(o.size));

const { must, may, ends } = operation('map', MAP);

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
    'The domain was allocated for a bus and has no page sizes before its first attach.',
    (s, o) => !isSet(s, o),
    at(cite('linux-5', '__iommu_map: pgsize_bitmap == 0')),
  ),
  must(
    'misaligned',
    'EINVAL',
    'An address or the size is not a multiple of the smallest page of the domain.',
    (s, o) => !aligned(instanceFor(s, o), o.iova, o.paddr, o.size),
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
    'The IOVA range is wider than the domain translates, or the memory is beyond 52 bits.',
    (s, o) =>
      (o.iova + o.size) >> PAGE_BITS > BigInt(instanceFor(s, o).limit) || o.paddr + o.size > 1n << 52n,
    at(cite('linux', 'arm_lpae_map_pages: ERANGE')),
  ),
  may(
    'no-memory',
    'ENOMEM',
    'There is no memory for a table before a mapped page is met; exactly what this call mapped is unmapped.',
    (s, o) => !anyMapped(s, numberOf(o), pages(o.iova), leavesOf(s, o)[0]!.leaf.pages),
  ),
  must(
    'overlaps',
    'EEXIST',
    'A page of the range is mapped; exactly what this call mapped is unmapped.',
    (s, o) => anyMapped(s, numberOf(o), pages(o.iova), pages(o.size)),
    at(cite('linux', 'arm_lpae_init_pte: EEXIST'), MAP),
  ),
  ends(
    'mapped',
    'The range is mapped with the largest pages that divide both addresses and fit.',
    (s, o) => {
      const base = numberOf(o) * s.machine.pageSpan;
      const leaves = leavesOf(s, o).reduce((rows, { page, leaf }) => rows.set(base + page, leaf), s.leaves);
      return done(patch(s, { leaves }));
    },
    undefined,
    at(MAP, cite('linux', 'iommu_pgsize')),
  ),
];

/** Leaves in a row from the start of the range, until a hole, the middle of a leaf, or enough. */
function removed(s: State, o: Unmap): { readonly leaves: State['leaves']; readonly pages: number } {
  const base = numberOf(o) * s.machine.pageSpan;
  const start = pages(o.iova);
  const want = pages(o.size);
  let gone = 0;
  let leaves = s.leaves;
  while (gone < want && start + gone < s.machine.pageSpan && leaves.has(base + start + gone)) {
    const at = base + start + gone;
    gone += leaves.get(at).pages;
    leaves = leaves.delete(at);
  }
  return { leaves, pages: gone };
}

const unmapping = operation('unmap', UNMAP);

export const unmap: readonly Rule<Unmap>[] = [
  noDomain('unmap'),
  unmapping.ends(
    'nothing',
    'The domain has no table, or the range is not a multiple of the smallest page: 0 bytes are unmapped.',
    s => ({ outcome: { is: 'ok', unmapped: 0n }, state: s }),
    (s, o) =>
      !isSet(s, o) ||
      !aligned(instanceFor(s, o), o.iova, o.size) ||
      o.iova >> PAGE_BITS >= BigInt(instanceFor(s, o).limit),
  ),
  unmapping.ends(
    'unmapped',
    'Pages are unmapped in a row until the range is done or the first hole. A large page that begins in the range goes whole. The answer is what is unmapped, and nothing of it is translated any more.',
    (s, o) => {
      const { leaves, pages: gone } = removed(s, o);
      return {
        outcome: { is: 'ok', unmapped: BigInt(gone) << PAGE_BITS },
        state: gone === 0 ? s : patch(s, { leaves }),
      };
    },
    undefined,
    at(UNMAP, cite('linux', 'iommu_unmap: iommu_iotlb_sync')),
  ),
];

const toPhys = operation('iova_to_phys', cite('linux', 'iommu_iova_to_phys'));

export const iovaToPhys: readonly Rule<The<'iova_to_phys'>>[] = [
  noDomain('iova_to_phys'),
  toPhys.ends(
    'identity',
    'In the identity domain an IOVA is the physical address.',
    (s, o) => ({ outcome: { is: 'ok', paddr: o.iova }, state: s }),
    (_, o) => o.domain === 'identity',
  ),
  toPhys.ends(
    'translated',
    'A mapped IOVA is translated. Any other is answered with 0, which may also be a translation.',
    (s, o) => {
      const page = Number(o.iova >> PAGE_BITS);
      const frame = isSet(s, o) && page < s.machine.pageSpan ? frameAt(s, numberOf(o), page) : -1;
      const offset = o.iova & ((1n << PAGE_BITS) - 1n);
      const paddr = frame < 0 ? 0n : (BigInt(frame) << PAGE_BITS) + offset;
      return { outcome: { is: 'ok', paddr }, state: s };
    },
  ),
];
