// What may an observer of any implementation see of the state? Plain values, no internal numbers.
import type { View, ViewValue } from '../law/profile.js';
import { lockedBy } from './account.js';
import { referencesTo, tablesBehind } from './reference.js';
import { holdersOf, mappedOf } from './region.js';
import type { Container, Group, State } from './state.js';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The first bus address of a window. */
const startOf = (offset: number, shift: number): string => hex(BigInt(offset) << BigInt(shift));

function windowSeen(s: State, row: number): ViewValue {
  if (row < 0) return null;
  const { shift, offset, size } = s.tables[row]!;
  const tces = s.entries[row]!.reduce((list: ViewValue[], run, index) => {
    list.push({ index, count: run.count, frame: run.frame, prot: run.prot, ua: run.ua });
    return list;
  }, []);
  return { start: startOf(offset, shift), shift, size, refs: referencesTo(s, row), tces };
}

const windowsSeen = (s: State, owner: Group | Container): readonly ViewValue[] => [
  windowSeen(s, owner.window0),
  windowSeen(s, owner.window1),
];

function containersSeen(s: State): View {
  const seen: { [name: string]: ViewValue } = {};
  for (const c of s.containers) {
    if (c.kind === 'free') continue;
    const { version, enabled, pending, mm } = c;
    seen[String(c.name)] = { version, enabled, pending, mm, windows: windowsSeen(s, c) };
  }
  return seen;
}

function regionsSeen(s: State): readonly ViewValue[] {
  return s.regions
    .map((r, at) => ({ r, at }))
    .filter(({ r }) => r.kind === 'registered')
    .sort((a, b) => a.r.mm - b.r.mm || a.r.ua - b.r.ua)
    .map(({ r, at }) => ({
      mm: r.mm,
      ua: r.ua,
      pages: r.pages,
      shift: r.shift,
      used: holdersOf(s, at) + r.kept,
      mapped: mappedOf(s, at),
    }));
}

function guestSeen(s: State): View {
  const seen: { [liobn: string]: ViewValue } = {};
  s.windows.forEach((w, at) => {
    if (w.kind === 'free') return;
    const tces = s.shadow[at]!.reduce((list: ViewValue[], run, index) => {
      list.push({ index, count: run.count, tce: hex(run.tce) });
      return list;
    }, []);
    const { shift, offset, size } = w;
    seen[hex(w.liobn)] = {
      start: startOf(offset, shift),
      shift,
      size,
      tables: tablesBehind(s, at).length,
      tces,
    };
  });
  return seen;
}

/** docs/spapr-tce.md, "What an observer sees". Counters are derived here; an implementation reports those that it keeps. */
export function view(s: State): View {
  // What nobody looks at is not made: a table may have millions of entries, and a recording a state on every event.
  return {
    get devices() {
      return s.devices.map(d => d.state);
    },
    get groups() {
      return s.groups.map(g => ({
        exists: g.exists,
        domain: g.domain,
        container: g.container < 0 ? null : s.containers[g.container]!.name,
        bypass: g.bypass,
        windows: windowsSeen(s, g),
      }));
    },
    get containers() {
      return containersSeen(s);
    },
    get regions() {
      return regionsSeen(s);
    },
    get locked() {
      return s.mms.map((_, mm) => lockedBy(s, mm));
    },
    get guestWindows() {
      return guestSeen(s);
    },
  };
}
