// Which parts of the state and of the call did the condition of a clause look at?
import type { Table } from '../../spec/kit/table.js';
import type { Row } from '../../spec/law/profile.js';

/** One value that was read: of the row at `row`, its field. Of a call `row` is empty. */
export interface Read {
  readonly row: Row;
  readonly field: string;
  readonly value: unknown;
  /** The last part of `row` is a key of a table, so the row can be away. */
  readonly keyed: boolean;
  /** Of a table: a row of that key is there. */
  readonly there: boolean;
}

export interface Watched<A> {
  /** What the condition answered. */
  readonly answer: A;
  readonly state: readonly Read[];
  readonly call: readonly Read[];
}

/**
 * Runs a condition on a state and a call that note what is read of them. Conditions only look, and know records, lists
 * and tables of the kit by what they offer, so they cannot tell the difference.
 */
export function watching<S extends object, O extends object, A>(
  state: S,
  op: O,
  run: (state: S, op: O) => A,
): Watched<A> {
  const [ofState, ofCall]: [Read[], Read[]] = [[], []];
  const answer = run(watched(state, [], false, ofState), watched(op, [], false, ofCall));
  return { answer, state: ofState, call: ofCall };
}

const isTable = (value: object): value is Table<object> =>
  typeof (value as Table<object>).floor === 'function' &&
  typeof (value as Table<object>).reduce === 'function';

function watched<R>(value: R, row: Row, keyed: boolean, reads: Read[]): R {
  if (typeof value !== 'object' || value === null) return value;
  if (isTable(value)) return new WatchedTable(value, row, reads) as unknown as R;
  return new Proxy(value, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name);
      if (typeof name === 'symbol' || typeof found === 'function' || name === 'length') return found;
      const at = Array.isArray(target) ? Number(name) : name;
      if (typeof found === 'object' && found !== null) return watched(found, [...row, at], false, reads);
      reads.push({ row, field: name, value: found, keyed, there: true });
      return found;
    },
  });
}

/** A table that notes the rows that are asked for, those that are not there included. */
class WatchedTable<R> implements Table<R> {
  constructor(
    private readonly table: Table<R>,
    private readonly row: Row,
    private readonly reads: Read[],
  ) {}

  get(key: number): R {
    this.note(key);
    return this.wrapped(key);
  }

  has(key: number): boolean {
    this.note(key);
    return this.table.has(key);
  }

  floor(key: number): number {
    return this.noted(this.table.floor(key));
  }

  ceiling(key: number): number {
    return this.noted(this.table.ceiling(key));
  }

  reduce<A>(step: (acc: A, row: R, key: number) => A, zero: A): A {
    return this.table.reduce((acc: A, _, key) => step(acc, this.get(key), key), zero);
  }

  set(key: number, row: R): Table<R> {
    return this.table.set(key, row);
  }

  delete(key: number): Table<R> {
    return this.table.delete(key);
  }

  clear(): Table<R> {
    return this.table.clear();
  }

  get size(): number {
    this.table.reduce((_, __, key) => this.noted(key), 0);
    return this.table.size;
  }

  get total(): number {
    return this.table.total;
  }

  private wrapped(key: number): R {
    const row = this.table.get(key);
    return this.table.has(key) ? watched(row, [...this.row, key], true, this.reads) : row;
  }

  private note(key: number): void {
    const there = this.table.has(key);
    this.reads.push({ row: [...this.row, key], field: '', value: there, keyed: true, there });
  }

  private noted(key: number): number {
    if (key >= 0) this.note(key);
    return key;
  }
}
