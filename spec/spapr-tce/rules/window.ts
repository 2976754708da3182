// Which windows may a user make and remove, and where do they start?

import { patch, patchAt } from '../../kit/record.js';
import { overLimit } from '../account.js';
import {
  costOf,
  freeNumber,
  hasPrice,
  numberHolding,
  onPseries,
  pageSizeFits,
  shapeFits,
  withoutWindow,
  withWindow,
} from '../container.js';
import type { Op } from '../state.js';
import { tableHolding } from '../window.js';
import { defaultWindowFits } from './default-window.js';
import {
  about,
  argument,
  boundHere,
  containerOf,
  hasGroup,
  isOpen,
  linux,
  noFlags,
  ofVersion,
  type Rule,
  rowOf,
} from './ioctl.js';
import { byFirmware, type Create, found, onPowernv, wanted } from './window-platform.js';

type Remove = Extract<Op, { op: 'remove_window' }>;

const beginning = <O extends Create | Remove>(op: string): readonly Rule<O>[] => [
  isOpen(op),
  boundHere(op),
  ofVersion(op, 2),
  hasGroup(op, 'ENXIO'),
  ...argument<O>(op),
  noFlags(op),
];

const onCreate = about<Create>(
  'create_window',
  linux('tce_iommu_create_window'),
  linux('pnv_pci_ioda2_table_alloc_pages'),
  linux('spapr_tce_create_table'),
);

export const createWindow: readonly Rule<Create>[] = [
  ...beginning<Create>('create_window'),
  ...defaultWindowFits<Create>('create_window'),
  onCreate.must(
    'no-number',
    'ENOSPC',
    'A container has two windows at most; a pending default window is made first.',
    (s, o) => freeNumber(found(s, o), rowOf(s, o)) < 0,
    { cite: [linux('tce_iommu_find_free_table')] },
  ),
  onCreate.must(
    'page-size',
    'EINVAL',
    'The page size must be one of those of the group that joined last.',
    (s, o) => !pageSizeFits(s, rowOf(s, o), o.shift),
    { cite: [linux('tce_iommu_create_window: pgsizes')] },
  ),
  onCreate.must(
    'shape',
    'EINVAL',
    'On powernv the size must be a power of two, and the levels one to five. Less than a page is enough: an eighth with one level, a 2^(levels - 1)th with more.',
    (s, o) => !onPseries(s) && !shapeFits(wanted(o)),
    {
      cite: [
        linux('tce_iommu_create_table: table_size'),
        linux('pnv_pci_ioda2_get_table_size'),
        linux('pnv_pci_ioda2_table_alloc_pages: entries_shift'),
      ],
    },
  ),
  onCreate.must(
    'no-price',
    'EINVAL',
    'On pseries the window must be at least an eighth of a page, so that its table costs a byte.',
    (s, o) => onPseries(s) && !hasPrice(wanted(o)),
    { cite: [linux('tce_iommu_create_table: table_size'), linux('spapr_tce_get_table_size')] },
  ),
  onCreate.must(
    'over-limit',
    'ENOMEM',
    'The table as if it were full, and its mirror, are charged to the caller and must stay within the limit.',
    (s, o) => overLimit(found(s, o), o.mm, costOf(s, wanted(o))),
    {
      cite: [
        linux('tce_iommu_create_table: account_locked_vm'),
        linux('pnv_pci_ioda2_get_table_size'),
        linux('spapr_tce_get_table_size'),
      ],
    },
  ),
  ...onPowernv,
  ...byFirmware,
  onCreate.ends(
    'created',
    'The table, empty, is set in the lowest free window of every group: window 0 at the 32-bit window, window 1 at 2^59. On powernv it has at least a page of the host full of entries.',
    (s, o) => {
      const { state, start } = withWindow(found(s, o), rowOf(s, o), wanted(o));
      return { outcome: { is: 'ok', start }, state };
    },
  ),
];

const onRemove = about<Remove>('remove_window', linux('tce_iommu_remove_window'));

export const removeWindow: readonly Rule<Remove>[] = [
  ...beginning<Remove>('remove_window'),
  onRemove.ends(
    'not-made-yet',
    'A pending default window is pending no more. The container is bound to the address space.',
    (s, o) => ({
      outcome: { is: 'ok' },
      state: patch(s, { containers: patchAt(s.containers, rowOf(s, o), { pending: false, mm: o.mm }) }),
    }),
    (s, o) => containerOf(s, o).pending && o.start === 0n,
    { cite: [linux('VFIO_IOMMU_SPAPR_TCE_REMOVE: def_window_pending'), linux('tce_iommu_mm_set')] },
  ),
  onRemove.must(
    'no-window',
    'EINVAL',
    'A window of the container must hold the address; it need not start there.',
    (s, o) => tableHolding(s, rowOf(s, o), o.start) < 0,
    { cite: [linux('tce_iommu_remove_window: tce_iommu_find_table')] },
  ),
  onRemove.ends(
    'removed',
    'The table is cleared, unset for every group, and freed with its charge.',
    (s, o, p) => {
      const row = rowOf(s, o);
      return { outcome: { is: 'ok' }, state: withoutWindow(s, row, numberHolding(s, row, o.start), p) };
    },
  ),
];
