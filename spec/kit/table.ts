// How does a rule keep a collection whose size it does not know?

/**
 * A persistent ordered map from whole numbers to rows. Rules see only this: in a bounded world it is a
 * fixed row of slots, in an unbounded recording a balanced tree, and the same rule text runs on both.
 */
export interface Table<R> {
  /** The row at `key`, or the table's own empty row. Never undefined. */
  get(key: number): R;
  has(key: number): boolean;
  set(key: number, row: R): Table<R>;
  delete(key: number): Table<R>;
  /** The table with nothing in it. */
  clear(): Table<R>;
  /** The greatest occupied key that is <= `key`, or -1. */
  floor(key: number): number;
  /** The smallest occupied key that is >= `key`, or -1. */
  ceiling(key: number): number;
  readonly size: number;
  /** Sum of the weights of its rows, kept and not counted anew. The weight is given where the table is made. */
  readonly total: number;
  /** Visits occupied rows in ascending order of key. */
  reduce<A>(step: (acc: A, row: R, key: number) => A, zero: A): A;
}

/** What a row weighs in the total of its table. */
export type Weigh<R> = (row: R) => number;
export const weightless = (): number => 0;

/** A table of `slots` fixed places, for bounded worlds. `empty` stands for a free place. */
export function slotTable<R>(slots: number, empty: R, weigh: Weigh<R> = weightless): Table<R> {
  return new SlotTable<R>(
    Array.from({ length: slots }, () => empty),
    empty,
    weigh,
  );
}

/** The bounded form: one array, copied on change. Exported so that a checker can read its slots. */
export class SlotTable<R> implements Table<R> {
  constructor(
    readonly slots: readonly R[],
    readonly empty: R,
    readonly weigh: Weigh<R> = weightless,
  ) {}

  get(key: number): R {
    return key >= 0 && key < this.slots.length ? this.slots[key]! : this.empty;
  }

  has(key: number): boolean {
    return this.get(key) !== this.empty;
  }

  set(key: number, row: R): Table<R> {
    if (!(key >= 0 && key < this.slots.length)) {
      throw new Error(`bounded world too small: key ${key} of ${this.slots.length} slots`);
    }
    const copy = this.slots.slice();
    copy[key] = row;
    return new SlotTable(copy, this.empty, this.weigh);
  }

  delete(key: number): Table<R> {
    return this.has(key) ? this.set(key, this.empty) : this;
  }

  clear(): Table<R> {
    return this.size === 0 ? this : slotTable(this.slots.length, this.empty, this.weigh);
  }

  floor(key: number): number {
    for (let k = Math.min(key, this.slots.length - 1); k >= 0; k--)
      if (this.slots[k] !== this.empty) return k;
    return -1;
  }

  ceiling(key: number): number {
    for (let k = Math.max(key, 0); k < this.slots.length; k++) if (this.slots[k] !== this.empty) return k;
    return -1;
  }

  get size(): number {
    let count = 0;
    for (const row of this.slots) if (row !== this.empty) count++;
    return count;
  }

  get total(): number {
    return this.reduce((sum: number, row) => sum + this.weigh(row), 0);
  }

  reduce<A>(step: (acc: A, row: R, key: number) => A, zero: A): A {
    let acc = zero;
    for (let k = 0; k < this.slots.length; k++) {
      const row = this.slots[k]!;
      if (row !== this.empty) acc = step(acc, row, k);
    }
    return acc;
  }
}
