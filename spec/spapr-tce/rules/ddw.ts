// Which dynamic windows does a guest get from its firmware?
import { addressOf } from '../../kit/pages.js';
import { bridgeWith, marked, windowNumbered, windowsOn, withGuestWindow } from '../guest-window.js';
import { END, entryOf, liobnOf } from '../pages.js';
import type { Op, State } from '../state.js';
import { papr, qemu } from './hcall.js';
import { about, type Rule } from './ioctl.js';

type Query = Extract<Op, { op: 'ddw_query' }>;
type Create = Extract<Op, { op: 'ddw_create' }>;

export const SERVICES = {
  ddw_query: 'ibm,query-pe-dma-window',
  ddw_create: 'ibm,create-pe-dma-window',
  ddw_remove: 'ibm,remove-pe-dma-window',
  ddw_reset: 'ibm,reset-pe-dma-window',
} as const;

/** Page sizes in the order of their bits; that of 2 MiB came last. */
const PAGE_BITS = [12, 16, 24, 25, 26, 27, 28, 34, 21] as const;
const LARGEST = { 5: 1n << 31n, 6: 1n << 37n } as const;

export const wrongArguments = <O extends { readonly args?: 'wrong' }>(op: keyof typeof SERVICES): Rule<O> =>
  about<O>(op, papr(SERVICES[op]), qemu('spapr_rtas_ddw.c: nargs, nret')).must(
    'arguments',
    'RTAS_PARAM_ERROR',
    'The service must be called with as many arguments as it has.',
    (_, o) => o.args === 'wrong',
  );

export const unknownBridge = <O extends { readonly buid: bigint }>(op: keyof typeof SERVICES): Rule<O> =>
  about<O>(op, qemu('spapr_pci_find_phb; ddw_enabled')).must(
    'unknown-bridge',
    'RTAS_PARAM_ERROR',
    'The BUID must be that of a bridge with dynamic windows.',
    (s, o) => s.guestBridges[bridgeWith(s, o.buid)]?.ddw !== true,
  );

const pageBits = (mask: bigint): bigint =>
  PAGE_BITS.reduce(
    (bits, shift, i) => (((mask >> BigInt(shift)) & 1n) === 0n ? bits : bits | (1n << BigInt(i))),
    0n,
  );

const onQuery = about<Query>('ddw_query', papr(SERVICES.ddw_query), qemu('rtas_ibm_query_pe_dma_window'));

export const ddwQuery: readonly Rule<Query>[] = [
  wrongArguments<Query>('ddw_query'),
  onQuery.must(
    'outputs',
    'RTAS_PARAM_ERROR',
    'The service must be asked for five outputs, or for six, where the largest block is a number of 64 bits.',
    (_, o) => o.outputs !== 5 && o.outputs !== 6,
    { cite: [papr(SERVICES.ddw_query), qemu('rtas_ibm_query_pe_dma_window: nret')] },
  ),
  unknownBridge<Query>('ddw_query'),
  onQuery.ends(
    'answered',
    'The answer is how many windows there can still be, how many pages the largest could have, and which page sizes there are.',
    (s, o) => {
      const bridge = bridgeWith(s, o.buid);
      const windows = 2 - windowsOn(s, bridge).length;
      const pageSizes = pageBits(s.guestBridges[bridge]!.pageSizes);
      return { outcome: { is: 'ok', windows, largest: LARGEST[o.outputs as 5 | 6], pageSizes }, state: s };
    },
  ),
];

/** The lowest slot of the bridge whose number is free, -1: none. */
const freeSlot = (s: State, bridge: number): number =>
  [0, 1].find(slot => windowNumbered(s, liobnOf(bridge, slot)) < 0) ?? -1;

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

const isKnownSize = (s: State, o: Create): boolean =>
  PAGE_BITS.some(shift => shift === o.shift) &&
  ((s.guestBridges[bridgeWith(s, o.buid)]!.pageSizes >> BigInt(o.shift)) & 1n) === 1n;

const onCreate = about<Create>(
  'ddw_create',
  papr(SERVICES.ddw_create),
  qemu('rtas_ibm_create_pe_dma_window'),
);

export const ddwCreate: readonly Rule<Create>[] = [
  wrongArguments<Create>('ddw_create'),
  unknownBridge<Create>('ddw_create'),
  onCreate.must(
    'page-size',
    'RTAS_PARAM_ERROR',
    'The page size must be one that the bridge has, and the window at least one page.',
    (s, o) => !isKnownSize(s, o) || o.window < o.shift,
    { cite: [papr(SERVICES.ddw_create), qemu('rtas_ibm_create_pe_dma_window: page_size_mask')] },
  ),
  onCreate.must(
    'no-window-left',
    'RTAS_HW_ERROR',
    'A bridge has two windows at most.',
    (s, o) => windowsOn(s, bridgeWith(s, o.buid)).length === 2 || freeSlot(s, bridgeWith(s, o.buid)) < 0,
    { cite: [qemu('rtas_ibm_create_pe_dma_window: SPAPR_PCI_DMA_MAX_WINDOWS')] },
  ),
  onCreate.must(
    'too-large',
    'RTAS_HW_ERROR',
    'A window must have no more pages than a query answers, fewer than 2^32 with QEMU, and end by 2^64.',
    (s, o, p) =>
      o.window - o.shift > (p.dialect === 'qemu' ? 31 : 37) ||
      startOf(s, bridgeWith(s, o.buid)) + (1n << BigInt(Math.min(o.window, 65))) > END,
    { cite: [papr(SERVICES.ddw_query), qemu('spapr_tce_table_enable: uint32_t nb_table')] },
  ),
  onCreate.must(
    'overlaps',
    'RTAS_HW_ERROR',
    'Windows of one bridge must not overlap; QEMU does not look.',
    (s, o, p) => p.dialect !== 'qemu' && meets(s, o),
    {
      cite: [papr(SERVICES.ddw_create), qemu('rtas_ibm_create_pe_dma_window: win_addr')],
      status: 'disputed',
    },
  ),
  onCreate.ends(
    'created',
    'The window has no entries. It is the low one where the bridge has no window, else the high one.',
    (s, o, p) => {
      const bridge = bridgeWith(s, o.buid);
      const slot = freeSlot(s, bridge);
      const start = startOf(s, bridge);
      const made = withGuestWindow(s, {
        kind: 'rtas',
        liobn: liobnOf(bridge, slot),
        bridge,
        slot,
        shift: o.shift,
        offset: entryOf(start, o.shift),
        size: 2 ** (o.window - o.shift),
      });
      const state = p['default-window'] === 'sticky' ? made : marked(made, bridge, slot, false);
      return { outcome: { is: 'ok', liobn: liobnOf(bridge, slot), start }, state };
    },
  ),
];
