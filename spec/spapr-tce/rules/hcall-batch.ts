// What do the two batch calls have in common, and what is left of a batch that stops in the middle?
import type { Op, State } from '../state.js';
import { indexIn, qemu, rowOf } from './hcall.js';
import { about, type Rule } from './ioctl.js';

export type Indirect = Extract<Op, { op: 'h_put_tce_indirect' }>;
export type Stuff = Extract<Op, { op: 'h_stuff_tce' }>;
type Batch = Indirect | Stuff;

/** As many entries as fit into a page of 4 KiB. */
export const MOST = 512n;

export const none = <O extends Batch>(op: string): Rule<O> =>
  about<O>(op, qemu('h_put_tce_indirect, h_stuff_tce: ret')).must(
    'none',
    'H_PARAMETER',
    'With QEMU a batch must have an entry.',
    (_, o, p) => p.dialect === 'qemu' && o.count === 0n,
    { status: 'disputed' },
  );

/** How many entries from the first on are in the window. */
export const room = (s: State, o: Batch): number => Math.max(0, s.windows[rowOf(s, o)]!.size - indexIn(s, o));

export const stopsAtEnd =
  'QEMU writes entry by entry and stops at the first one out of the window; those before it stay.';
