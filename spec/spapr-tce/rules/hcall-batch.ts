// What do H_PUT_TCE_INDIRECT and H_STUFF_TCE do, and what is left of a batch that stops in the middle?

import { pageOf } from '../../kit/pages.js';
import { ending, refuse } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { clearedBehind, listable, noted, protOf, storedFromList, userPageOf } from '../guest-tce.js';
import { userPage } from '../memory.js';
import { aligned } from '../pages.js';
import type { Op, State } from '../state.js';
import { firstInRange, indexIn, inRange, kvm, orToUserSpace, qemu, rowOf, windowKnown } from './hcall.js';
import type { Rule } from './ioctl.js';

type Indirect = Extract<Op, { op: 'h_put_tce_indirect' }>;
type Stuff = Extract<Op, { op: 'h_stuff_tce' }>;
type Batch = Indirect | Stuff;

const MOST = 512n;
const LIST_SHIFT = 12;

const none = <O extends Batch>(op: string): Rule<O> =>
  refuse(
    'H_PARAMETER',
    {
      id: `${op}/none`,
      says: 'A batch of no entries is refused; KVM finds nothing wrong with it.',
      cite: [qemu('h_put_tce_indirect, h_stuff_tce: ret')],
      status: 'disputed',
    },
    (_, o, p) => p.dialect !== 'kvm' && o.count === 0n,
  );

/** How many entries from the first on are in the window. */
const room = (s: State, o: Batch): number => s.windows[rowOf(s, o)]!.size - indexIn(s, o);

/** Entries of the list written one after the other, the first `count` of them. */
const written = (s: State, o: Indirect, count: number): State =>
  o.tces.slice(0, count).reduce((now, tce, i) => noted(now, rowOf(s, o), indexIn(s, o) + i, 1, tce), s);

/** Which entry of the list cannot be written though it permits nothing: its address is no guest memory. */
const poisonAt = (s: State, o: Indirect): number =>
  o.tces.findIndex(tce => protOf(tce) === 'none' && userPageOf(s, tce) < 0);

export const putTceIndirect: readonly Rule<Indirect>[] = [
  ...windowKnown<Indirect>('h_put_tce_indirect'),
  refuse(
    'H_PARAMETER',
    {
      id: 'h_put_tce_indirect/too-many',
      says: 'A list has at most 512 entries, as many as fit into a page of 4 KiB.',
      cite: [kvm('kvmppc_h_put_tce_indirect'), qemu('h_put_tce_indirect')],
    },
    (_, o) => o.count > MOST,
  ),
  none<Indirect>('h_put_tce_indirect'),
  refuse(
    'H_PARAMETER',
    {
      id: 'h_put_tce_indirect/list-misaligned',
      says: 'The list starts at a page of 4 KiB.',
      cite: [kvm('kvmppc_h_put_tce_indirect: tce_list'), qemu('h_put_tce_indirect: SPAPR_TCE_PAGE_MASK')],
    },
    (_, o) => !aligned(o.list, LIST_SHIFT),
  ),
  inRange<Indirect>('h_put_tce_indirect', o => o.count),
  firstInRange<Indirect>('h_put_tce_indirect'),
  ...orToUserSpace<Indirect>(
    'h_put_tce_indirect/no-list',
    'the list is in guest memory.',
    [kvm('kvmppc_h_put_tce_indirect: kvmppc_tce_to_ua')],
    (s, o, p) => p.dialect !== 'qemu' && userPage(s, pageOf(o.list)) < 0,
  ),
  ...orToUserSpace<Indirect>(
    'h_put_tce_indirect/bad-entry',
    'every entry of the list could be written, or none is.',
    [kvm('kvmppc_h_put_tce_indirect: kvmppc_tce_validate')],
    (s, o, p) => p.dialect !== 'qemu' && !o.tces.every(tce => listable(s, rowOf(s, o), tce, p)),
  ),
  {
    id: 'h_put_tce_indirect/poison-outside-memory',
    says: 'KVM stops at an entry without permission whose address is no guest memory; the entries before it are written.',
    cite: [kvm('kvmppc_h_put_tce_indirect: second kvmppc_tce_to_ua')],
    status: 'disputed',
    kind: 'must',
    errno: 'H_PARAMETER',
    when: (s, o, p) => p.dialect === 'kvm' && poisonAt(s, o) >= 0,
    then: (s, o, p) => ({
      outcome: { is: 'refused', errno: 'H_PARAMETER' },
      state: o.tces
        .slice(0, poisonAt(s, o))
        .reduce((now, tce, i) => storedFromList(now, rowOf(s, o), indexIn(s, o) + i, tce, p), s),
    }),
  },
  {
    id: 'h_put_tce_indirect/stops-at-end',
    says: 'An emulated window writes entry by entry, and refuses the first one out of range; those before it stay.',
    cite: [qemu('h_put_tce_indirect: put_tce_emu')],
    status: 'disputed',
    kind: 'must',
    errno: 'H_PARAMETER',
    when: (s, o, p) => p.dialect === 'qemu' && o.tces.length > room(s, o),
    then: (s, o) => ({
      outcome: { is: 'refused', errno: 'H_PARAMETER' },
      state: written(s, o, room(s, o)),
    }),
  },
  ending(
    {
      id: 'h_put_tce_indirect/kept',
      says: 'An emulated window keeps all values as they are.',
      cite: [qemu('h_put_tce_indirect')],
      status: 'disputed',
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: written(s, o, o.tces.length) }),
    (_, __, p) => p.dialect === 'qemu',
  ),
  ending(
    {
      id: 'h_put_tce_indirect/put',
      says: 'Every entry of the list is put as H_PUT_TCE puts it.',
      cite: [kvm('kvmppc_h_put_tce_indirect'), cite('papr', 'H_PUT_TCE_INDIRECT')],
    },
    (s, o, p) => ({
      outcome: { is: 'ok' },
      state: o.tces.reduce((now, tce, i) => storedFromList(now, rowOf(s, o), indexIn(s, o) + i, tce, p), s),
    }),
  ),
];

export const stuffTce: readonly Rule<Stuff>[] = [
  ...windowKnown<Stuff>('h_stuff_tce'),
  none<Stuff>('h_stuff_tce'),
  refuse(
    'H_PARAMETER',
    {
      id: 'h_stuff_tce/too-many',
      says: 'A call writes at most 512 entries.',
      cite: [kvm('tce_freemulti_pSeriesLP: limit')],
      status: 'disputed',
    },
    (_, o, p) => p.dialect === 'strict' && o.count > MOST,
  ),
  refuse(
    'H_PARAMETER',
    {
      id: 'h_stuff_tce/more-than-window',
      says: 'An emulated window refuses more entries than it has, wherever they would begin.',
      cite: [qemu('h_stuff_tce: nb_table')],
      status: 'disputed',
    },
    (s, o, p) => p.dialect === 'qemu' && o.count > BigInt(s.windows[rowOf(s, o)]!.size),
  ),
  inRange<Stuff>('h_stuff_tce', o => o.count),
  firstInRange<Stuff>('h_stuff_tce'),
  refuse(
    'H_PARAMETER',
    {
      id: 'h_stuff_tce/permission',
      says: 'Many entries at once may be cleared or poisoned, but not given permission.',
      cite: [kvm('kvmppc_h_stuff_tce: TCE_PCI_WRITE | TCE_PCI_READ')],
      status: 'disputed',
    },
    (_, o, p) => p.dialect !== 'qemu' && protOf(o.tce) !== 'none',
  ),
  {
    id: 'h_stuff_tce/stops-at-end',
    says: 'An emulated window writes entry by entry, and refuses the first one out of range; those before it stay.',
    cite: [qemu('h_stuff_tce: put_tce_emu')],
    status: 'disputed',
    kind: 'must',
    errno: 'H_PARAMETER',
    when: (s, o, p) => p.dialect === 'qemu' && o.count > BigInt(room(s, o)),
    then: (s, o) => ({
      outcome: { is: 'refused', errno: 'H_PARAMETER' },
      state: noted(s, rowOf(s, o), indexIn(s, o), room(s, o), o.tce),
    }),
  },
  ending(
    {
      id: 'h_stuff_tce/stuffed',
      says: 'The hardware entries behind the range are cleared, and the guest finds the value in each of its own; an emulated window has no hardware behind it.',
      cite: [kvm('kvmppc_h_stuff_tce'), qemu('h_stuff_tce'), cite('papr', 'H_STUFF_TCE')],
    },
    (s, o, p) => {
      const [w, index, count] = [rowOf(s, o), indexIn(s, o), Number(o.count)];
      const bare = p.dialect === 'qemu' ? s : clearedBehind(s, w, index, count, p);
      return { outcome: { is: 'ok' }, state: noted(bare, w, index, count, o.tce) };
    },
  ),
];
