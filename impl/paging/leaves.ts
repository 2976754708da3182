// How are leaves written where nothing is mapped, and what becomes of empty tables in their way?

import type { TableCore } from './core.js';

/** `leaves` leaves of one size, from an entry on. Tables in their place are empty, and are unlinked first. */
export function writeLeaves(
  t: TableCore,
  entry: number,
  level: number,
  size: number,
  leaves: number,
  out: number,
  prot: number,
): void {
  const { layout, arena } = t;
  const each = 2 ** (size - layout.shift[level]);
  if (level > 0) dropTables(t, entry, level, leaves * each);
  // A hint stands in entries that differ; else a leaf is one word, as often as it has entries.
  const repeat = layout.repeats ? each : 1;
  const count = layout.repeats ? leaves : leaves * each;
  const step = (layout.repeats ? 2 ** size : layout.span[level]) * 2 ** layout.entryShift;
  arena.kernels.fill(
    entry * 4,
    count,
    repeat,
    layout.addressLow(out) | layout.protLow[prot] | layout.kindLow[size],
    layout.addressHigh(out) | layout.protHigh[prot] | layout.kindHigh[size],
    step | 0,
    Math.floor(step / 2 ** 32),
  );
}

function dropTables(t: TableCore, entry: number, level: number, entries: number): void {
  const { words } = t.arena;
  for (let at = entry; at < entry + 2 * entries; at += 2) {
    if (words[at] === 0) continue;
    const table = t.tableOf(words[at]);
    words[at] = 0;
    words[at + 1] = 0;
    unlinkAll(t, table, level - 1);
    t.arena.unlink(table);
  }
}

/** Unlinks the tables below a table, which stay as they are until they are used again. */
export function unlinkAll(t: TableCore, table: number, level: number): void {
  if (level === 0) return;
  const { layout, arena } = t;
  const entries = 2 ** (level === layout.most ? layout.rootBits : layout.bits);
  for (let at = table; at < table + 2 * entries; at += 2) {
    const low = arena.words[at];
    if ((low & layout.presentLow) === 0 || layout.isLeaf(low, level)) continue;
    const next = t.tableOf(low);
    unlinkAll(t, next, level - 1);
    arena.unlink(next);
  }
}
