// What can be seen of a machine from outside? Its own counters and tables, nothing derived anew.
import { FOUND_HI } from '../tce/format.js';
import { frameOf, pagesIn, wordOf } from './addresses.js';
import type { Core } from './core.js';
import { type GuestWindow, type HwTable, type Run, tablesBehind } from './objects.js';

const PROT = 3;

export interface TableSeen {
  /** First page of 4 KiB. */
  readonly start: number;
  readonly shift: number;
  readonly size: number;
  /** Who points at it: groups' windows, containers, guests' windows. */
  readonly refs: number;
  readonly runs: readonly Run[];
}

/** A maximal run of one value that is not 0. */
export interface Values {
  readonly index: number;
  readonly count: number;
  readonly tce: bigint;
}

export interface GuestWindowSeen {
  readonly liobn: bigint;
  readonly start: number;
  readonly shift: number;
  readonly size: number;
  readonly tables: number;
  readonly values: readonly Values[];
}

export function tableSeen(core: Core, table: HwTable): TableSeen {
  const { places, containers, guests } = table;
  return {
    start: table.offset * pagesIn(table.shift),
    shift: table.shift,
    size: table.size,
    refs: places.length + containers.size + guests.size,
    runs: (table.seen ??= runsOf(core, table)),
  };
}

function runsOf(core: Core, table: HwTable): readonly Run[] {
  const runs: Run[] = [];
  if (table.live === 0) return runs;
  const step = pagesIn(table.shift);
  let last: { index: number; count: number; frame: number; prot: number; ua: number } | null = null;
  table.tces.eachEntry(0, table.tces.size, (index, hi, low) => {
    const frame = frameOf(hi, low);
    const prot = low & PROT;
    const mirrored = table.mirror?.read(index);
    const ua = mirrored === undefined ? -1 : frameOf(core.arena.found[FOUND_HI], mirrored);
    const goesOn =
      last !== null &&
      index === last.index + last.count &&
      frame === last.frame + last.count * step &&
      prot === last.prot &&
      (ua === -1 ? last.ua === -1 : ua === last.ua + last.count * step);
    if (goesOn && last !== null) last.count++;
    else {
      last = { index, count: 1, frame, prot, ua };
      runs.push(last);
    }
  });
  return runs;
}

export function guestWindowSeen(window: GuestWindow): GuestWindowSeen {
  const values: { index: number; count: number; tce: bigint }[] = [];
  window.values.eachEntry(0, window.size, (index, hi, lo) => {
    const tce = wordOf(hi, lo);
    const last = values[values.length - 1];
    if (last !== undefined && last.tce === tce && index === last.index + last.count) last.count++;
    else values.push({ index, count: 1, tce });
  });
  return {
    liobn: window.liobn,
    start: window.offset * pagesIn(window.shift),
    shift: window.shift,
    size: window.size,
    tables: tablesBehind(window).size,
    values,
  };
}
