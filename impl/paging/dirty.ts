// Which pages were written to since the last time somebody asked?

import * as codes from './codes.js';
import type { TableCore } from './core.js';

interface Query {
  readonly t: TableCore;
  readonly first: number;
  readonly bitmap: Uint32Array;
  readonly clear: boolean;
  dirty: number;
}

export function readDirty(
  t: TableCore,
  iova: number,
  pages: number,
  bitmap: Uint32Array,
  clear: boolean,
): number {
  if (t.layout.format.dirty === undefined) return codes.UNSUPPORTED;
  if (bitmap.length * 32 < pages) return codes.INVALID;
  const query = { t, first: iova, bitmap, clear, dirty: 0 };
  const end = Math.min(iova + pages, t.capacity);
  // ARM's driver ends at a hole, after what it has read and cleaned before it.
  const whole = iova >= end || readBelow(query, t.root, t.top, iova, end);
  return whole && end === iova + pages ? query.dirty : holeAnswer(t, query);
}

const holeAnswer = (t: TableCore, query: Query): number =>
  t.layout.format.dirtyStopsAtHoles === true ? codes.INVALID : query.dirty;

/** False: there was a hole. */
function readBelow(query: Query, table: number, level: number, iova: number, end: number): boolean {
  const { t } = query;
  const { layout, arena } = t;
  const span = layout.span[level];
  let whole = true;
  for (let at = iova; at < end; ) {
    const entry = t.entryOf(table, level, at);
    const low = arena.words[entry];
    let behind = Math.min(end, (Math.floor(at / span) + 1) * span);
    if ((low & layout.presentLow) === 0) whole = false;
    else if (layout.isLeaf(low, level)) {
      const size = layout.sizeOf(low, arena.words[entry + 1] | 0, level);
      behind = Math.min(end, (Math.floor(at / 2 ** size) + 1) * 2 ** size);
      readLeaf(query, table, level, size, at, behind);
    } else if (!readBelow(query, t.tableOf(low), level - 1, at, behind)) whole = false;
    if (!whole && layout.format.dirtyStopsAtHoles === true) return false;
    at = behind;
  }
  return whole;
}

/** A leaf of several entries is dirty if one of them is, and is clean once all of them are. */
function readLeaf(query: Query, table: number, level: number, size: number, at: number, end: number): void {
  const { t, bitmap, first, clear } = query;
  const { words } = t.arena;
  const from = t.entryOf(table, level, at - (at % 2 ** size));
  const entries = 2 ** (size - t.layout.shift[level]);
  let dirty = false;
  for (let entry = from; entry < from + 2 * entries; entry += 2) {
    if (!isDirty(t, words[entry], words[entry + 1])) continue;
    dirty = true;
    if (clear) clean(t, entry);
  }
  if (!dirty) return;
  query.dirty += end - at;
  for (let page = at - first; page < end - first; page++) bitmap[page >>> 5] |= 1 << (page & 31);
}

function isDirty(t: TableCore, low: number, high: number): boolean {
  const dirty = t.layout.format.dirty!;
  if (dirty.by === 'set') return (low & (1 << dirty.bit)) !== 0;
  return ((high >>> (dirty.where - 32)) & 1) !== 0 && (low & (1 << dirty.bit)) === 0;
}

function clean(t: TableCore, entry: number): void {
  const dirty = t.layout.format.dirty!;
  if (dirty.by === 'set') t.arena.words[entry] &= ~(1 << dirty.bit);
  else t.arena.words[entry] |= 1 << dirty.bit;
}
