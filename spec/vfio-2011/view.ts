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
  const count = (kind: string, target: number): number =>
    s.handles.reduce((n, h) => (h.kind === kind && h.target === target ? n + 1 : n), 0);
  // What nobody looks at is not made: a recording may have thousands of mappings, and a state on every event.
  return {
    get devices() {
      return s.devices.map((d, at) => ({
        driver: d.driver,
        tracked: d.listed,
        leaving: d.leaving,
        doomed: d.doomed,
        age: d.age,
        refs: count('device', at),
      }));
    },
    get groups() {
      return s.groups.map((g, at) => ({
        exists: g.exists,
        tainted: g.tainted,
        set: g.context < 0 ? null : leaderOf(s, g.context),
        refs: count('group', at),
      }));
    },
    get sets() {
      return s.groups.map((g, at) => {
        const c = g.context;
        if (c < 0 || leaderOf(s, c) !== at) return null;
        const { open, mm } = s.contexts[c]!;
        return { open, mm, refs: count('context', c), maps: mapsSeen(s, c) };
      });
    },
    get handles() {
      return handlesSeen(s);
    },
    get locked() {
      return s.mms.map((_, at) => lockedPages(s, at));
    },
    timeout: s.clock.timeout,
  };
}

function handlesSeen(s: State): View {
  const handles: { [name: string]: ViewValue } = {};
  s.handles.reduce((_, h, key) => {
    handles[String(key)] = {
      kind: h.kind,
      target: h.kind === 'context' ? leaderOf(s, h.target) : h.target,
      mm: h.mm,
    };
    return 0;
  }, 0);
  return handles;
}

const mapsSeen = (s: State, c: number): readonly ViewValue[] =>
  s.maps[c]!.reduce((list: ViewValue[], { pages, frame, prot }, page) => {
    list.push({ page, pages, frame, prot });
    return list;
  }, []);
