// Which windows may a user make and remove, and where do they start?
import { patch, patchAt } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { overLimit } from '../account.js';
import {
  costOf,
  depthFits,
  freeNumber,
  numberHolding,
  pageSizeFits,
  prepared,
  shapeFits,
  type Wanted,
  withoutWindow,
  withWindow,
} from '../container.js';
import type { Op, State } from '../state.js';
import { tableHolding } from '../window.js';
import {
  argument,
  boundHere,
  containerOf,
  defaultWindowFits,
  hasGroup,
  isOpen,
  noFlags,
  ofVersion,
  type Rule,
  rowOf,
  vfio,
} from './ioctl.js';

type Create = Extract<Op, { op: 'create_window' }>;
type Remove = Extract<Op, { op: 'remove_window' }>;

const CREATE = vfio('tce_iommu_create_window');

const wanted = (o: Create): Wanted => ({ shift: o.shift, size: o.size, levels: o.levels });

/** The container as the call finds it: bound to the caller, with its default window. */
const found = (s: State, o: Create): State => {
  const row = rowOf(s, o);
  return prepared(patch(s, { containers: patchAt(s.containers, row, { mm: o.mm }) }), row);
};

const beginning = <O extends Create | Remove>(op: string): readonly Rule<O>[] => [
  isOpen(op),
  boundHere(op),
  ofVersion(op, 2),
  hasGroup(op, 'ENXIO'),
  ...argument<O>(op),
  noFlags(op),
];

export const createWindow: readonly Rule<Create>[] = [
  ...beginning<Create>('create_window'),
  ...defaultWindowFits<Create>('create_window'),
  refuse(
    'ENOSPC',
    {
      id: 'create_window/no-number',
      says: 'A container has two windows at most; the default one is made before, if it was put off.',
      cite: [vfio('tce_iommu_find_free_table')],
    },
    (s, o) => freeNumber(found(s, o), rowOf(s, o)) < 0,
  ),
  refuse(
    'EINVAL',
    {
      id: 'create_window/page-size',
      says: 'The page size is one of those of the group that joined last.',
      cite: [vfio('tce_iommu_create_window: pgsizes')],
    },
    (s, o) => !pageSizeFits(s, rowOf(s, o), o.shift),
  ),
  refuse(
    'EINVAL',
    {
      id: 'create_window/shape',
      says: 'The size is a power of two and at least a page, and the levels are those that the platform has.',
      cite: [vfio('tce_iommu_create_table: table_size'), vfio('pnv_pci_ioda2_get_table_size')],
    },
    (s, o) => !shapeFits(s, rowOf(s, o), wanted(o)),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'create_window/over-limit',
      says: 'The table as if it were full, and its mirror, are charged to the caller, and must stay within its limit.',
      cite: [vfio('tce_iommu_create_table: account_locked_vm'), vfio('pnv_pci_ioda2_get_table_size')],
    },
    (s, o) => overLimit(found(s, o), o.mm, costOf(s, wanted(o))),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'create_window/no-memory',
      says: 'The call may fail for want of memory for the table.',
      cite: [vfio('pnv_pci_ioda2_create_table')],
    },
    () => true,
    'may',
  ),
  refuse(
    'EINVAL',
    {
      id: 'create_window/too-deep',
      says: 'The index of the table, over all its levels, and the offset in a page fit below bit 55; what was charged by then is given back.',
      cite: [vfio('pnv_pci_ioda2_table_alloc_pages: level_shift')],
    },
    (s, o) => !depthFits(s, wanted(o)),
  ),
  refuse(
    'EIO',
    {
      id: 'create_window/set-fails',
      says: 'The firmware may refuse the window for one of the groups, and then no group has it.',
      cite: [vfio('tce_iommu_create_window: unset_exit')],
    },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'create_window/created',
      says: 'The table, empty, stands in the lowest free window of every group: the first at the 32-bit window, the second at 2^59.',
      cite: [CREATE, vfio('pnv_pci_ioda2_create_table: tce_bypass_base')],
    },
    (s, o) => {
      const { state, start } = withWindow(found(s, o), rowOf(s, o), wanted(o));
      return { outcome: { is: 'ok', start }, state };
    },
  ),
];

export const removeWindow: readonly Rule<Remove>[] = [
  ...beginning<Remove>('remove_window'),
  ending(
    {
      id: 'remove_window/not-made-yet',
      says: 'A default window that was put off is not made any more; the container belongs to the address space.',
      cite: [vfio('VFIO_IOMMU_SPAPR_TCE_REMOVE: def_window_pending'), vfio('tce_iommu_mm_set')],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, { containers: patchAt(s.containers, rowOf(s, o), { pending: false, mm: o.mm }) }),
    }),
    (s, o) => containerOf(s, o).pending && o.start === 0n,
  ),
  refuse(
    'EINVAL',
    {
      id: 'remove_window/no-window',
      says: 'Some window holds the address; it need not start there.',
      cite: [vfio('tce_iommu_remove_window: tce_iommu_find_table')],
    },
    (s, o) => tableHolding(s, rowOf(s, o), o.start) < 0,
  ),
  ending(
    {
      id: 'remove_window/removed',
      says: 'The table is emptied, unset on every group, and let go with its charge.',
      cite: [vfio('tce_iommu_remove_window')],
    },
    (s, o, p) => {
      const row = rowOf(s, o);
      return { outcome: { is: 'ok' }, state: withoutWindow(s, row, numberHolding(s, row, o.start), p) };
    },
  ),
];
