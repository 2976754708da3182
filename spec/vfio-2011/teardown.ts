// What is torn down when something lets go: context first, merged set second, waiters woken?
import { patch, patchAt } from '../kit/record.js';
import type { PolicyValues } from './policies.js';
import {
  contextInUse,
  contextOf,
  groupHandleOpen,
  groupInUse,
  homeOf,
  livesFor,
  setEntered,
  singular,
} from './sets.js';
import type { State } from './state.js';

/**
 * After anything let go of context `c`. First step: a context not in use loses its mappings and its
 * domain, and whoever waits for that is woken. Second step: the merged set itself is dissolved once no
 * group handle of any member is left. While the context is in use, nothing happens.
 */
export function dissolve(s: State, c: number, p: PolicyValues): State {
  if (c < 0 || contextInUse(s, c, p)) return s;
  const closed = retireEmpty(wake(closeContext(s, c), c, p), c, p);
  return setEntered(closed, c) ? closed : takeApart(closed, c);
}

/** Devices detached, mappings gone, domain freed, address space released: in effect one step. */
export function closeContext(s: State, c: number): State {
  if (!s.contexts[c]!.open && s.contexts[c]!.mm < 0) return s;
  return patch(dropMappings(s, c), { contexts: patchAt(s.contexts, c, { open: false, mm: -1 }) });
}

/** The context's mappings, all gone. */
export function dropMappings(s: State, c: number): State {
  if (s.maps[c]!.size === 0) return s;
  const maps = s.maps.slice();
  maps[c] = maps[c]!.clear();
  return patch(s, { maps });
}

/** Every waiter of the set is woken: whether its wait is over it checks for itself when it runs. */
function wake(s: State, c: number, p: PolicyValues): State {
  return s.devices.reduce(
    (now, d, at) =>
      d.leaving === 'asleep' && contextOf(now, at, p) === c
        ? patch(now, { devices: patchAt(now.devices, at, { leaving: 'woken' }) })
        : now,
    s,
  );
}

/** Members without devices and without handles have nothing left to be a group of. */
function retireEmpty(s: State, c: number, p: PolicyValues): State {
  return s.groups.reduce((now, g, at) => (g.context === c ? freeGroup(now, at, p) : now), s);
}

/** Every member leaves; the set's context is free. */
function takeApart(s: State, c: number): State {
  return patch(s, { groups: s.groups.map(g => (g.context === c ? patch(g, { context: -1 }) : g)) });
}

/**
 * A group object goes with its last device, or with its last handle if that is later; it leaves its set
 * behind, which may be dissolved then. Only as the last member of a set in use it stays until that is idle: a set is its groups.
 */
export function freeGroup(s: State, g: number, p: PolicyValues): State {
  if (!s.groups[g]!.exists || groupHandleOpen(s, g)) return s;
  if (groupInUse(s, g, p) && singular(s, g)) return s;
  if (s.devices.some((_, at) => livesFor(s, at, g, p))) return s;
  const old = s.groups[g]!.context;
  const gone = patch(s, {
    groups: patchAt(s.groups, g, { exists: false, tainted: false, context: -1, hardware: g }),
  });
  return dissolve(gone, old, p);
}

/**
 * The device's driver has let go. A doomed device leaves the machine, and its group with it if it was the
 * last; any other stays without a driver.
 */
export function letGo(s: State, device: number, p: PolicyValues): State {
  if (s.devices[device]!.doomed) return depart(s, device, p);
  return patch(s, {
    devices: patchAt(s.devices, device, { driver: 'unbound', leaving: 'no', age: 0 }),
  });
}

/** The device is gone from the machine. */
export function depart(s: State, device: number, p: PolicyValues): State {
  const home = homeOf(s, device, p);
  const gone = patch(s, {
    devices: patchAt(s.devices, device, {
      driver: 'absent',
      listed: 'no',
      leaving: 'no',
      doomed: false,
      age: 0,
    }),
  });
  if (home < 0) return gone;
  return freeGroup(gone, home, p);
}

/** A slot for the context of group `g`: its own if nobody has it, else the first that is free. */
export function freeContext(s: State, g: number): number {
  const taken = (c: number): boolean => s.groups.some(other => other.context === c);
  return taken(g) ? s.contexts.findIndex((_, c) => !taken(c)) : g;
}
