// How does a rule keep rows in an order of their own, when there may be very many of them?

/** Rows in ascending order: a plain list while they are few, and else in pieces, so that a change copies one of them. */
export type Rows<R> = readonly R[] | Pieces<R>;

/** Where a row stands to one that is looked for: below 0 before it, 0 at its place, above 0 behind it. */
export type Compare<R> = (row: R) => number;

/** The longest plain list, and the longest piece. Worlds that are explored never have so many rows. */
const LONGEST = 256;

/** Pieces in order, none of them empty. */
class Pieces<R> {
  private whole: readonly R[] | undefined;

  constructor(
    readonly pieces: readonly (readonly R[])[],
    readonly length: number,
  ) {}

  /** All rows, made once. */
  get all(): readonly R[] {
    this.whole ??= this.pieces.flat();
    return this.whole;
  }

  /** The piece that has the place: the last one that does not begin behind it. */
  at(compare: Compare<R>): number {
    return Math.max(0, placeOf(this.pieces, piece => (compare(piece[0]!) > 0 ? 1 : -1)) - 1);
  }

  /** With other rows in one piece, which is cut in two when it is too long. */
  with(at: number, piece: readonly R[]): Rows<R> {
    const half = piece.length >> 1;
    const parts =
      piece.length === 0 ? [] : piece.length > LONGEST ? [piece.slice(0, half), piece.slice(half)] : [piece];
    const pieces = [...this.pieces.slice(0, at), ...parts, ...this.pieces.slice(at + 1)];
    if (pieces.length === 1) return pieces[0]!;
    return new Pieces(pieces, this.length + piece.length - this.pieces[at]!.length);
  }
}

/** All rows as a list, in their order. */
export const all = <R>(rows: Rows<R>): readonly R[] => (rows instanceof Pieces ? rows.all : rows);

/** The row at its place, if there is one. */
export function rowAt<R>(rows: Rows<R>, compare: Compare<R>): R | undefined {
  const list = rows instanceof Pieces ? rows.pieces[rows.at(compare)]! : rows;
  const row = list[placeOf(list, compare)];
  return row !== undefined && compare(row) === 0 ? row : undefined;
}

/** With this row at its place, instead of the one that is there. */
export const withRow = <R>(rows: Rows<R>, row: R, compare: Compare<R>): Rows<R> =>
  changedAt(rows, compare, [row]);

/** Without the row at this place. */
export const withoutRow = <R>(rows: Rows<R>, compare: Compare<R>): Rows<R> => changedAt(rows, compare, []);

function changedAt<R>(rows: Rows<R>, compare: Compare<R>, now: readonly R[]): Rows<R> {
  if (rows instanceof Pieces) {
    const at = rows.at(compare);
    return rows.with(at, spliced(rows.pieces[at]!, compare, now));
  }
  const list = spliced(rows, compare, now);
  if (list.length <= LONGEST) return list;
  const half = list.length >> 1;
  return new Pieces([list.slice(0, half), list.slice(half)], list.length);
}

function spliced<R>(list: readonly R[], compare: Compare<R>, now: readonly R[]): readonly R[] {
  const at = placeOf(list, compare);
  const there = list[at] !== undefined && compare(list[at]) === 0 ? 1 : 0;
  return [...list.slice(0, at), ...now, ...list.slice(at + there)];
}

/** The index of the first row that is not before the place. */
function placeOf<R>(list: readonly R[], compare: Compare<R>): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(list[middle]!) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
