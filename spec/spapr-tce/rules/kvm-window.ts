// How does KVM learn of a guest's windows?
import { always } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { windowNumbered, withGuestWindow, withoutGuestWindow } from '../guest-window.js';
import type { Op } from '../state.js';
import { about, linux, type Rule } from './ioctl.js';

type Create = Extract<Op, { op: 'kvm_create' }>;
type Close = Extract<Op, { op: 'kvm_close' }>;

const MOST = (1n << 64n) - 1n;
const SMALLEST = 12;
const LARGEST = 34;

export const noKvm = <O extends Op>(op: O['op']): Rule<O> =>
  about<O>(op, cite('ours', 'ADR-0013: what spapr-tce corrects')).must(
    'no-kvm',
    'ENODEV',
    'There must be a guest that KVM runs.',
    (s, _, p) => s.platform.guestMm < 0 || p.dialect === 'qemu',
  );

const onCreate = about<Create>('kvm_create', linux('kvm_vm_ioctl_create_spapr_tce'));

export const kvmCreate: readonly Rule<Create>[] = [
  noKvm('kvm_create'),
  onCreate.must(
    'bad-window',
    'EINVAL',
    'A window must have entries, pages of 2^12 to 2^34, and its end below 2^64.',
    (_, o) =>
      o.size === 0n || o.shift < SMALLEST || o.shift > LARGEST || o.offset + o.size > MOST >> BigInt(o.shift),
  ),
  onCreate.may(
    'no-memory',
    'ENOMEM',
    'There may be no memory for the table, or none that may be locked.',
    always,
    { cite: [linux('kvm_vm_ioctl_create_spapr_tce: account_locked_vm')] },
  ),
  onCreate.must(
    'taken',
    'EBUSY',
    'The LIOBN must be that of no window.',
    (s, o) => windowNumbered(s, o.liobn) >= 0,
    { cite: [linux('kvm_vm_ioctl_create_spapr_tce: liobn')] },
  ),
  onCreate.ends('created', 'The guest has a window where the call says, without entries.', (s, o) => ({
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
  })),
];

const onClose = about<Close>('kvm_close', linux('kvm_spapr_tce_release'));

export const kvmClose: readonly Rule<Close>[] = [
  onClose.must(
    'not-open',
    'EBADF',
    'KVM must have made the window.',
    (s, o) => s.windows[windowNumbered(s, o.liobn)]?.kind !== 'kvm',
    { cite: [cite('posix', 'errors: EBADF')] },
  ),
  onClose.ends(
    'closed',
    'The window is gone with its links. What is in the hardware tables stays until it is unmapped there.',
    (s, o) => ({ outcome: { is: 'ok' }, state: withoutGuestWindow(s, windowNumbered(s, o.liobn)) }),
  ),
];
