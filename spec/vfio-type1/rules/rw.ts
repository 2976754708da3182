// How does an emulated device read and write memory?
import { reachable } from '../account.js';
import { deviceOpen } from '../holding.js';
import { mappingAt, marked } from '../mappings.js';
import { bytesOf, offsetOf, pagesOf } from '../pages.js';
import type { State } from '../state.js';
import { type Call, chapterOf, everywhere, type Rule } from './checks.js';

type Rw = Call<'rw'>;

const rowOf = (s: State, o: Rw): number => s.groups[s.devices[o.device]!.group]!.container;
const closed = (s: State, o: Rw): boolean => o.device >= s.devices.length || !deviceOpen(s, o.device);

const chunk = chapterOf<Rw>('rw', 'vfio_iommu_type1_dma_rw_chunk');
const dmaFor = (s: State, o: Rw) => {
  const runs = s.maps[rowOf(s, o)]!;
  const at = mappingAt(runs, pagesOf(o.iova));
  return { at, d: runs.get(at) };
};
const vaddrOf = (s: State, o: Rw): number => {
  const { at, d } = dmaFor(s, o);
  return d.vaddr + (pagesOf(o.iova) - at);
};

export const rw: readonly Rule<Rw>[] = [
  chunk.must(
    'not-open',
    'EINVAL',
    "A device's driver reads and writes only while the device is open.",
    closed,
    {
      cite: everywhere('vfio_dma_rw'),
    },
  ),
  chunk.must(
    'not-mapped',
    'EINVAL',
    'Only what is mapped is read or written.',
    (s, o) => dmaFor(s, o).at < 0,
  ),
  chunk.must(
    'no-permission',
    'EPERM',
    'Writing takes both permissions, and reading that to read.',
    (s, o) => {
      const { prot } = dmaFor(s, o).d;
      return (o.access === 'write' && !prot.includes('w')) || !prot.includes('r');
    },
  ),
  chunk.must(
    'another-process',
    'EFAULT',
    'A process reads and writes only what it owns; a thread of the kernel does so for the owner.',
    (s, o) => o.mm !== null && o.mm !== dmaFor(s, o).d.mm,
  ),
  chunk.must(
    'not-there',
    'EFAULT',
    'The memory must be there now, and writable to be written.',
    (s, o) => !reachable(s, dmaFor(s, o).d.mm, vaddrOf(s, o), o.access === 'write'),
  ),
  chunk.ends(
    'done',
    'The bytes are those at the user address of the mapping, and a page that was written is dirty.',
    (s, o) => {
      const { d } = dmaFor(s, o);
      const outcome = { is: 'ok', mm: d.mm, vaddr: bytesOf(vaddrOf(s, o)) | offsetOf(o.iova) } as const;
      return { outcome, state: o.access === 'write' ? marked(s, rowOf(s, o), pagesOf(o.iova)) : s };
    },
  ),
];
