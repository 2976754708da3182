// What do H_PUT_TCE and H_GET_TCE do, and which checks does every hypercall on a window begin with?

import { oneAt } from '../../kit/runs.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { values } from '../entries.js';
import { indexOf, inWindow, noted, stored, writable } from '../guest-tce.js';
import { windowNumbered } from '../guest-window.js';
import type { Op, State } from '../state.js';
import type { Rule } from './ioctl.js';

type Put = Extract<Op, { op: 'h_put_tce' }>;
type Get = Extract<Op, { op: 'h_get_tce' }>;

interface OnWindow {
  readonly liobn: bigint;
  readonly ioba: bigint;
}

export const kvm = (at: string) => cite('linux-tce', at);
export const qemu = (at: string) => cite('qemu', at);

/** Row of the window that a call names; only asked once it is known. */
export const rowOf = (s: State, o: { readonly liobn: bigint }): number => windowNumbered(s, o.liobn);
export const indexIn = (s: State, o: OnWindow): number => indexOf(s, rowOf(s, o), o.ioba);

/** A check with two answers: KVM hands the call to user space, all others refuse it. */
export const orToUserSpace = <O>(
  id: string,
  says: string,
  cited: readonly ReturnType<typeof cite>[],
  when: Rule<O>['when'],
): readonly Rule<O>[] => [
  refuse(
    'H_TOO_HARD',
    {
      id: `${id}-to-user-space`,
      says: `KVM leaves it to user space: ${says}`,
      cite: cited,
      status: 'disputed',
    },
    (s, o, p) => p.dialect === 'kvm' && when(s, o, p),
  ),
  refuse(
    'H_PARAMETER',
    { id, says: says.charAt(0).toUpperCase() + says.slice(1), cite: cited },
    (s, o, p) => p.dialect !== 'kvm' && when(s, o, p),
  ),
];

export const windowKnown = <O extends OnWindow>(op: string): readonly Rule<O>[] =>
  orToUserSpace<O>(
    `${op}/unknown-window`,
    'the number must be that of a window.',
    [kvm('kvmppc_find_table'), qemu('spapr_tce_find_by_liobn')],
    (s, o) => rowOf(s, o) < 0,
  );

/** Address and range, where they are checked before anything is written. */
export const inRange = <O extends OnWindow>(op: string, count: (o: O) => bigint): Rule<O> =>
  refuse(
    'H_PARAMETER',
    {
      id: `${op}/out-of-window`,
      says: 'The address is a whole page, and all pages lie in the window; a window may end at 2^64.',
      cite: [kvm('iommu_tce_check_ioba'), cite('papr', op.toUpperCase())],
    },
    (s, o, p) => p.dialect !== 'qemu' && !inWindow(s, rowOf(s, o), o.ioba, count(o)),
  );

/** QEMU rounds an address down, and looks only whether that page is in the window. */
export const beyond = (s: State, o: OnWindow): boolean => {
  const index = indexIn(s, o);
  return index < 0 || index >= s.windows[rowOf(s, o)]!.size;
};

export const firstInRange = <O extends OnWindow>(op: string): Rule<O> =>
  refuse(
    'H_PARAMETER',
    {
      id: `${op}/page-out-of-window`,
      says: 'Where the address is rounded down, its page lies in the window.',
      cite: [qemu('put_tce_emu, get_tce_emu')],
      status: 'disputed',
    },
    (s, o, p) => p.dialect === 'qemu' && beyond(s, o),
  );

const ONE = () => 1n;

export const putTce: readonly Rule<Put>[] = [
  ...windowKnown<Put>('h_put_tce'),
  inRange<Put>('h_put_tce', ONE),
  firstInRange<Put>('h_put_tce'),
  ...orToUserSpace<Put>(
    'h_put_tce/bad-entry',
    'an entry with permission names a whole page of guest memory, and where a hardware table is behind the window, registered memory with pages that are large enough.',
    [kvm('kvmppc_tce_validate')],
    (s, o, p) => p.dialect !== 'qemu' && !writable(s, rowOf(s, o), o.tce),
  ),
  ending(
    {
      id: 'h_put_tce/kept',
      says: 'An emulated window keeps the value as it is, whatever it is.',
      cite: [qemu('put_tce_emu')],
      status: 'disputed',
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: noted(s, rowOf(s, o), indexIn(s, o), 1, o.tce) }),
    (_, __, p) => p.dialect === 'qemu',
  ),
  ending(
    {
      id: 'h_put_tce/put',
      says: 'The entry is written to every hardware table behind the window, or cleared there if it permits nothing; the guest finds the value as it wrote it.',
      cite: [kvm('kvmppc_h_put_tce'), cite('papr', 'H_PUT_TCE')],
    },
    (s, o, p) => ({ outcome: { is: 'ok' }, state: stored(s, rowOf(s, o), indexIn(s, o), o.tce, p) }),
  ),
];

export const getTce: readonly Rule<Get>[] = [
  ...windowKnown<Get>('h_get_tce'),
  inRange<Get>('h_get_tce', ONE),
  firstInRange<Get>('h_get_tce'),
  ending(
    {
      id: 'h_get_tce/got',
      says: 'The value is read as it was written; where nothing was written it is 0.',
      cite: [kvm('kvmppc_h_get_tce'), cite('papr', 'H_GET_TCE')],
    },
    (s, o) => ({
      outcome: { is: 'ok', tce: oneAt(s.shadow[rowOf(s, o)]!, indexIn(s, o), values)?.tce ?? 0n },
      state: s,
    }),
  ),
];
