// How does KVM learn of a guest's windows?
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { windowNumbered, withGuestWindow, withoutGuestWindow } from '../guest-window.js';
import { liobnOf } from '../pages.js';
import type { Op } from '../state.js';
import type { Rule } from './ioctl.js';

type Create = Extract<Op, { op: 'kvm_create' }>;
type Close = Extract<Op, { op: 'kvm_close' }>;

const linux = (at: string) => cite('linux-tce', at);

const MOST = (1n << 64n) - 1n;
const SMALLEST = 12;
const LARGEST = 34;

export const noKvm = <O extends Op>(op: O['op']): Rule<O> =>
  refuse(
    'ENODEV',
    {
      id: `${op}/no-kvm`,
      says: 'Without a guest, or with one that is emulated, there is no KVM.',
      cite: [cite('ours', 'ADR-0013: what spapr-tce corrects')],
    },
    (s, _, p) => s.platform.guestMm < 0 || p.dialect === 'qemu',
  );

export const kvmCreate: readonly Rule<Create>[] = [
  noKvm('kvm_create'),
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
    'ENOMEM',
    {
      id: 'kvm_create/no-memory',
      says: 'The call may fail for want of memory, or of memory that may be locked.',
      cite: [linux('kvm_vm_ioctl_create_spapr_tce: account_locked_vm')],
    },
    () => true,
    'may',
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
