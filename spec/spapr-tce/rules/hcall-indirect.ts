// What does H_PUT_TCE_INDIRECT do with a list of entries?
import { pageOf } from '../../kit/pages.js';
import { always } from '../../law/clause.js';
import { listable, noted, protOf, storedFromList, userPageOf } from '../guest-tce.js';
import { userPage } from '../memory.js';
import { aligned } from '../pages.js';
import type { PolicyValues } from '../policies.js';
import type { State } from '../state.js';
import { swept, within } from '../table.js';
import { firstInRange, indexIn, inRange, orToUserSpace, papr, qemu, rowOf, windowKnown } from './hcall.js';
import { type Indirect, MOST, none, room, stopsAtEnd } from './hcall-batch.js';
import { about, linux, type Rule } from './ioctl.js';

const LIST_SHIFT = 12;

/** Entries of the list written one after the other, the first `count` of them. */
const written = (s: State, o: Indirect, count: number): State =>
  o.tces.slice(0, count).reduce((now, tce, i) => noted(now, rowOf(s, o), indexIn(s, o) + i, 1, tce), s);

/** The same with the hardware tables behind the window. */
const put = (s: State, o: Indirect, count: number, p: PolicyValues): State =>
  swept(
    o.tces
      .slice(0, count)
      .reduce((now, tce, i) => storedFromList(now, rowOf(s, o), indexIn(s, o) + i, tce, within(p)), s),
    p,
  );

/** Which entry of the list cannot be written though it permits nothing: its address is no guest memory. */
const poisonAt = (s: State, o: Indirect): number =>
  o.tces.findIndex(tce => protOf(tce) === 'none' && userPageOf(s, tce) < 0);

const onIndirect = about<Indirect>('h_put_tce_indirect', linux('kvmppc_h_put_tce_indirect'));

/** A LIOBN with this bit is a count of tables. */
const NEGATIVE = 1n << 63n;

export const putTceIndirect: readonly Rule<Indirect>[] = [
  onIndirect.must(
    'multiple-tables',
    'H_FUNCTION',
    'A negative LIOBN asks for several tables, an option that the partition does not have.',
    (_, o, p) => p.dialect === 'strict' && o.liobn >= NEGATIVE,
    { cite: [papr('H_PUT_TCE_INDIRECT: MTT option')], status: 'disputed' },
  ),
  ...windowKnown<Indirect>('h_put_tce_indirect'),
  onIndirect.must(
    'too-many',
    'H_PARAMETER',
    'A list must have at most 512 entries, as many as fit into a page of 4 KiB.',
    (_, o) => o.count > MOST,
    { cite: [linux('kvmppc_h_put_tce_indirect'), qemu('h_put_tce_indirect')] },
  ),
  none<Indirect>('h_put_tce_indirect'),
  onIndirect.must(
    'list-misaligned',
    'H_PARAMETER',
    'The list must start at a page of 4 KiB.',
    (_, o) => !aligned(o.list, LIST_SHIFT),
    { cite: [linux('kvmppc_h_put_tce_indirect: tce_list'), qemu('h_put_tce_indirect: SPAPR_TCE_PAGE_MASK')] },
  ),
  inRange<Indirect>('h_put_tce_indirect', o => o.count),
  firstInRange<Indirect>('h_put_tce_indirect'),
  ...orToUserSpace<Indirect>(
    'h_put_tce_indirect',
    'no-list',
    {
      kvm: 'KVM leaves a list that is not in guest memory to user space.',
      others: 'The list must be in guest memory.',
    },
    [linux('kvmppc_h_put_tce_indirect: kvmppc_tce_to_ua')],
    (s, o, p) => p.dialect !== 'qemu' && userPage(s, pageOf(o.list)) < 0,
  ),
  ...orToUserSpace<Indirect>(
    'h_put_tce_indirect',
    'bad-entry',
    {
      kvm: 'KVM leaves a list with an entry that it cannot write to user space, before any is written.',
      others: 'Every entry of the list must be one that can be written; else none is.',
    },
    [linux('kvmppc_h_put_tce_indirect: kvmppc_tce_validate')],
    (s, o, p) => p.dialect !== 'qemu' && !o.tces.every(tce => listable(s, rowOf(s, o), tce, p)),
  ),
  {
    ...onIndirect.ends(
      'poison-outside-memory',
      'KVM stops at an entry without permission whose address is no guest memory; the entries before it are written.',
      (s, o, p) => ({
        outcome: { is: 'refused', errno: 'H_PARAMETER' },
        state: put(s, o, poisonAt(s, o), p),
      }),
      (s, o, p) => p.dialect === 'kvm' && poisonAt(s, o) >= 0,
      { cite: [linux('kvmppc_h_put_tce_indirect: second kvmppc_tce_to_ua')], status: 'disputed' },
    ),
    errno: 'H_PARAMETER',
  },
  {
    ...onIndirect.ends(
      'stops-at-end',
      stopsAtEnd,
      (s, o) => ({
        outcome: { is: 'refused', errno: 'H_PARAMETER' },
        state: written(s, o, room(s, o)),
      }),
      (s, o, p) => p.dialect === 'qemu' && o.tces.length > room(s, o),
      { cite: [qemu('h_put_tce_indirect: put_tce_emu')], status: 'disputed' },
    ),
    errno: 'H_PARAMETER',
  },
  onIndirect.ends(
    'kept',
    'QEMU keeps all values as they are.',
    (s, o) => ({ outcome: { is: 'ok' }, state: written(s, o, o.tces.length) }),
    (_, __, p) => p.dialect === 'qemu',
    { cite: [qemu('h_put_tce_indirect')], status: 'disputed' },
  ),
  onIndirect.ends(
    'put',
    'Every entry of the list is put as H_PUT_TCE puts it.',
    (s, o, p) => ({
      outcome: { is: 'ok' },
      state: put(s, o, o.tces.length, p),
    }),
    always,
    { cite: [linux('kvmppc_h_put_tce_indirect'), papr('H_PUT_TCE_INDIRECT')] },
  ),
];
