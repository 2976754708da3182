// How are the rows of the state's tables cut, and where do they end?
import { patch } from '../kit/record.js';
import type { Ends, Grain } from '../kit/runs.js';
import type { Piece } from './state.js';

/** Pieces never join: what two map lines made may go by two unmap lines. */
export const pieces: Grain<Piece> = {
  endOf: piece => piece.end,
  part: (piece, by, count) => {
    const start = piece.start + by;
    if (by === 0) return patch(piece, { end: start + count });
    return patch(piece, { start, end: start + count, phys: piece.phys < 0 ? -1 : piece.phys + by });
  },
  joins: () => false,
};

/** Rows that only say where they end: handles, clusters, removals. */
export const rows: Ends<{ readonly end: number }> = { endOf: row => row.end };
