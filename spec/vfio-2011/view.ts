// What may an observer of any implementation see of the state? Plain values, no internal numbers.
import type { View, ViewValue } from '../law/profile.js';
import { leaderOf, lockedPages } from './sets.js';
import type { State } from './state.js';

/**
 * `devices`, `groups`, `sets`, `locked` are lists in the machine's order; a set stands at the position of
 * its lowest-numbered group, its leader, and is null elsewhere. `handles` is keyed by the recording's
 * names; a context handle's target is the leader. Counts are derived here from the sets of handles; an
 * implementation reports the counters that it keeps. Addresses and sizes are page numbers of 4 KiB.
 */
export function view(s: State): View {
  const handles: { [name: string]: ViewValue } = {};
  s.handles.reduce((_, h, key) => {
    handles[String(key)] = {
      kind: h.kind,
      target: h.kind === 'context' ? leaderOf(s, h.target) : h.target,
      mm: h.mm,
    };
    return 0;
  }, 0);
  const count = (kind: string, target: number): number =>
    s.handles.reduce((n, h) => (h.kind === kind && h.target === target ? n + 1 : n), 0);
  return {
    devices: s.devices.map((d, at) => ({
      driver: d.driver,
      tracked: d.listed,
      leaving: d.leaving,
      doomed: d.doomed,
      age: d.age,
      refs: count('device', at),
    })),
    groups: s.groups.map((g, at) => ({
      exists: g.exists,
      tainted: g.tainted,
      set: g.context < 0 ? null : leaderOf(s, g.context),
      refs: count('group', at),
    })),
    sets: s.groups.map((g, at) => {
      const c = g.context;
      if (c < 0 || leaderOf(s, c) !== at) return null;
      const maps = s.maps[c]!.reduce(
        (list: readonly ViewValue[], r, page) => [
          ...list,
          { page, pages: r.pages, frame: r.frame, prot: r.prot },
        ],
        [],
      );
      return { open: s.contexts[c]!.open, mm: s.contexts[c]!.mm, refs: count('context', c), maps };
    }),
    handles,
    locked: s.mms.map((_, at) => lockedPages(s, at)),
    timeout: s.clock.timeout,
  };
}
