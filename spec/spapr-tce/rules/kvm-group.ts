// Which hardware table is behind a guest's window, and until when?

import { patch } from '../../kit/record.js';
import { always } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { windowNumbered } from '../guest-window.js';
import { unitsOf } from '../pages.js';
import type { Op, State } from '../state.js';
import { putAt } from '../table.js';
import { about, linux, type Rule } from './ioctl.js';
import { noKvm } from './kvm-window.js';

type Attach = Extract<Op, { op: 'kvm_attach' }>;
type Release = Extract<Op, { op: 'kvm_release' }>;

/** Row of the first table of the group that can stand behind the window, -1: none. */
function fitting(s: State, o: Attach): number {
  const w = s.windows[windowNumbered(s, o.liobn)]!;
  const { window0, window1 } = s.groups[o.group]!;
  const fits = (row: number): boolean => {
    const t = s.tables[row];
    return (
      t !== undefined &&
      t.kind === 'container' &&
      t.mm === s.platform.guestMm &&
      t.shift <= w.shift &&
      t.offset * unitsOf(t.shift) === w.offset * unitsOf(w.shift) &&
      t.size * unitsOf(t.shift) >= w.size * unitsOf(w.shift)
    );
  };
  return [window0, window1].find(fits) ?? -1;
}

const onAttach = about<Attach>('kvm_attach', linux('kvm_spapr_tce_attach_iommu_group'));

export const kvmAttach: readonly Rule<Attach>[] = [
  noKvm('kvm_attach'),
  onAttach.must('no-group', 'ENOENT', 'The group must exist.', (s, o) => s.groups[o.group]?.exists !== true, {
    cite: [linux('kvm_vfio_file_set_spapr_tce')],
  }),
  onAttach.must(
    'unknown-window',
    'EBADF',
    'The guest must have a window of that LIOBN.',
    (s, o) => windowNumbered(s, o.liobn) < 0,
    { cite: [linux('kvm_vfio_file_set_spapr_tce: tablefd')] },
  ),
  onAttach.must(
    'no-table-fits',
    'EINVAL',
    "A table of the group must start where the window starts, be at least as long, and have pages that are not larger. The guest's address space must have made it for version 2.",
    (s, o) => fitting(s, o) < 0,
    {
      cite: [
        linux('kvm_spapr_tce_attach_iommu_group: it_page_shift, it_offset, it_size'),
        cite('ours', 'ADR-0013: what spapr-tce corrects'),
      ],
    },
  ),
  onAttach.may('no-memory', 'ENOMEM', 'There may be no memory for the record of the table.', always, {
    cite: [linux('kvm_spapr_tce_attach_iommu_group: kzalloc')],
  }),
  onAttach.ends(
    'linked',
    'What the guest writes to the window is from now on written to the table, once however many groups share it.',
    (s, o) => {
      const w = windowNumbered(s, o.liobn);
      const links = s.links[w]!.set(o.group, { table: fitting(s, o) });
      return { outcome: { is: 'ok' }, state: patch(s, { links: putAt(s.links, w, links) }) };
    },
  ),
];

const onRelease = about<Release>('kvm_release', linux('kvm_spapr_tce_release_iommu_group'));

export const kvmRelease: readonly Rule<Release>[] = [
  noKvm('kvm_release'),
  onRelease.must(
    'no-group',
    'ENOENT',
    'The group must exist.',
    (s, o) => s.groups[o.group]?.exists !== true,
    {
      cite: [linux('kvm_vfio_file_del')],
    },
  ),
  onRelease.ends(
    'released',
    'No window writes to a table on behalf of the group any more; on behalf of others it does.',
    (s, o) => {
      const links = s.links.map(list => list.delete(o.group));
      const same = links.every((list, at) => list === s.links[at]);
      return { outcome: { is: 'ok' }, state: same ? s : patch(s, { links }) };
    },
  ),
];
