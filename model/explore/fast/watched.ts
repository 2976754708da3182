// What does a rule see instead of a plain state, so that every read of it is known?
import type { Table } from '../../../spec/kit/table.js';
import { PATCH, WATCH, type Watcher } from '../../../spec/kit/watch.js';
import { EMPTY, type Entities, type Entity, type Field, type Question, WHOLE } from './entities.js';

/** Who is told of reads, and knows the codes of the state that is looked at. */
export interface Reader extends Watcher {
  read(entity: Entity, question: Question): void;
  codeOf(entity: Entity): number;
}

type Fields = Record<string, unknown>;

/** What a patched copy was made of. */
interface Patched {
  readonly base: object;
  readonly fields: Fields;
}

const entities = new WeakMap<object, Entity>();
const patched = new WeakMap<object, Patched>();

/** The watched record's own entity; undefined for any other value. */
export const entityOf = (value: unknown): Entity | undefined => entities.get(value as object);

const hidden = (target: object, key: symbol, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: false });
};

/**
 * A copy of a watched record with some fields replaced. The others are inherited, and stay unread until
 * they are asked for; so a spread of the copy would lose them, and the interner says so.
 */
function overlay(this: object, fields: Fields): object {
  const copy = Object.create(this) as object;
  for (const key of Object.keys(fields)) {
    if (!(key in this)) throw new Error(`a rule adds the field '${key}' to a record without it`);
    Object.defineProperty(copy, key, { value: fields[key], enumerable: true });
  }
  patched.set(copy, { base: this, fields });
  return copy;
}

function watchedRecord(entity: Entity, reader: Reader): object {
  const record = {};
  const { keys } = entity.field!;
  keys.forEach((key, at) => {
    Object.defineProperty(record, key, {
      enumerable: true,
      get: () => {
        reader.read(entity, at);
        return (entity.values[reader.codeOf(entity)] as Fields)[key];
      },
    });
  });
  entities.set(record, entity);
  hidden(record, PATCH, overlay);
  return record;
}

/** The bounded table as rules see it: whether a slot is taken is a read, which row it holds is not yet. */
export class WatchedTable implements Table<unknown> {
  constructor(
    readonly slots: readonly unknown[],
    readonly field: Field,
    private readonly reader: Reader,
  ) {}

  get empty(): unknown {
    return this.field.empty;
  }

  get(key: number): unknown {
    return key >= 0 && key < this.slots.length ? this.slots[key] : this.empty;
  }

  has(key: number): boolean {
    if (!(key >= 0 && key < this.slots.length)) return false;
    const row = this.slots[key];
    const entity = entityOf(row);
    if (entity === undefined) return row !== this.empty;
    this.reader.read(entity, EMPTY);
    return entity.answer(EMPTY, this.reader.codeOf(entity)) === false;
  }

  set(key: number, row: unknown): Table<unknown> {
    if (!(key >= 0 && key < this.slots.length))
      throw new Error(`bounded world too small: key ${key} of ${this.slots.length} slots`);
    const copy = this.slots.slice();
    copy[key] = row;
    return new WatchedTable(copy, this.field, this.reader);
  }

  delete(key: number): Table<unknown> {
    return this.has(key) ? this.set(key, this.empty) : this;
  }

  clear(): Table<unknown> {
    if (this.size === 0) return this;
    const slots = this.slots.map(() => this.empty);
    return new WatchedTable(slots, this.field, this.reader);
  }

  floor(key: number): number {
    for (let k = Math.min(key, this.slots.length - 1); k >= 0; k--) if (this.has(k)) return k;
    return -1;
  }

  ceiling(key: number): number {
    for (let k = Math.max(key, 0); k < this.slots.length; k++) if (this.has(k)) return k;
    return -1;
  }

  get size(): number {
    let count = 0;
    for (let k = 0; k < this.slots.length; k++) if (this.has(k)) count++;
    return count;
  }

  get total(): number {
    return this.reduce((sum: number, row) => sum + this.field.weigh(row), 0);
  }

  reduce<A>(step: (acc: A, row: never, key: number) => A, zero: A): A {
    let acc = zero;
    for (let k = 0; k < this.slots.length; k++) if (this.has(k)) acc = step(acc, this.slots[k] as never, k);
    return acc;
  }
}

/** An entity that another row stands for in a changed state. */
interface Difference {
  readonly entity: Entity;
  readonly row: unknown;
}

/** One change of a state: the entity, and the interned value it has now. */
export interface Change {
  readonly entity: Entity;
  readonly value: unknown;
}

/** The watched form of one world's states: built once, it always shows the state that `reader` knows. */
export class Watched {
  readonly root: object;
  private readonly differences = new WeakMap<object, readonly Difference[]>();
  private readonly parts = new Map<string, unknown>();
  private readonly rows = new Map<string, readonly unknown[]>();

  constructor(
    private readonly entities: Entities,
    private readonly reader: Reader,
  ) {
    const root = {};
    for (const f of entities.fields) this.show(root, f);
    hidden(root, WATCH, reader);
    hidden(root, PATCH, overlay);
    this.root = root;
  }

  /** What a field's rows are in `state`, slot by slot; tables one after the other. */
  rowsOf(f: Field, state: object): readonly unknown[] {
    const value = this.peek(state, f.name);
    if (value === this.parts.get(f.name)) return this.rows.get(f.name)!;
    if (f.shape === 'rows') return value as readonly unknown[];
    if (f.shape === 'table') return (value as WatchedTable).slots;
    if (f.shape === 'tables') return (value as readonly WatchedTable[]).flatMap(t => t.slots);
    return [value];
  }

  /** The entities whose value may differ in `state` from the one looked at, by the identity of what it holds. */
  changed(state: object): readonly Difference[] {
    if (state === this.root) return [];
    let found = this.differences.get(state);
    if (found === undefined) this.differences.set(state, (found = this.compare(state)));
    return found;
  }

  private compare(state: object): readonly Difference[] {
    const found: Difference[] = [];
    for (const f of this.entities.fields) {
      const rows = this.rowsOf(f, state);
      const was = this.rows.get(f.name)!;
      if (rows === was) continue;
      if (rows.length !== f.count) throw new Error(`bounded world: '${f.name}' has changed its length`);
      rows.forEach((row, i) => {
        if (row !== was[i]) found.push({ entity: this.entities.all[f.first + i]!, row });
      });
    }
    return found;
  }

  /** What differs in `state`, with values; everything that the values depend on is read. */
  changes(state: object): readonly Change[] {
    return this.changed(state).map(({ entity, row }) => {
      this.reader.read(entity, WHOLE);
      return { entity, value: entity.field!.intern(this.plain(row)) };
    });
  }

  /** The plain record behind a row of a changed state. */
  private plain(row: unknown): unknown {
    const entity = entityOf(row);
    if (entity !== undefined) {
      this.reader.read(entity, WHOLE);
      return entity.values[this.reader.codeOf(entity)];
    }
    if (typeof row !== 'object' || row === null) return row;
    const made = patched.get(row);
    if (made === undefined) return row;
    return { ...(this.plain(made.base) as Fields), ...made.fields };
  }

  /** A field of a state without reading it: what an overlay took over is looked for below. */
  private peek(state: object, name: string): unknown {
    let at = state;
    for (let made = patched.get(at); made !== undefined; made = patched.get(at)) {
      if (Object.hasOwn(made.fields, name)) return made.fields[name];
      at = made.base;
    }
    if (at === this.root) return this.parts.get(name);
    if (!(name in at)) throw new Error(`a rule has lost the field '${name}' of the state`);
    return (at as Fields)[name];
  }

  private show(root: object, f: Field): void {
    const { all } = this.entities;
    const mine = all.slice(f.first, f.first + f.count);
    if (f.shape === 'whole') {
      const entity = mine[0]!;
      const marker = { whole: f.name };
      this.parts.set(f.name, marker);
      this.rows.set(f.name, [marker]);
      Object.defineProperty(root, f.name, {
        enumerable: true,
        get: () => {
          this.reader.read(entity, WHOLE);
          return entity.values[this.reader.codeOf(entity)];
        },
      });
      return;
    }
    const rows = mine.map(e => watchedRecord(e, this.reader));
    const part = this.gather(f, rows);
    this.parts.set(f.name, part);
    this.rows.set(f.name, rows);
    Object.defineProperty(root, f.name, { enumerable: true, value: part });
  }

  private gather(f: Field, rows: readonly object[]): unknown {
    if (f.shape === 'rows') return rows;
    if (f.shape === 'record') return rows[0];
    if (f.shape === 'table') return new WatchedTable(rows, f, this.reader);
    return Array.from(
      { length: f.count / f.each },
      (_, t) => new WatchedTable(rows.slice(t * f.each, (t + 1) * f.each), f, this.reader),
    );
  }
}
