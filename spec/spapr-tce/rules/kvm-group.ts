// Which hardware table stands behind a guest's window, and until when?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { windowNumbered } from '../guest-window.js';
import { unitsOf } from '../pages.js';
import type { Op, State } from '../state.js';
import { putAt } from '../table.js';
import type { Rule } from './ioctl.js';
import { noKvm } from './kvm-window.js';

type Attach = Extract<Op, { op: 'kvm_attach' }>;
type Release = Extract<Op, { op: 'kvm_release' }>;

const linux = (at: string) => cite('linux-tce', at);

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

export const kvmAttach: readonly Rule<Attach>[] = [
  noKvm('kvm_attach'),
  refuse(
    'ENOENT',
    {
      id: 'kvm_attach/no-group',
      says: 'The group is one that is there.',
      cite: [linux('kvm_vfio_file_set_spapr_tce')],
    },
    (s, o) => s.groups[o.group]?.exists !== true,
  ),
  refuse(
    'EINVAL',
    {
      id: 'kvm_attach/unknown-window',
      says: 'The window is one of this guest.',
      cite: [linux('kvm_spapr_tce_attach_iommu_group: found')],
    },
    (s, o) => windowNumbered(s, o.liobn) < 0,
  ),
  refuse(
    'EINVAL',
    {
      id: 'kvm_attach/no-table-fits',
      says: "A table of the group must start at the same byte, be as long as the window, and have pages that are not larger; it is one that the guest's address space made for version 2.",
      cite: [
        linux('kvm_spapr_tce_attach_iommu_group: it_page_shift, it_offset, it_size'),
        cite('ours', 'ADR-0013: what spapr-tce corrects'),
      ],
    },
    (s, o) => fitting(s, o) < 0,
  ),
  refuse(
    'ENOMEM',
    {
      id: 'kvm_attach/no-memory',
      says: 'The call may fail for want of memory for its record.',
      cite: [linux('kvm_spapr_tce_attach_iommu_group: kzalloc')],
    },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'kvm_attach/linked',
      says: 'From now on what the guest writes to the window is written to the table, once however many groups share it.',
      cite: [linux('kvm_spapr_tce_attach_iommu_group')],
    },
    (s, o) => {
      const w = windowNumbered(s, o.liobn);
      const links = s.links[w]!.set(o.group, { table: fitting(s, o) });
      return { outcome: { is: 'ok' }, state: patch(s, { links: putAt(s.links, w, links) }) };
    },
  ),
];

export const kvmRelease: readonly Rule<Release>[] = [
  noKvm('kvm_release'),
  refuse(
    'ENOENT',
    {
      id: 'kvm_release/no-group',
      says: 'The group is one that is there.',
      cite: [linux('kvm_vfio_file_del')],
    },
    (s, o) => s.groups[o.group]?.exists !== true,
  ),
  ending(
    {
      id: 'kvm_release/released',
      says: 'No window writes to a table on behalf of the group any more; on behalf of others it does.',
      cite: [linux('kvm_spapr_tce_release_iommu_group')],
    },
    (s, o) => {
      const links = s.links.map(list => list.delete(o.group));
      const same = links.every((list, at) => list === s.links[at]);
      return { outcome: { is: 'ok' }, state: same ? s : patch(s, { links }) };
    },
  ),
];
