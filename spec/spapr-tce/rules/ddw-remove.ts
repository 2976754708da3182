// When does a guest's dynamic window go, and when does the default one come back?
import { always } from '../../law/clause.js';
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
import { SERVICES, unknownBridge, wrongArguments } from './ddw.js';
import { papr, qemu } from './hcall.js';
import { about, type Rule } from './ioctl.js';

type Remove = Extract<Op, { op: 'ddw_remove' }>;
type Reset = Extract<Op, { op: 'ddw_reset' }>;

const onRemove = about<Remove>(
  'ddw_remove',
  papr(SERVICES.ddw_remove),
  qemu('rtas_ibm_remove_pe_dma_window: def_win_removed'),
);

export const ddwRemove: readonly Rule<Remove>[] = [
  wrongArguments<Remove>('ddw_remove'),
  onRemove.must(
    'unknown-window',
    'RTAS_PARAM_ERROR',
    'The LIOBN must be that of a window of a bridge with dynamic windows.',
    (s, o) => {
      const w = s.windows[windowNumbered(s, o.liobn)];
      return w?.kind !== 'rtas' || !s.guestBridges[w.bridge]!.ddw;
    },
    { cite: [papr(SERVICES.ddw_remove), qemu('rtas_ibm_remove_pe_dma_window')] },
  ),
  onRemove.ends(
    'removed',
    'The window is gone with its entries. Was it the last one and not the default one, the default window is restored, unless KVM has its LIOBN.',
    (s, o) => ({ outcome: { is: 'ok' }, state: removed(s, windowNumbered(s, o.liobn)) }),
    always,
    { status: 'disputed' },
  ),
];

const onReset = about<Reset>('ddw_reset', papr(SERVICES.ddw_reset), qemu('spapr_phb_dma_reset'));

export const ddwReset: readonly Rule<Reset>[] = [
  wrongArguments<Reset>('ddw_reset'),
  unknownBridge<Reset>('ddw_reset'),
  onReset.ends(
    'reset',
    'The bridge has its default window, without entries, and no other; none at all where KVM has its LIOBN.',
    (s, o) => {
      const bridge = bridgeWith(s, o.buid);
      const bare = windowsOn(s, bridge).reduce((now, row) => withoutGuestWindow(now, row), s);
      return { outcome: { is: 'ok' }, state: withDefault(marked(bare, bridge, 1, false), bridge) };
    },
  ),
];
