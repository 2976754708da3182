// What do H_PUT_TCE and H_GET_TCE do, and which checks does every hypercall on a window begin with?
import { oneAt } from '../../kit/runs.js';
import type { Citation } from '../../law/sources.js';
import { cite } from '../../law/sources.js';
import { values } from '../entries.js';
import { indexOf, inWindow, noted, stored, writable } from '../guest-tce.js';
import { windowNumbered } from '../guest-window.js';
import type { Op, State } from '../state.js';
import { about, linux, type Rule } from './ioctl.js';

type Put = Extract<Op, { op: 'h_put_tce' }>;
type Get = Extract<Op, { op: 'h_get_tce' }>;

interface OnWindow {
  readonly liobn: bigint;
  readonly ioba: bigint;
}

export const papr = (at: string): Citation => cite('papr', at);
export const qemu = (at: string): Citation => cite('qemu', at);

/** Row of the window that a call names; only asked once it is known. */
export const rowOf = (s: State, o: { readonly liobn: bigint }): number => windowNumbered(s, o.liobn);
export const indexIn = (s: State, o: OnWindow): number => indexOf(s, rowOf(s, o), o.ioba);

/** A check with two answers: KVM hands the call to user space, all others refuse it. */
export const orToUserSpace = <O>(
  op: string,
  what: string,
  says: { readonly kvm: string; readonly others: string },
  cited: readonly Citation[],
  when: Rule<O>['when'],
): readonly Rule<O>[] => {
  const on = about<O>(op, ...cited);
  return [
    on.must(
      `${what}-to-user-space`,
      'H_TOO_HARD',
      says.kvm,
      (s, o, p) => p.dialect === 'kvm' && when(s, o, p),
      { status: 'disputed' },
    ),
    on.must(what, 'H_PARAMETER', says.others, (s, o, p) => p.dialect !== 'kvm' && when(s, o, p)),
  ];
};

export const windowKnown = <O extends OnWindow>(op: string): readonly Rule<O>[] =>
  orToUserSpace<O>(
    op,
    'unknown-window',
    {
      kvm: 'KVM leaves a LIOBN that it does not know to user space.',
      others: 'The LIOBN must be that of a window.',
    },
    [linux('kvmppc_find_table'), qemu('spapr_tce_find_by_liobn')],
    (s, o) => rowOf(s, o) < 0,
  );

/** Address and range, where they are checked before anything is written. */
export const inRange = <O extends OnWindow>(op: string, count: (o: O) => bigint): Rule<O> =>
  about<O>(op, linux('iommu_tce_check_ioba'), papr(op.toUpperCase())).must(
    'out-of-window',
    'H_PARAMETER',
    'The address must be a whole page, and all pages must be in the window, which may end at 2^64.',
    (s, o, p) => p.dialect !== 'qemu' && !inWindow(s, rowOf(s, o), o.ioba, count(o)),
  );

/** QEMU rounds an address down, and looks only whether that page is in the window. */
export const beyond = (s: State, o: OnWindow): boolean => indexIn(s, o) >= s.windows[rowOf(s, o)]!.size;

export const firstInRange = <O extends OnWindow>(op: string): Rule<O> =>
  about<O>(op, qemu('put_tce_emu, get_tce_emu')).must(
    'page-out-of-window',
    'H_PARAMETER',
    'QEMU rounds the address down to a page, and that page must be in the window.',
    (s, o, p) => p.dialect === 'qemu' && beyond(s, o),
    { status: 'disputed' },
  );

const ONE = () => 1n;
const onPut = about<Put>('h_put_tce', linux('kvmppc_h_put_tce'), papr('H_PUT_TCE'));

export const putTce: readonly Rule<Put>[] = [
  ...windowKnown<Put>('h_put_tce'),
  inRange<Put>('h_put_tce', ONE),
  firstInRange<Put>('h_put_tce'),
  ...orToUserSpace<Put>(
    'h_put_tce',
    'bad-entry',
    {
      kvm: 'KVM leaves an entry with permission that it cannot write to user space.',
      others:
        'An entry with permission must name a whole page of guest memory; behind a hardware table, one of registered memory with pages that are large enough.',
    },
    [linux('kvmppc_tce_validate')],
    (s, o, p) => p.dialect !== 'qemu' && !writable(s, rowOf(s, o), o.tce),
  ),
  onPut.ends(
    'kept',
    'QEMU keeps the value as it is, whatever it is.',
    (s, o) => ({ outcome: { is: 'ok' }, state: noted(s, rowOf(s, o), indexIn(s, o), 1, o.tce) }),
    (_, __, p) => p.dialect === 'qemu',
    { cite: [qemu('put_tce_emu')], status: 'disputed' },
  ),
  onPut.ends(
    'put',
    'The entry is written to every hardware table behind the window, or cleared there if it permits nothing. The guest reads the value as it wrote it.',
    (s, o, p) => ({ outcome: { is: 'ok' }, state: stored(s, rowOf(s, o), indexIn(s, o), o.tce, p) }),
  ),
];

export const getTce: readonly Rule<Get>[] = [
  ...windowKnown<Get>('h_get_tce'),
  inRange<Get>('h_get_tce', ONE),
  firstInRange<Get>('h_get_tce'),
  about<Get>('h_get_tce', linux('kvmppc_h_get_tce'), papr('H_GET_TCE')).ends(
    'got',
    'The value is read as it was written; where nothing was written it is 0.',
    (s, o) => ({
      outcome: { is: 'ok', tce: oneAt(s.shadow[rowOf(s, o)]!, indexIn(s, o), values)?.tce ?? 0n },
      state: s,
    }),
  ),
];
