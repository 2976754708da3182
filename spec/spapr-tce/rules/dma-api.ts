// What does the kernel's own DMA API map in a group's 32-bit window?

import { pageOf, span } from '../../kit/pages.js';
import { allIn, anyIn } from '../../kit/runs.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { tces } from '../entries.js';
import { aligned, entryOf } from '../pages.js';
import type { Op, State, TceTable } from '../state.js';
import { cleared, written } from '../table.js';
import type { Rule } from './ioctl.js';

type Map = Extract<Op, { op: 'kernel_map' }>;
type Unmap = Extract<Op, { op: 'kernel_unmap' }>;

const linux = (at: string) => cite('linux-tce', at);

const rowOf = (s: State, o: Map | Unmap): number => s.groups[o.group]!.window0;
const tableOf = (s: State, o: Map | Unmap): TceTable => s.tables[rowOf(s, o)]!;
const grainOf = (s: State, o: Map | Unmap) => tces(tableOf(s, o).shift);
const firstOf = (s: State, o: Map | Unmap): number =>
  entryOf(o.iova, tableOf(s, o).shift) - tableOf(s, o).offset;
const countOf = (s: State, o: Map | Unmap): number => entryOf(o.size, tableOf(s, o).shift);

/** Is the call within the table: the first page, and as many as there are? */
const inside = (s: State, o: Map | Unmap): boolean => {
  const first = firstOf(s, o);
  return first >= 0 && countOf(s, o) <= tableOf(s, o).size - first;
};

const common = <O extends Map | Unmap>(op: string): readonly Rule<O>[] => [
  refuse(
    'ENODEV',
    {
      id: `${op}/no-group`,
      says: 'A group that is not there is refused.',
      cite: [linux('get_iommu_table_base')],
    },
    (s, o) => s.groups[o.group]?.exists !== true,
  ),
  refuse(
    'EPERM',
    {
      id: `${op}/not-the-kernels`,
      says: 'The DMA API uses a group only in the domain of the platform.',
      cite: [linux('spapr_tce_iommu_ops: default_domain')],
    },
    (s, o) => s.groups[o.group]!.domain !== 'platform',
  ),
  refuse(
    'EINVAL',
    {
      id: `${op}/not-whole-pages`,
      says: 'Addresses and size are whole pages of the table, at least one.',
      cite: [linux('iommu_num_pages')],
    },
    (s, o) => {
      const { shift } = tableOf(s, o);
      const memory = o.op === 'kernel_map' ? o.paddr : 0n;
      return o.size === 0n || !aligned(o.iova | o.size | memory, shift);
    },
  ),
  refuse(
    'EINVAL',
    {
      id: `${op}/outside`,
      says: 'All pages lie in the first window.',
      cite: [linux('iommu_range_alloc, iommu_free_check')],
    },
    (s, o) => !inside(s, o),
  ),
];

export const kernelMap: readonly Rule<Map>[] = [
  ...common<Map>('kernel_map'),
  refuse(
    'EBUSY',
    {
      id: 'kernel_map/taken',
      says: 'The allocator hands out no page twice, and never page 0 of bus address 0.',
      cite: [linux('iommu_table_reserve_pages')],
    },
    (s, o) =>
      o.iova === 0n || anyIn(s.entries[rowOf(s, o)]!, span(firstOf(s, o), countOf(s, o)), grainOf(s, o)),
  ),
  ending(
    {
      id: 'kernel_map/mapped',
      says: 'The pages translate for the group; whoever may write may read.',
      cite: [linux('tce_build_pSeriesLP: TCE_PCI_READ'), linux('pnv_tce_build: TCE_PCI_WRITE')],
    },
    (s, o, p) => ({
      outcome: { is: 'ok' },
      state: written(
        s,
        rowOf(s, o),
        firstOf(s, o),
        { count: countOf(s, o), frame: pageOf(o.paddr), prot: o.prot === 'r' ? 'r' : 'rw', ua: -1 },
        p,
      ),
    }),
  ),
];

export const kernelUnmap: readonly Rule<Unmap>[] = [
  ...common<Unmap>('kernel_unmap'),
  refuse(
    'EINVAL',
    {
      id: 'kernel_unmap/not-mapped',
      says: 'Only what is mapped is unmapped.',
      cite: [linux('iommu_free_check')],
    },
    (s, o) => !allIn(s.entries[rowOf(s, o)]!, span(firstOf(s, o), countOf(s, o)), grainOf(s, o)),
  ),
  ending(
    {
      id: 'kernel_unmap/unmapped',
      says: 'The pages do not translate any more.',
      cite: [linux('__iommu_free')],
    },
    (s, o, p) => ({
      outcome: { is: 'ok' },
      state: cleared(s, rowOf(s, o), firstOf(s, o), countOf(s, o), p),
    }),
  ),
];
