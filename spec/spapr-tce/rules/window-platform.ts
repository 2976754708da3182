// What can stand in the way of a window on bare metal, and what where the firmware makes it?

import { patch, patchAt } from '../../kit/record.js';
import type { Errno } from '../../protocol/errno.js';
import {
  depthFits,
  firmwareFailed,
  freeNumber,
  isDefaultWindow,
  isShared,
  onPseries,
  prepared,
  type Wanted,
} from '../container.js';
import { latestGroup } from '../group.js';
import { logOf } from '../pages.js';
import type { Op, State } from '../state.js';
import { about, containerOf, linux, type Rule, rowOf } from './ioctl.js';

export type Create = Extract<Op, { op: 'create_window' }>;

export const wanted = (o: Create): Wanted => ({ shift: o.shift, size: o.size, levels: o.levels });

/** The container as the call finds it: bound to the caller, with its default window. */
export const found = (s: State, o: Create): State => {
  const row = rowOf(s, o);
  return prepared(patch(s, { containers: patchAt(s.containers, row, { mm: o.mm }) }), row);
};

const on = about<Create>('create_window', linux('spapr_tce_create_table'));

const bare = (s: State): boolean => !onPseries(s);

/** Clauses of powernv. */
export const onPowernv: readonly Rule<Create>[] = [
  on.may('no-memory', 'ENOMEM', 'On powernv there may be no memory for the table.', bare, {
    cite: [linux('pnv_pci_ioda2_create_table')],
  }),
  on.must(
    'too-deep',
    'EINVAL',
    'On powernv the index of the table over all its levels, and the offset in a page, must fit below bit 55.',
    (s, o) => bare(s) && !depthFits(s, wanted(o)),
    { cite: [linux('pnv_pci_ioda2_table_alloc_pages: level_shift')] },
  ),
  on.may(
    'set-fails',
    'EPERM',
    'OPAL may answer OPAL_PARAMETER for the window of a group; then no group has it.',
    bare,
    { cite: [linux('tce_iommu_create_window: unset_exit'), linux('pnv_pci_ioda2_set_window')] },
  ),
  on.may(
    'hardware-fails',
    'ENXIO',
    'OPAL may answer OPAL_HARDWARE for the window of a group; then no group has it.',
    bare,
    { cite: [linux('tce_iommu_create_window: unset_exit'), linux('pnv_pci_ioda2_set_window')] },
  ),
];

const isFirst = (s: State, o: Create): boolean => freeNumber(found(s, o), rowOf(s, o)) === 0;

/** Is window 0 one that the firmware was asked for, and not its default one? */
function firstIsDynamic(s: State, o: Create): boolean {
  const now = found(s, o);
  const t = now.tables[now.containers[rowOf(s, o)]!.window0];
  if (t === undefined || isFirst(s, o)) return false;
  return !isDefaultWindow(s, rowOf(s, o), t.shift, BigInt(t.size) << BigInt(t.shift));
}

const isDynamic = (s: State, o: Create): boolean =>
  !isFirst(s, o) || !isDefaultWindow(s, rowOf(s, o), o.shift, o.size);

/** A refusal after which the firmware is not asked again. */
const failing = (
  kind: 'ends' | 'mayEnd',
  what: string,
  errno: Errno,
  says: string,
  when: (s: State, o: Create) => boolean,
  at: string,
): Rule<Create> => ({
  ...on[kind](
    what,
    says,
    (s, o) => ({ outcome: { is: 'refused', errno }, state: firmwareFailed(s, rowOf(s, o)) }),
    (s, o) => onPseries(s) && when(s, o),
    { cite: [linux(at)] },
  ),
  errno,
});

/** Clauses of pseries, where the firmware of the host makes the windows. */
export const byFirmware: readonly Rule<Create>[] = [
  on.must(
    'one-level-only',
    'EINVAL',
    'On pseries the size must be a power of two, and the table of one level.',
    (s, o) => onPseries(s) && (logOf(o.size) < 0 || o.levels > 1),
  ),
  on.must(
    'after-failure',
    'ENODEV',
    'On pseries the firmware must not have failed to make a window of the group before.',
    (s, o) => onPseries(s) && s.groups[latestGroup(s, rowOf(s, o))]!.failed,
    { cite: [linux('spapr_tce_create_table: failed_ddw_pdn_list')] },
  ),
  on.must(
    'beside-dynamic',
    'EPERM',
    'On pseries window 0 is not made again beside window 1.',
    (s, o) => onPseries(s) && isFirst(s, o) && containerOf(s, o).window1 >= 0,
    { cite: [linux('spapr_tce_create_table: find_existing_ddw')] },
  ),
  failing(
    'ends',
    'less-than-a-page',
    'ENODEV',
    'The firmware of pseries makes no window smaller than a page. It is not asked again.',
    (_, o) => logOf(o.size) < o.shift,
    'spapr_tce_create_table: create_ddw',
  ),
  failing(
    'mayEnd',
    'firmware-fails',
    'ENODEV',
    'The firmware of pseries may fail to make a dynamic window. It is not asked again.',
    isDynamic,
    'spapr_tce_create_table: query_ddw, create_ddw',
  ),
  failing(
    'ends',
    'second-dynamic',
    'EEXIST',
    'The kernel on pseries keeps one dynamic window for a PE. The firmware is not asked again.',
    firstIsDynamic,
    'spapr_tce_create_table: of_add_property',
  ),
  on.must(
    'two-groups',
    'EPERM',
    'On pseries a container with a window has one group: the table is of the group that made it.',
    (s, o) => onPseries(s) && isShared(s, rowOf(s, o)),
    { cite: [linux('tce_iommu_create_window: set_window'), linux('spapr_tce_set_window')] },
  ),
];
