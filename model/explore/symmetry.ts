// Which things of a world are interchangeable? What a world declares, as data.

/**
 * A symmetry is declared by saying what is a *name* in a state. Things of one sort are told apart by a
 * position only; a state in which they have changed places, everywhere at once, is the same state under
 * other names. The explorer derives from the declaration which renamings there are (all those that leave
 * the start as it is), and then visits one state of those that differ by a renaming.
 *
 * The declaration is believed nowhere: an exploration runs the rules on states and on renamed copies of
 * them, and ends with an error if they do not do the same.
 */
export interface Symmetry {
  /** The sorts of things, by a name of your choice. Fields of the state that are no rows of a sort stay. */
  readonly sorts: { readonly [sort: string]: Sort };
  /**
   * Which fields of records hold positions: by field of the state, then by field of its records. A field
   * that is not listed is no name. -1 names nothing, and stays.
   */
  readonly refers?: { readonly [rows: string]: { readonly [field: string]: Reference } };
  /**
   * Fields that tell a thing from its like and do nothing else, such as a number that only comes out in
   * messages: constant, compared for equality only. They stay with the position when things move.
   */
  readonly labels?: { readonly [rows: string]: readonly string[] };
}

/** Things of one sort. */
export interface Sort {
  /** Fields of the state with a row, a slot or a whole table for each thing, at the thing's position. */
  readonly rows: readonly string[];
  /** Positions that do not change places, because the world's operations treat them otherwise. */
  readonly apart?: readonly number[];
  /**
   * No record refers to these things: operations only. Then their records can simply be sorted, however
   * many there are. Such a sort has one field of rows.
   */
  readonly unnamed?: boolean;
  /**
   * These things are sets of things of another sort `of`, each named by the position of its lowest member;
   * the field `by` of the members' records says to which set they belong. When members change places, the
   * set moves to its new lowest member. Rows at positions that lead no set must be equal to one another.
   */
  readonly sets?: { readonly of: string; readonly by: string };
}

/** The sort that a field names a thing of; or, for a field that depends on its record's kind, on which. */
export type Reference = string | { readonly by: string; readonly of: { readonly [value: string]: string } };

/** What was declared does not fit the world, or the rules do not keep to it. */
export class Asymmetric extends Error {}
