// What may an observer of any implementation see of the state? Plain values, no internal numbers.
import type { View, ViewValue } from '../law/profile.js';
import { lockedBy } from './account.js';
import { deviceOpen, groupInUse, isType1, leaderOf } from './holding.js';
import { available, dirtyPages } from './mappings.js';
import type { State } from './state.js';
import { pageSizesOf, validRanges } from './valid.js';

/** Of a container's domains: where each maximal mapping leads, as a device behind it sees it. */
function translations(s: State, c: number): readonly ViewValue[] {
  return s.maps[c]!.reduce((list: ViewValue[], d, page) => {
    list.push({ page, pages: d.pages, mm: d.from, vaddr: d.origin, prot: d.prot });
    return list;
  }, []);
}

function containerSeen(s: State, c: number): View {
  const { backend, tracking } = s.containers[c]!;
  if (!isType1(s.containers[c]!)) return { backend };
  const maps = s.maps[c]!.reduce((list: ViewValue[], d, page) => {
    const { pages, vaddr, prot, mm, invalid } = d;
    list.push({ page, pages, vaddr, prot, mm, invalid, dirty: tracking ? dirtyPages(s, c, page) : 0 });
    return list;
  }, []);
  return {
    backend,
    tracking,
    avail: available(s, c),
    pageSizes: `0x${pageSizesOf(s, c).toString(16)}`,
    ranges: validRanges(s, c).map(r => ({ first: r.start, last: r.end })),
    maps,
  };
}

/**
 * docs/vfio-type1.md, "What an observer sees". A container stands at the position of its first group, by which it is
 * named; one without groups has nothing to see. `users`: one for the container, one for each open device.
 */
export function view(s: State): View {
  // What nobody looks at is not made: a recording may have thousands of mappings, and a state on every event.
  return {
    get devices() {
      return s.devices.map((d, at) => ({
        driver: d.driver,
        leaving: d.leaving,
        open: deviceOpen(s, at),
        pins: s.pins[at]!.reduce((list: ViewValue[], pin, page) => {
          list.push({ page, count: pin.count });
          return list;
        }, []),
      }));
    },
    get groups() {
      return s.groups.map((_, at) => groupSeen(s, at));
    },
    get containers() {
      return s.groups.map((g, at) =>
        g.container >= 0 && leaderOf(s, g.container) === at ? containerSeen(s, g.container) : null,
      );
    },
    get handles() {
      return handlesSeen(s);
    },
    get locked() {
      return s.mms.map((_, mm) => lockedBy(s, mm));
    },
  };
}

function groupSeen(s: State, at: number): View {
  const g = s.groups[at]!;
  return {
    container: g.container < 0 ? null : leaderOf(s, g.container),
    users: g.container < 0 ? 0 : 1 + s.devices.filter((d, i) => d.group === at && deviceOpen(s, i)).length,
    inUse: groupInUse(s, at),
    domain: g.domain,
    translations: g.domain < 0 ? null : translations(s, g.container),
  };
}

function handlesSeen(s: State): View {
  const handles: { [name: string]: ViewValue } = {};
  s.handles.reduce((_, h, key) => {
    handles[String(key)] = {
      kind: h.kind,
      target: h.kind === 'container' ? leaderOf(s, h.target) : h.target,
    };
    return 0;
  }, 0);
  return handles;
}
