// What does unmap take out of the table of a domain, and what is an address translated to?
import { patch } from '../../kit/record.js';
import { cite } from '../../law/sources.js';
import { IN_72 } from '../releases.js';
import { frameAt } from '../state/page-table.js';
import { unmapped } from '../state/page-table-code.js';
import { PAGE_BITS, type State } from '../state.js';
import { at, operation, type Rule, type The } from './chapter.js';
import { aligned, generic, instanceFor, isSet, isWide, noDomain, numberOf, pages } from './map.js';

type Unmap = The<'unmap'>;

const UNMAP = cite('linux-6.1-7.2', 'iommu_unmap');

const unmapping = operation('unmap', UNMAP);
const none = (s: State) => ({ outcome: { is: 'ok', unmapped: 0n }, state: s }) as const;

export const unmap: readonly Rule<Unmap>[] = [
  noDomain('unmap'),
  unmapping.ends(
    'nothing',
    'The domain has no table, the IOVA is beyond its width, or an address is not a multiple of the smallest page: 0 bytes are unmapped.',
    none,
    (s, o) =>
      !isSet(s, o) ||
      !aligned(instanceFor(s, o), o.iova, ...(generic(s, o) ? [] : [o.size])) ||
      o.iova >> PAGE_BITS >= BigInt(instanceFor(s, o).limit),
  ),
  unmapping.ends(
    'out-of-range',
    'The code is generic_pt, and the range ends beyond the width of the domain: 0 bytes are unmapped.',
    none,
    (s, o) => generic(s, o) && isWide(s, o, o.size + 0xfffn),
    { ...at(cite('linux-7.2', 'generic_pt/iommu_pt.h: unmap_range')), ...IN_72 },
  ),
  unmapping.ends(
    'unmapped',
    'Pages are unmapped in a row until the range is done or the first hole. What becomes of a leaf that is only half in the range is up to the page-table code. The answer is what is unmapped, and nothing of it is translated any more.',
    (s, o, { release }) => {
      const want = pages(o.size + 0xfffn);
      const { leaves, pages: gone } = unmapped(
        s,
        numberOf(o),
        instanceFor(s, o),
        pages(o.iova),
        want,
        release,
      );
      return {
        outcome: { is: 'ok', unmapped: BigInt(gone) << PAGE_BITS },
        state: leaves === s.leaves ? s : patch(s, { leaves }),
      };
    },
    undefined,
    at(
      UNMAP,
      cite(
        'linux-7.2',
        'generic_pt/iommu_pt.h: unmap_range; __arm_lpae_unmap: "Unmap of a partial large IOPTE"',
      ),
      cite('linux-6.12', 'intel_iommu_unmap, iommu_v1_unmap_pages, arm_lpae_split_blk_unmap'),
      cite('linux-6.1', 'intel_iommu_unmap, iommu_v1_unmap_pages, arm_lpae_split_blk_unmap'),
    ),
  ),
];

const toPhys = operation('iova_to_phys', cite('linux-6.1-7.2', 'iommu_iova_to_phys'));

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
