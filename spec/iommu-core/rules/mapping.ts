// What may be mapped in a domain, and how much does an unmap take away?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { anyMapped, frameAt, leavesFor, smallest } from '../leaves.js';
import { type Instance, type Op, PAGE_BITS, type State } from '../state.js';
import { OK, ours, type Rule } from './checks.js';

type Map = Extract<Op, { op: 'map' }>;
type Unmap = Extract<Op, { op: 'unmap' }>;
type ToPhys = Extract<Op, { op: 'iova_to_phys' }>;
type Any = Map | Unmap | ToPhys;

const MAP = cite('linux', 'iommu_map, __iommu_map');
const UNMAP = cite('linux', 'iommu_unmap, __iommu_unmap');
const PHYS = cite('linux', 'iommu_iova_to_phys');
const PGSIZE = cite('linux', 'iommu_pgsize');

const noDomain = <O extends Any>(op: string): Rule<O> =>
  refuse(
    'ENOENT',
    { id: `${op}/no-domain`, says: 'A domain that nobody allocated translates nothing.', cite: [ours] },
    (s, o) => typeof o.domain === 'number' && !s.domains.has(o.domain),
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

/** Pages of the leaf that a map begins with. */
const firstLeaf = (s: State, o: Map): number =>
  leavesFor(instanceFor(s, o), pages(o.iova), pages(o.paddr), pages(o.size))[0]!.leaf.pages;

export const map: readonly Rule<Map>[] = [
  noDomain('map'),
  refuse(
    'EINVAL',
    { id: 'map/not-paging', says: 'The static domains have no tables to map in.', cite: [MAP] },
    (_, o) => typeof o.domain !== 'number',
  ),
  refuse(
    'ENODEV',
    {
      id: 'map/no-format',
      says: 'A domain that was allocated for a bus has no page sizes before its first attach.',
      cite: [cite('linux-5', '__iommu_map: pgsize_bitmap == 0')],
    },
    (s, o) => !isSet(s, o),
  ),
  refuse(
    'EINVAL',
    {
      id: 'map/misaligned',
      says: 'Both addresses and the size are multiples of the smallest page of the domain.',
      cite: [MAP],
    },
    (s, o) => !aligned(instanceFor(s, o), o.iova, o.paddr, o.size),
  ),
  ending(
    { id: 'map/nothing', says: 'To map nothing is no error.', cite: [MAP] },
    s => ({ outcome: OK, state: s }),
    (_, o) => o.size === 0n,
  ),
  refuse(
    'ERANGE',
    {
      id: 'map/out-of-range',
      says: 'A range that is wider than the domain translates, or memory beyond 52 bits, cannot be mapped.',
      cite: [cite('linux', 'arm_lpae_map_pages: ERANGE')],
    },
    (s, o) =>
      (o.iova + o.size) >> PAGE_BITS > BigInt(instanceFor(s, o).limit) || o.paddr + o.size > 1n << 52n,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'map/no-memory',
      says: 'A table may not be had, as long as no page that is mapped was met; exactly what this call had mapped is taken away again.',
      cite: [MAP],
    },
    (s, o) => !anyMapped(s, numberOf(o), pages(o.iova), firstLeaf(s, o)),
    'may',
  ),
  refuse(
    'EEXIST',
    {
      id: 'map/overlaps',
      says: 'A page that is mapped is not mapped again; what this call had mapped before it is taken away again, and nothing else.',
      cite: [cite('linux', 'arm_lpae_init_pte: EEXIST'), MAP],
    },
    (s, o) => anyMapped(s, numberOf(o), pages(o.iova), pages(o.size)),
  ),
  ending(
    {
      id: 'map/mapped',
      says: 'The range is mapped with the largest pages that divide both addresses and fit.',
      cite: [MAP, PGSIZE],
    },
    (s, o) => {
      const base = numberOf(o) * s.machine.pageSpan;
      const made = leavesFor(instanceFor(s, o), pages(o.iova), pages(o.paddr), pages(o.size));
      const leaves = made.reduce((rows, { page, leaf }) => rows.set(base + page, leaf), s.leaves);
      return { outcome: OK, state: patch(s, { leaves }) };
    },
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

export const unmap: readonly Rule<Unmap>[] = [
  noDomain('unmap'),
  ending(
    {
      id: 'unmap/nothing',
      says: 'In a domain without tables, or of a range that is no multiple of the smallest page, nothing is removed, and 0 bytes are the answer.',
      cite: [UNMAP],
    },
    s => ({ outcome: { is: 'ok', unmapped: 0n }, state: s }),
    (s, o) =>
      !isSet(s, o) ||
      !aligned(instanceFor(s, o), o.iova, o.size) ||
      o.iova >> PAGE_BITS >= BigInt(instanceFor(s, o).limit),
  ),
  ending(
    {
      id: 'unmap/unmapped',
      says: 'Pages are removed in a row until the range is done or the first hole; a large page that begins in the range goes whole, and the answer is what is gone. Nothing of it is translated any more.',
      cite: [UNMAP, cite('linux', 'iommu_unmap: iommu_iotlb_sync')],
    },
    (s, o) => {
      const { leaves, pages: gone } = removed(s, o);
      return {
        outcome: { is: 'ok', unmapped: BigInt(gone) << PAGE_BITS },
        state: gone === 0 ? s : patch(s, { leaves }),
      };
    },
  ),
];

export const iovaToPhys: readonly Rule<ToPhys>[] = [
  noDomain('iova_to_phys'),
  ending(
    { id: 'iova_to_phys/identity', says: 'In the identity domain an address is itself.', cite: [PHYS] },
    (s, o) => ({ outcome: { is: 'ok', paddr: o.iova }, state: s }),
    (_, o) => o.domain === 'identity',
  ),
  ending(
    {
      id: 'iova_to_phys/translated',
      says: 'A mapped address is translated; anything else is answered with 0, which is also where a mapping may lead.',
      cite: [PHYS],
    },
    (s, o) => {
      const page = Number(o.iova >> PAGE_BITS);
      const frame = isSet(s, o) && page < s.machine.pageSpan ? frameAt(s, numberOf(o), page) : -1;
      const offset = o.iova & ((1n << PAGE_BITS) - 1n);
      return {
        outcome: { is: 'ok', paddr: frame < 0 ? 0n : (BigInt(frame) << PAGE_BITS) + offset },
        state: s,
      };
    },
  ),
];
