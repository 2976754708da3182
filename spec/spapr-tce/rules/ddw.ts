// What does a guest's firmware answer about dynamic windows, and which checks does every service begin with?
import { bridgeWith, freeSlots, windowsOn } from '../guest-window.js';
import type { Op } from '../state.js';
import { papr, qemu } from './hcall.js';
import { about, type Rule } from './ioctl.js';

type Query = Extract<Op, { op: 'ddw_query' }>;

export const SERVICES = {
  ddw_query: 'ibm,query-pe-dma-window',
  ddw_create: 'ibm,create-pe-dma-window',
  ddw_remove: 'ibm,remove-pe-dma-window',
  ddw_reset: 'ibm,reset-pe-dma-window',
} as const;

/** Page sizes in the order of their bits; that of 2 MiB came last. */
export const PAGE_BITS = [12, 16, 24, 25, 26, 27, 28, 34, 21] as const;
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
    (s, o, p) => {
      const bridge = bridgeWith(s, o.buid);
      // QEMU counts its own windows, whatever numbers KVM has given away.
      const windows = p.dialect === 'strict' ? freeSlots(s, bridge).length : 2 - windowsOn(s, bridge).length;
      const pageSizes = pageBits(s.guestBridges[bridge]!.pageSizes);
      return { outcome: { is: 'ok', windows, largest: LARGEST[o.outputs as 5 | 6], pageSizes }, state: s };
    },
  ),
];
