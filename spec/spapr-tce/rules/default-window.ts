// What can stand in the way of the default window, which is made by the first command that needs it?
import { overLimit } from '../account.js';
import {
  costOf,
  defaultWindow,
  depthFits,
  isShared,
  onPseries,
  pageSizeFits,
  shapeFits,
} from '../container.js';
import { hasGroups, latestGroup } from '../group.js';
import { logOf } from '../pages.js';
import type { Group, State } from '../state.js';
import { about, type ByProcess, containerOf, linux, type OnContainer, type Rule, rowOf } from './ioctl.js';

const pending = (s: State, o: OnContainer): boolean => containerOf(s, o).pending;

/** A pending default window needs a group to be made for. */
export const groupForDefaultWindow = <O extends OnContainer>(op: string): Rule<O> =>
  about<O>(op, linux('tce_iommu_create_default_window')).must(
    'no-group-for-default-window',
    'ENODEV',
    'A pending default window is made first; for that the container must have a group.',
    (s, o) => pending(s, o) && !hasGroups(s, rowOf(s, o)),
  );

const latest = (s: State, o: OnContainer): Group => s.groups[latestGroup(s, rowOf(s, o))]!;

function defaultFits(s: State, c: number): boolean {
  const window = defaultWindow(s, c);
  if (onPseries(s)) return logOf(window.size) >= 0;
  return pageSizeFits(s, c, window.shift) && shapeFits(window) && depthFits(s, window);
}

/** A pending default window is made on first use: what can stand in the way. */
export const defaultWindowFits = <O extends ByProcess>(op: string): readonly Rule<O>[] => {
  const on = about<O>(
    op,
    linux('tce_iommu_create_default_window'),
    linux('tce_iommu_create_window: pgsizes'),
    linux('pnv_pci_ioda2_table_alloc_pages'),
    linux('spapr_tce_create_table'),
  );
  return [
    on.must(
      'default-window-impossible',
      'EINVAL',
      'A pending default window is made first; its size must be a power of two. On powernv the group must have pages of 4 KiB, and one level must be enough.',
      (s, o) => pending(s, o) && !defaultFits(s, rowOf(s, o)),
    ),
    on.must(
      'default-window-over-limit',
      'ENOMEM',
      'A pending default window is made first; its table is charged to the caller and must stay within the limit.',
      (s, o) => pending(s, o) && overLimit(s, o.mm, costOf(s, defaultWindow(s, rowOf(s, o)))),
      { cite: [linux('tce_iommu_create_table: account_locked_vm')] },
    ),
    ...thenMade<O>(op),
  ];
};

/** It has a price that can be paid; now it is made. */
const thenMade = <O extends ByProcess>(op: string): readonly Rule<O>[] => {
  const on = about<O>(op, linux('tce_iommu_create_default_window'));
  return [
    on.must(
      'default-window-after-failure',
      'ENODEV',
      'On pseries a pending default window is made first, and the firmware must not have failed to make one before.',
      (s, o) => pending(s, o) && onPseries(s) && latest(s, o).failed,
      { cite: [linux('spapr_tce_create_table: failed_ddw_pdn_list')] },
    ),
    on.may(
      'default-window-no-memory',
      'ENOMEM',
      'On powernv there may be no memory for the table of a pending default window.',
      (s, o) => pending(s, o) && !onPseries(s),
      { cite: [linux('pnv_pci_ioda2_create_table')] },
    ),
    on.may(
      'default-window-no-record',
      'ENODEV',
      'On pseries there may be no memory for the record of a pending default window.',
      (s, o) => pending(s, o) && onPseries(s),
      { cite: [linux('spapr_tce_create_table: iommu_pseries_alloc_table')] },
    ),
    on.must(
      'default-window-two-groups',
      'EPERM',
      'On pseries a pending default window is made first, and the container must have one group only.',
      (s, o) => pending(s, o) && onPseries(s) && isShared(s, rowOf(s, o)),
      { cite: [linux('spapr_tce_set_window')] },
    ),
    on.may(
      'default-window-set-fails',
      'EPERM',
      'OPAL may answer OPAL_PARAMETER for a pending default window, which stays pending.',
      (s, o) => pending(s, o) && !onPseries(s),
      { cite: [linux('pnv_pci_ioda2_set_window')] },
    ),
    on.may(
      'default-window-hardware-fails',
      'ENXIO',
      'OPAL may answer OPAL_HARDWARE for a pending default window, which stays pending.',
      (s, o) => pending(s, o) && !onPseries(s),
      { cite: [linux('pnv_pci_ioda2_set_window')] },
    ),
  ];
};
