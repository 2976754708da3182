// Which dynamic windows does a guest's firmware make?

import { addressOf } from '../../kit/pages.js';
import type { Next } from '../../law/clause.js';
import { cite } from '../../law/sources.js';
import { bridgeWith, freeSlots, marked, windowsOn, withGuestWindow } from '../guest-window.js';
import { END, entryOf, liobnOf } from '../pages.js';
import { type PolicyValues, slotsStick } from '../policies.js';
import type { Op, State } from '../state.js';
import { PAGE_BITS, SERVICES, unknownBridge, wrongArguments } from './ddw.js';
import { papr, qemu } from './hcall.js';
import { about, type Rule } from './ioctl.js';

type Create = Extract<Op, { op: 'ddw_create' }>;

/** The lowest slot of the bridge whose number is free, -1: none. */
const freeSlot = (s: State, bridge: number): number => freeSlots(s, bridge)[0] ?? -1;

/** Where the next window of a bridge starts: low where there is none, high beside another. */
const startOf = (s: State, bridge: number): bigint =>
  addressOf(windowsOn(s, bridge).length === 0 ? s.guestBridges[bridge]!.low : s.guestBridges[bridge]!.high);

const meets = (s: State, o: Create): boolean => {
  const bridge = bridgeWith(s, o.buid);
  const start = startOf(s, bridge);
  const end = start + (1n << BigInt(o.window));
  return windowsOn(s, bridge).some(row => {
    const { offset, size, shift } = s.windows[row]!;
    const first = BigInt(offset) << BigInt(shift);
    return start < first + (BigInt(size) << BigInt(shift)) && first < end;
  });
};

const hasBit = (s: State, o: Create, shift: number): boolean =>
  ((s.guestBridges[bridgeWith(s, o.buid)]!.pageSizes >> BigInt(shift)) & 1n) === 1n;

/** LoPAR has a bit for each size; QEMU looks at the mask of the bridge only, which may have others. */
const isPageSize = (s: State, o: Create, p: PolicyValues): boolean =>
  (p.dialect !== 'strict' || PAGE_BITS.some(shift => shift === o.shift)) &&
  o.shift < 64 &&
  hasBit(s, o, o.shift);

/** Log2 of the number of pages; QEMU counts them in 32 bits. */
const pagesLog = (o: Create): number => o.window - o.shift;
const MOST_OF_QEMU = 31;
const MOST_OF_LOPAR = 37;

const isFull = (s: State, o: Create): boolean =>
  windowsOn(s, bridgeWith(s, o.buid)).length === 2 || freeSlot(s, bridgeWith(s, o.buid)) < 0;

const tooLarge = (s: State, o: Create): boolean =>
  pagesLog(o) > MOST_OF_LOPAR ||
  startOf(s, bridgeWith(s, o.buid)) + (1n << BigInt(Math.min(o.window, 65))) > END;

/** A new window, without entries, of 2^log pages of 2^shift. */
function made(s: State, o: Create, shift: number, log: number, p: PolicyValues): Next<State> {
  const bridge = bridgeWith(s, o.buid);
  const slot = freeSlot(s, bridge);
  const start = startOf(s, bridge);
  const liobn = liobnOf(bridge, slot);
  const window = {
    kind: 'rtas',
    liobn,
    bridge,
    slot,
    shift,
    offset: entryOf(start, shift),
    size: 2 ** log,
  } as const;
  const state = withGuestWindow(s, window);
  const outcome = { is: 'ok', liobn, start } as const;
  return { outcome, state: slotsStick(p) ? state : marked(state, bridge, slot, false) };
}

/** Shifts by 64 and more are undefined in C. Where they are by modulo 64, is there a window? */
const wrapsShift = (s: State, o: Create): boolean =>
  o.window >= o.shift && (o.shift >= 64 || pagesLog(o) >= 64) && hasBit(s, o, o.shift % 64) && !isFull(s, o);

const onCreate = about<Create>(
  'ddw_create',
  papr(SERVICES.ddw_create),
  qemu('rtas_ibm_create_pe_dma_window'),
);
const byQemu = qemu('rtas_ibm_create_pe_dma_window: 1ULL << page_shift, 1ULL << (window_shift - page_shift)');

export const ddwCreate: readonly Rule<Create>[] = [
  wrongArguments<Create>('ddw_create'),
  unknownBridge<Create>('ddw_create'),
  onCreate.mayEnd(
    'shift-wraps',
    'QEMU may take a shift of 64 or more modulo 64: the C code is undefined there.',
    (s, o, p) => made(s, o, o.shift % 64, pagesLog(o) % 64, p),
    (s, o, p) => p.dialect !== 'strict' && wrapsShift(s, o) && pagesLog(o) % 64 <= MOST_OF_QEMU,
    { cite: [byQemu], status: 'disputed' },
  ),
  onCreate.may(
    'shift-undefined',
    'RTAS_HW_ERROR',
    'QEMU may find no window behind a shift of 64 or more: the C code is undefined there.',
    (_, o, p) => p.dialect !== 'strict' && o.shift >= 64 && o.window >= o.shift,
    { cite: [byQemu], status: 'disputed' },
  ),
  onCreate.must(
    'page-size',
    'RTAS_PARAM_ERROR',
    'The page size must be one that the bridge has, and the window at least one page.',
    (s, o, p) => !isPageSize(s, o, p) || o.window < o.shift,
    { cite: [papr(SERVICES.ddw_create), qemu('rtas_ibm_create_pe_dma_window: page_size_mask')] },
  ),
  onCreate.must(
    'no-window-left',
    'RTAS_HW_ERROR',
    'A bridge of QEMU has two windows at most, and no window a LIOBN that KVM has.',
    (s, o, p) => p.dialect !== 'strict' && isFull(s, o),
    { cite: [qemu('rtas_ibm_create_pe_dma_window: SPAPR_PCI_DMA_MAX_WINDOWS')], status: 'disputed' },
  ),
  onCreate.must(
    'more-than-possible',
    'RTAS_PARAM_ERROR',
    'A window more than a query answers must not be asked for.',
    (s, o, p) => p.dialect === 'strict' && isFull(s, o),
    { cite: [papr(`${SERVICES.ddw_create}: Software Implementation Note`)], status: 'disputed' },
  ),
  onCreate.must(
    'too-large',
    'RTAS_HW_ERROR',
    'A window of QEMU must have fewer than 2^32 pages.',
    (_, o, p) => p.dialect !== 'strict' && pagesLog(o) > MOST_OF_QEMU,
    { cite: [qemu('spapr_tce_table_enable: uint32_t nb_table')], status: 'disputed' },
  ),
  onCreate.must(
    'larger-than-possible',
    'RTAS_PARAM_ERROR',
    'A window must have no more pages than a query answers, and end by 2^64.',
    (s, o, p) => p.dialect === 'strict' && tooLarge(s, o),
    { cite: [papr(`${SERVICES.ddw_create}: Software Implementation Note`)], status: 'disputed' },
  ),
  onCreate.must(
    'overlaps',
    'RTAS_HW_ERROR',
    'Windows of one bridge must not overlap. QEMU does not look.',
    (s, o, p) => p.dialect === 'strict' && meets(s, o),
    {
      cite: [
        cite('ours', 'ADR-0013: what spapr-tce corrects'),
        qemu('rtas_ibm_create_pe_dma_window: win_addr'),
      ],
      status: 'disputed',
    },
  ),
  onCreate.ends(
    'created',
    'The window has no entries. It is the low one where the bridge has no window, else the high one; with QEMU it may pass 2^64.',
    (s, o, p) => made(s, o, o.shift, pagesLog(o), p),
  ),
];
