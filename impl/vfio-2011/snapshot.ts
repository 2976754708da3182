// What can be seen of a machine from outside? Its own counters and tables, nothing derived anew.
import type { Core } from './core.js';
import { CONTEXT, DEAD, DEVICE, GROUP } from './handles.js';
import { DRIVERS, LEAVING, TRACKING } from './objects.js';

export interface DeviceSeen {
  readonly driver: (typeof DRIVERS)[number];
  readonly tracked: (typeof TRACKING)[number];
  readonly leaving: (typeof LEAVING)[number];
  readonly doomed: boolean;
  readonly age: number;
  readonly refs: number;
}

export interface GroupSeen {
  readonly exists: boolean;
  readonly tainted: boolean;
  /** Its context's number, which means nothing but "the same" and "another"; -1: none. */
  readonly context: number;
  readonly refs: number;
}

/** A maximal run of pages that continue each other, in page numbers; `prot` 1 read, 2 write, 3 both. */
export interface Run {
  readonly page: number;
  readonly pages: number;
  readonly frame: number;
  readonly prot: number;
}

export interface ContextSeen {
  readonly open: boolean;
  readonly mm: number;
  readonly refs: number;
  /** Pages on its account; the pages in its table, if the account is right. */
  readonly locked: number;
}

export interface HandleSeen {
  readonly kind: 'group' | 'context' | 'device' | 'dead';
  /** Number of the group, device or context; -1: none. */
  readonly target: number;
  readonly mm: number;
}

export function deviceSeen(core: Core, d: number): DeviceSeen {
  const { devices } = core;
  return {
    driver: DRIVERS[devices.driver[d]],
    tracked: TRACKING[devices.tracking[d]],
    leaving: LEAVING[devices.leaving[d]],
    doomed: devices.doomed[d] !== 0,
    age: devices.age[d],
    refs: devices.refs[d],
  };
}

export function groupSeen(core: Core, g: number): GroupSeen {
  const { groups } = core;
  return {
    exists: groups.exists[g] !== 0,
    tainted: groups.tainted[g] !== 0,
    context: groups.context[g],
    refs: groups.refs[g],
  };
}

export function contextSeen(core: Core, c: number): ContextSeen {
  const { contexts } = core;
  return {
    open: contexts.open[c] !== 0,
    mm: contexts.mm[c],
    refs: contexts.refs[c],
    locked: contexts.locked[c],
  };
}

/** The leaves of the context's table, joined where they continue each other. */
export function runsSeen(core: Core, c: number): readonly Run[] {
  const runs: Run[] = [];
  let page = 0;
  let pages = 0;
  let frame = 0;
  let access = 0;
  const table = core.translator.table(c);
  if (table === undefined) return runs;
  table.forEachLeaf((at, pfn, size, prot) => {
    const span = 2 ** size;
    if (pages > 0 && at === page + pages && pfn === frame + pages && prot === access) {
      pages += span;
      return;
    }
    if (pages > 0) runs.push({ page, pages, frame, prot: access });
    page = at;
    pages = span;
    frame = pfn;
    access = prot;
  });
  if (pages > 0) runs.push({ page, pages, frame, prot: access });
  return runs;
}

/** What an open handle is, or undefined. */
export function handleSeen(core: Core, handle: number): HandleSeen | undefined {
  const slot = core.handles.slotOf(handle);
  if (slot < 0) return undefined;
  return {
    kind: kindName(core.handles.kind[slot]),
    target: core.handles.target[slot],
    mm: core.handles.mm[slot],
  };
}

function kindName(kind: number): HandleSeen['kind'] {
  switch (kind) {
    case GROUP:
      return 'group';
    case CONTEXT:
      return 'context';
    case DEVICE:
      return 'device';
    case DEAD:
      return 'dead';
    default:
      throw new Error(`a free slot has no kind to show: ${kind}`);
  }
}
