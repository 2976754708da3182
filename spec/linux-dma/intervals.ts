// What does a table of pieces that do not overlap hold within a range, and what is left of it after a cut?
import { patch } from '../kit/record.js';
import type { Table } from '../kit/table.js';
import type { Range } from './addresses.js';
import type { Piece } from './state.js';

interface Ends {
  readonly end: number;
}

/** The first key whose row reaches into the range, or -1. Rows begin at their key. */
export function firstIn<R extends Ends>(table: Table<R>, range: Range): number {
  if (table.size === 0) return -1;
  const below = table.floor(range.start);
  if (below >= 0 && table.get(below).end > range.start) return below;
  const above = table.ceiling(range.start);
  return above >= 0 && above < range.end ? above : -1;
}

/** The keys of all rows that reach into the range, ascending. */
export function keysIn<R extends Ends>(table: Table<R>, range: Range): readonly number[] {
  const keys: number[] = [];
  for (let k = firstIn(table, range); k >= 0 && k < range.end; k = table.ceiling(k + 1)) keys.push(k);
  return keys;
}

/** Does the table hold every page of the range? */
export function covers(table: Table<Piece>, range: Range): boolean {
  let page = range.start;
  for (let k = firstIn(table, range); k >= 0 && k <= page && page < range.end; k = table.ceiling(page)) {
    page = table.get(k).end;
  }
  return page >= range.end;
}

/** What a piece leaves in front of a range and behind it. */
export function remains(piece: Piece, range: Range): readonly Piece[] {
  const left: Piece[] = [];
  if (piece.start < range.start) left.push(patch(piece, { end: range.start }));
  if (piece.end > range.end) left.push(tail(piece, range.end));
  return left;
}

/** The part of a piece from `start` on. */
export function tail(piece: Piece, start: number): Piece {
  const phys = piece.phys < 0 ? -1 : piece.phys + (start - piece.start);
  return patch(piece, { start, phys });
}

/** The part of a piece inside a range. */
export function within(piece: Piece, range: Range): Piece {
  const headless = piece.start < range.start ? tail(piece, range.start) : piece;
  return headless.end > range.end ? patch(headless, { end: range.end }) : headless;
}

/** The table without the range; pieces that stick out are trimmed. */
export function cut(table: Table<Piece>, range: Range): Table<Piece> {
  let out = table;
  for (const key of keysIn(table, range)) {
    const piece = table.get(key);
    out = out.delete(key);
    for (const rest of remains(piece, range)) out = out.set(rest.start, rest);
  }
  return out;
}
