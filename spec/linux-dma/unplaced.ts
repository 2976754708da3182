// What was mapped and unmapped in a recording that begins late, where nobody knows the domain? For explanations only.
import { pagesAt, type Range } from '../kit/pages.js';
import { keysIn } from '../kit/runs.js';
import type { Op } from '../protocol/linux-dma.js';
import { withRemoval } from './iommu-unmap.js';
import { rows } from './pieces.js';
import { changed, eventNow, type State } from './state.js';

type MapOp = Extract<Op, { op: 'map' }>;
type UnmapOp = Extract<Op, { op: 'unmap' }>;

/** The latest mapping of a range is remembered. */
export function mappedUnplaced(s: State, op: MapOp): State {
  if (!s.counted) return s;
  const range = pagesAt(op.iova, op.size);
  const unplaced = without(s.unplaced, range).set(range.start, { end: range.end, by: eventNow(s) });
  return changed(s, { unplaced, lastMap: eventNow(s) });
}

export function unmappedUnplaced(s: State, op: UnmapOp): State {
  if (!s.counted || op.unmapped === 0n) return s;
  const gone = pagesAt(op.iova, op.unmapped);
  return changed(s, { unplaced: without(s.unplaced, gone), removals: withRemoval(s, gone) });
}

function without(all: State['unplaced'], gone: Range): State['unplaced'] {
  let left = all;
  for (const key of keysIn(all, gone, rows)) {
    const old = all.get(key);
    left = left.delete(key);
    if (key < gone.start) left = left.set(key, { end: gone.start, by: old.by });
    if (old.end > gone.end) left = left.set(gone.end, old);
  }
  return left;
}
