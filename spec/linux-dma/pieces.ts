// How are the rows of the state's tables cut, and where do they end?
import { patch } from '../kit/record.js';
import type { Ends, Grain } from '../kit/runs.js';
import type { Piece } from './state.js';

/** What one map line made and the law cut joins again; what two made stays two, and may go by two unmap lines. */
export const pieces: Grain<Piece> = {
  endOf: piece => piece.end,
  part: (piece, by, count) => {
    const start = piece.start + by;
    if (by === 0) return patch(piece, { end: start + count });
    return patch(piece, { start, end: start + count, phys: piece.phys < 0 ? -1 : piece.phys + by });
  },
  joins: (piece, next) =>
    piece.at > 0 &&
    piece.at === next.at &&
    piece.by === next.by &&
    piece.announced === next.announced &&
    (piece.phys < 0 ? next.phys < 0 : piece.phys + piece.end - piece.start === next.phys),
};

/** Rows that only say where they end: handles, clusters, removals. */
export const rows: Ends<{ readonly end: number }> = { endOf: row => row.end };
