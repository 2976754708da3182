// How does a guest get a window, and what goes with it?

import { addressOf, pageOf } from '../kit/pages.js';
import { patch, patchAt } from '../kit/record.js';
import { selector } from '../kit/selector.js';
import { liobnOf } from './pages.js';
import { FREE_WINDOW, type State, type Window } from './state.js';
import { freeRow, putAt } from './table.js';

/** Row of the guest's window of that number, -1: none. */
export const windowNumbered = selector('windowNumbered', (s: State, liobn: bigint): number =>
  s.windows.findIndex(w => w.kind !== 'free' && w.liobn === liobn),
);

/** Position of the guest bridge with that BUID, -1: none. */
export const bridgeWith = selector('bridgeWith', (s: State, buid: bigint): number =>
  s.guestBridges.findIndex(b => b.buid === buid),
);

/** Rows of the windows of a guest bridge. */
export const windowsOn = selector('windowsOn', (s: State, bridge: number): readonly number[] =>
  s.windows.flatMap((w, at) => (w.kind === 'rtas' && w.bridge === bridge ? [at] : [])),
);

/** A window in the lowest free row, with no entries and no links. */
export function withGuestWindow(s: State, window: Window): State {
  const row = freeRow(s.windows);
  const fresh = row < s.shadow.length;
  return patch(s, {
    windows: putAt(s.windows, row, window),
    shadow: fresh ? s.shadow : [...s.shadow, s.shadow[0]!.clear()],
    links: fresh ? s.links : [...s.links, s.links[0]!.clear()],
  });
}

/** A window is gone, with its entries and its links; what they had put into hardware tables stays there. */
export const withoutGuestWindow = (s: State, row: number): State =>
  patch(s, {
    windows: putAt(s.windows, row, FREE_WINDOW),
    shadow: putAt(s.shadow, row, s.shadow[row]!.clear()),
    links: putAt(s.links, row, s.links[row]!.clear()),
  });

/** Is a window in that slot the default one? */
export function marked(s: State, bridge: number, slot: number, isDefault: boolean): State {
  const at = 2 * bridge + slot;
  if (s.guestSlots[at]!.isDefault === isDefault) return s;
  return patch(s, { guestSlots: patchAt(s.guestSlots, at, { isDefault }) });
}

/** Slots of a bridge whose number no window has, KVM's windows included, lowest first. */
export const freeSlots = (s: State, bridge: number): readonly number[] =>
  [0, 1].filter(slot => windowNumbered(s, liobnOf(bridge, slot)) < 0);

/** The bridge with its default window, empty, in slot 0; without it where KVM has a window of that number. */
export function withDefault(s: State, bridge: number): State {
  // Firmware's own table would be out of reach: KVM answers the hypercalls of that number.
  if (!freeSlots(s, bridge).includes(0)) return s;
  const { low, lowSize } = s.guestBridges[bridge]!;
  const made = withGuestWindow(s, {
    kind: 'rtas',
    liobn: liobnOf(bridge, 0),
    bridge,
    slot: 0,
    shift: 12,
    offset: pageOf(addressOf(low)),
    size: lowSize,
  });
  return marked(made, bridge, 0, true);
}

/** The window gone; was it the last of its bridge, and not the default one, the default one is back. */
export function removed(s: State, row: number): State {
  const { bridge, slot } = s.windows[row]!;
  const bare = withoutGuestWindow(s, row);
  const wasDefault = s.guestSlots[2 * bridge + slot]!.isDefault;
  return windowsOn(bare, bridge).length === 0 && !wasDefault ? withDefault(bare, bridge) : bare;
}
