// What does H_STUFF_TCE do with one value for many entries?
import { clearedBehind, inWindow, noted, protOf, stored, writable } from '../guest-tce.js';
import type { State } from '../state.js';
import { swept, within } from '../table.js';
import { firstInRange, indexIn, inRange, papr, qemu, rowOf, windowKnown } from './hcall.js';
import { MOST, none, room, type Stuff, stopsAtEnd } from './hcall-batch.js';
import { about, linux, type Rule } from './ioctl.js';

const onStuff = about<Stuff>(
  'h_stuff_tce',
  linux('kvmppc_h_stuff_tce'),
  qemu('h_stuff_tce'),
  papr('H_STUFF_TCE'),
);

export const stuffTce: readonly Rule<Stuff>[] = [
  ...windowKnown<Stuff>('h_stuff_tce'),
  none<Stuff>('h_stuff_tce'),
  onStuff.must(
    'first-out-of-window',
    'H_PARAMETER',
    'The first page must be in the window, whatever the count.',
    (s, o, p) => p.dialect === 'strict' && !inWindow(s, rowOf(s, o), o.ioba, 1n),
    { cite: [papr('H_STUFF_TCE')], status: 'disputed' },
  ),
  onStuff.must(
    'too-many',
    'H_P4',
    'A call must write at most 512 entries.',
    (_, o, p) => p.dialect === 'strict' && o.count > MOST,
    { cite: [papr('H_STUFF_TCE: H_P4')], status: 'disputed' },
  ),
  onStuff.must(
    'more-than-window',
    'H_PARAMETER',
    'QEMU takes no more entries than the window has, wherever they would begin.',
    (s, o, p) => p.dialect === 'qemu' && o.count > BigInt(s.windows[rowOf(s, o)]!.size),
    { cite: [qemu('h_stuff_tce: nb_table')], status: 'disputed' },
  ),
  inRange<Stuff>('h_stuff_tce', o => o.count),
  firstInRange<Stuff>('h_stuff_tce'),
  onStuff.must(
    'permission',
    'H_PARAMETER',
    'KVM gives no permission to many entries at once.',
    (_, o, p) => p.dialect === 'kvm' && protOf(o.tce) !== 'none',
    { cite: [linux('kvmppc_h_stuff_tce: TCE_PCI_WRITE | TCE_PCI_READ')], status: 'disputed' },
  ),
  onStuff.must(
    'bad-entry',
    'H_PARAMETER',
    'An entry with permission must be one that H_PUT_TCE can write.',
    (s, o, p) => p.dialect === 'strict' && o.count > 0n && !writable(s, rowOf(s, o), o.tce),
    { cite: [papr('H_STUFF_TCE')], status: 'disputed' },
  ),
  {
    ...onStuff.ends(
      'stops-at-end',
      stopsAtEnd,
      (s, o) => ({
        outcome: { is: 'refused', errno: 'H_PARAMETER' },
        state: noted(s, rowOf(s, o), indexIn(s, o), room(s, o), o.tce),
      }),
      (s, o, p) => p.dialect === 'qemu' && o.count > BigInt(room(s, o)),
      { cite: [qemu('h_stuff_tce: put_tce_emu')], status: 'disputed' },
    ),
    errno: 'H_PARAMETER',
  },
  onStuff.ends(
    'duplicated',
    'An entry with permission is put in every place of the range as H_PUT_TCE puts it.',
    (s, o, p) => ({
      outcome: { is: 'ok' },
      state: swept(
        Array.from({ length: Number(o.count) }).reduce(
          (now: State, _, i) => stored(now, rowOf(s, o), indexIn(s, o) + i, o.tce, within(p)),
          s,
        ),
        p,
      ),
    }),
    (_, o, p) => p.dialect === 'strict' && protOf(o.tce) !== 'none',
    { cite: [papr('H_STUFF_TCE: duplicates the mapping')], status: 'disputed' },
  ),
  onStuff.ends(
    'stuffed',
    'The hardware entries behind the range are cleared, and the guest reads the value in each of its own. QEMU has no hardware behind a window.',
    (s, o, p) => {
      const [w, index, count] = [rowOf(s, o), indexIn(s, o), Number(o.count)];
      const bare = p.dialect === 'qemu' ? s : clearedBehind(s, w, index, count, p);
      return { outcome: { is: 'ok' }, state: noted(bare, w, index, count, o.tce) };
    },
  ),
];
