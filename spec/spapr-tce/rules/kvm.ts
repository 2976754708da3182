// How does KVM learn of a guest's windows, and of the hardware tables behind them?
import { patch } from '../../kit/record.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { putAt } from '../changing.js';
import { withGuestWindow, withoutGuestWindow } from '../guest-windows.js';
import { windowNumbered } from '../looking.js';
import { liobnOf, unitsOf } from '../pages.js';
import type { Op, State } from '../state.js';
import type { Rule } from './asking.js';

type Create = Extract<Op, { op: 'kvm_create' }>;
type Close = Extract<Op, { op: 'kvm_close' }>;
type Attach = Extract<Op, { op: 'kvm_attach' }>;
type Release = Extract<Op, { op: 'kvm_release' }>;

const linux = (at: string) => cite('linux-tce', at);

const MOST = (1n << 64n) - 1n;
const SMALLEST = 12;
const LARGEST = 34;

export const kvmCreate: readonly Rule<Create>[] = [
  refuse(
    'ENODEV',
    {
      id: 'kvm_create/no-kvm',
      says: 'Without a guest, or with one that is emulated, there is no KVM.',
      cite: [cite('ours', 'ADR-0013: what spapr-tce corrects')],
    },
    (s, _, p) => s.platform.guestMm < 0 || p.dialect === 'qemu',
  ),
  refuse(
    'EINVAL',
    {
      id: 'kvm_create/bad-window',
      says: 'A window has entries, pages of 2^12 to 2^34, and ends below 2^64.',
      cite: [linux('kvm_vm_ioctl_create_spapr_tce')],
    },
    (_, o) =>
      o.size === 0n || o.shift < SMALLEST || o.shift > LARGEST || o.offset + o.size > MOST >> BigInt(o.shift),
  ),
  refuse(
    'EBUSY',
    {
      id: 'kvm_create/taken',
      says: "A number names one window, and those of a guest's bridges are kept for RTAS.",
      cite: [linux('kvm_vm_ioctl_create_spapr_tce: liobn'), cite('qemu', 'SPAPR_PCI_LIOBN')],
    },
    (s, o) =>
      windowNumbered(s, o.liobn) >= 0 ||
      s.guestBridges.some((_, b) => o.liobn === liobnOf(b, 0) || o.liobn === liobnOf(b, 1)),
  ),
  refuse(
    'ENOMEM',
    {
      id: 'kvm_create/no-memory',
      says: 'The call may fail for want of memory, or of memory that may be locked.',
      cite: [linux('kvm_vm_ioctl_create_spapr_tce: account_locked_vm')],
    },
    () => true,
    'may',
  ),
  ending(
    {
      id: 'kvm_create/created',
      says: 'The guest has a window that starts where it is told, with no entries.',
      cite: [linux('kvm_vm_ioctl_create_spapr_tce')],
    },
    (s, o) => ({
      outcome: { is: 'ok' },
      state: withGuestWindow(s, {
        kind: 'kvm',
        liobn: o.liobn,
        bridge: -1,
        slot: -1,
        shift: o.shift,
        offset: Number(o.offset),
        size: Number(o.size),
      }),
    }),
  ),
];

export const kvmClose: readonly Rule<Close>[] = [
  refuse(
    'EBADF',
    {
      id: 'kvm_close/not-open',
      says: 'Only a window that KVM made is closed.',
      cite: [cite('posix', 'errors: EBADF')],
    },
    (s, o) => s.windows[windowNumbered(s, o.liobn)]?.kind !== 'kvm',
  ),
  ending(
    {
      id: 'kvm_close/closed',
      says: 'The window is gone with its links; what is in the hardware tables stays until it is unmapped there.',
      cite: [linux('kvm_spapr_tce_release')],
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: withoutGuestWindow(s, windowNumbered(s, o.liobn)) }),
  ),
];

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
    'ENOENT',
    {
      id: 'kvm_attach/no-group',
      says: 'The group is one that is there.',
      cite: [linux('kvm_vfio_group_set_spapr_tce')],
    },
    (s, o) => s.groups[o.group]?.exists !== true,
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
  refuse(
    'ENOENT',
    {
      id: 'kvm_release/no-group',
      says: 'The group is one that is there.',
      cite: [linux('kvm_vfio_group_del')],
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
