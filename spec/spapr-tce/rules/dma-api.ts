// What does the kernel's own DMA API map in a group's 32-bit window?
import { pageOf, span } from '../../kit/pages.js';
import { allIn, anyIn } from '../../kit/runs.js';
import { tces } from '../entries.js';
import { aligned, entryOf } from '../pages.js';
import type { Op, State, TceTable } from '../state.js';
import { cleared, written } from '../table.js';
import { about, linux, type Rule } from './ioctl.js';

type Map = Extract<Op, { op: 'kernel_map' }>;
type Unmap = Extract<Op, { op: 'kernel_unmap' }>;

const rowOf = (s: State, o: Map | Unmap): number => s.groups[o.group]!.window0;
const tableOf = (s: State, o: Map | Unmap): TceTable => s.tables[rowOf(s, o)]!;
const firstOf = (s: State, o: Map | Unmap): number =>
  entryOf(o.iova, tableOf(s, o).shift) - tableOf(s, o).offset;
const countOf = (s: State, o: Map | Unmap): number => entryOf(o.size, tableOf(s, o).shift);

const grainOf = (s: State, o: Map | Unmap) => tces(tableOf(s, o).shift);

/** Is the call within the table: the first page, and as many as there are? */
const inside = (s: State, o: Map | Unmap): boolean => {
  const first = firstOf(s, o);
  return first >= 0 && countOf(s, o) <= tableOf(s, o).size - first;
};

const common = <O extends Map | Unmap>(op: string): readonly Rule<O>[] => {
  const on = about<O>(op, linux('get_iommu_table_base'));
  return [
    on.must('no-group', 'ENODEV', 'The group must exist.', (s, o) => s.groups[o.group]?.exists !== true),
    on.must(
      'not-the-kernels',
      'EPERM',
      "The group must be in the platform's domain.",
      (s, o) => s.groups[o.group]!.domain !== 'platform',
      { cite: [linux('spapr_tce_iommu_ops: default_domain')] },
    ),
    on.must(
      'not-whole-pages',
      'EINVAL',
      'Addresses and size must be whole pages of the table, at least one.',
      (s, o) => {
        const { shift } = tableOf(s, o);
        const memory = o.op === 'kernel_map' ? o.paddr : 0n;
        return o.size === 0n || !aligned(o.iova | o.size | memory, shift);
      },
      { cite: [linux('iommu_num_pages')] },
    ),
    on.must('outside', 'EINVAL', 'All pages must be in window 0.', (s, o) => !inside(s, o), {
      cite: [linux('iommu_range_alloc, iommu_free_check')],
    }),
  ];
};

const onMap = about<Map>(
  'kernel_map',
  linux('tce_build_pSeriesLP: TCE_PCI_READ'),
  linux('pnv_tce_build: TCE_PCI_WRITE'),
);

export const kernelMap: readonly Rule<Map>[] = [
  ...common<Map>('kernel_map'),
  onMap.must(
    'taken',
    'EBUSY',
    'The allocator gives out no page twice, and never the page at bus address 0.',
    (s, o) =>
      o.iova === 0n || anyIn(s.entries[rowOf(s, o)]!, span(firstOf(s, o), countOf(s, o)), grainOf(s, o)),
    { cite: [linux('iommu_table_reserve_pages')] },
  ),
  onMap.ends(
    'mapped',
    'The pages translate for the group; an entry that permits writing permits reading.',
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

const onUnmap = about<Unmap>('kernel_unmap', linux('__iommu_free'));

export const kernelUnmap: readonly Rule<Unmap>[] = [
  ...common<Unmap>('kernel_unmap'),
  onUnmap.must(
    'not-mapped',
    'EINVAL',
    'All pages must be mapped.',
    (s, o) => !allIn(s.entries[rowOf(s, o)]!, span(firstOf(s, o), countOf(s, o)), grainOf(s, o)),
    { cite: [linux('iommu_free_check')] },
  ),
  onUnmap.ends('unmapped', 'The pages do not translate any more.', (s, o, p) => ({
    outcome: { is: 'ok' },
    state: cleared(s, rowOf(s, o), firstOf(s, o), countOf(s, o), p),
  })),
];
