// When does a guest's dynamic window go, and when does the default one come back?
import { ending, refuse } from '../../law/clause.js';
import {
  bridgeWith,
  marked,
  removed,
  windowNumbered,
  windowsOn,
  withDefault,
  withoutGuestWindow,
} from '../guest-window.js';
import type { Op } from '../state.js';
import { papr, qemu, SERVICES, unknownBridge, wrongArguments } from './ddw.js';
import type { Rule } from './ioctl.js';

type Remove = Extract<Op, { op: 'ddw_remove' }>;
type Reset = Extract<Op, { op: 'ddw_reset' }>;

export const ddwRemove: readonly Rule<Remove>[] = [
  wrongArguments<Remove>('ddw_remove'),
  refuse(
    'RTAS_PARAM_ERROR',
    {
      id: 'ddw_remove/unknown-window',
      says: 'The number is that of a window of a bridge with dynamic windows.',
      cite: [papr(SERVICES.ddw_remove), qemu('rtas_ibm_remove_pe_dma_window')],
    },
    (s, o) => {
      const w = s.windows[windowNumbered(s, o.liobn)];
      return w?.kind !== 'rtas' || !s.guestBridges[w.bridge]!.ddw;
    },
  ),
  ending(
    {
      id: 'ddw_remove/removed',
      says: 'The window is gone with its entries; if it was the last one and not the default one, the default window is restored.',
      cite: [papr(SERVICES.ddw_remove), qemu('rtas_ibm_remove_pe_dma_window: def_win_removed')],
      status: 'disputed',
    },
    (s, o) => ({ outcome: { is: 'ok' }, state: removed(s, windowNumbered(s, o.liobn)) }),
  ),
];

export const ddwReset: readonly Rule<Reset>[] = [
  wrongArguments<Reset>('ddw_reset'),
  unknownBridge<Reset>('ddw_reset'),
  ending(
    {
      id: 'ddw_reset/reset',
      says: 'The bridge has its default window, without entries, and no other.',
      cite: [papr(SERVICES.ddw_reset), qemu('spapr_phb_dma_reset')],
    },
    (s, o) => {
      const bridge = bridgeWith(s, o.buid);
      const bare = windowsOn(s, bridge).reduce((now, row) => withoutGuestWindow(now, row), s);
      return { outcome: { is: 'ok' }, state: withDefault(marked(bare, bridge, 1, false), bridge) };
    },
  ),
];
