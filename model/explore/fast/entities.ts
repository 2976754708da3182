// Which values has each part of a bounded state taken, and what number stands for each?
import { canonical } from '../../../spec/kit/canonical.js';
import { SlotTable, weightless } from '../../../spec/kit/table.js';

/** What a rule can ask of an entity: the number of one of its fields, or one of the two below. */
export type Question = number;
/** Which record is it, in all its fields? */
export const WHOLE = -1;
/** Is the slot empty? */
export const EMPTY = -2;

/** A part of the state that takes one of few values: a record, a slot of a table, or a derived value. */
export class Entity {
  /** Value by code. */
  readonly values: unknown[] = [];
  private readonly codes = new Map<unknown, number>();
  /** Where it lies in the packed words; set by the layout. */
  bits = -1;
  word = 0;
  shift = 0;

  constructor(
    readonly id: number,
    /** Top-level field and place in it; a derived value has its name here. */
    readonly name: string,
    readonly field: Field | undefined,
  ) {}

  /** The code of an interned record, or of a derived value. A new one gets the next code. */
  codeOf(value: unknown): number {
    let code = this.codes.get(value);
    if (code === undefined) {
      code = this.values.length;
      this.values.push(value);
      this.codes.set(value, code);
    }
    return code;
  }

  answer(question: Question, code: number): unknown {
    if (question === WHOLE) return code;
    const value = this.values[code] as Record<string, unknown>;
    if (question === EMPTY) return value === this.field!.empty;
    return value[this.field!.keys[question]!];
  }
}

/** One top-level field of the state, and the interned records that it has held. */
export interface Field {
  readonly name: string;
  readonly shape: 'rows' | 'table' | 'tables' | 'record' | 'whole';
  /** Ids of its entities are `first`, `first + 1`, ...; `each` of them to a table. */
  readonly first: number;
  readonly count: number;
  readonly each: number;
  /** Field names of its records, in order. */
  readonly keys: readonly string[];
  /** The interned empty row of a table. */
  readonly empty: unknown;
  /** What a row weighs in the total of its table. */
  readonly weigh: (row: unknown) => number;
  readonly intern: (value: unknown) => unknown;
}

type Row = Record<string, unknown>;

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof SlotTable) &&
  Object.values(value).every(v => typeof v !== 'object' || v === null);

/** The values that are equal to one another, as one object. */
function internerOf(keys: readonly string[] | null, name: string): (value: unknown) => unknown {
  const byText = new Map<string, unknown>();
  const known = new WeakMap<object, unknown>();
  return value => {
    const object = typeof value === 'object' && value !== null ? value : null;
    const before = object === null ? undefined : known.get(object);
    if (before !== undefined) return before;
    if (keys !== null) check(value as Row, keys, name);
    const text = canonical(value);
    let one = byText.get(text);
    if (one === undefined) {
      one = Object.freeze(value);
      byText.set(text, one);
    }
    if (object !== null) known.set(object, one);
    return one;
  };
}

function check(row: Row, keys: readonly string[], name: string): void {
  const own = Object.keys(row);
  if (own.length === keys.length && keys.every(k => k in row)) return;
  throw new Error(
    `bounded world: a record of '${name}' has the fields ${own.join(', ')} and not ${keys.join(', ')}`,
  );
}

/** The entities of a state's shape, and how a plain state becomes a list of codes and back. */
export class Entities {
  readonly fields: readonly Field[];
  readonly all: Entity[] = [];
  /** How many entities the state itself has; derived values come after them. */
  readonly base: number;

  constructor(private readonly sample: object) {
    this.fields = Object.entries(sample).map(([name, value]) => this.fieldOf(name, value));
    this.base = this.all.length;
  }

  /** A new derived value. */
  derived(name: string): Entity {
    const entity = new Entity(this.all.length, name, undefined);
    this.all.push(entity);
    return entity;
  }

  /** The codes of a plain state. */
  encode(state: object, out: Int32Array = new Int32Array(this.base)): Int32Array {
    for (const f of this.fields) {
      if (!(f.name in state)) throw new Error(`a rule has lost the field '${f.name}' of the state`);
      const rows = rowsOf(f, (state as Row)[f.name]);
      if (rows.length !== f.count) throw new Error(`bounded world: '${f.name}' has changed its length`);
      rows.forEach((row, i) => {
        out[f.first + i] = this.all[f.first + i]!.codeOf(f.intern(row));
      });
    }
    return out;
  }

  /** The plain state of these codes. */
  decode(codes: ArrayLike<number>): object {
    const state: Row = {};
    for (const f of this.fields) {
      const rows = Array.from(
        { length: f.count },
        (_, i) => this.all[f.first + i]!.values[codes[f.first + i]!],
      );
      state[f.name] = this.gather(f, rows);
    }
    return state;
  }

  private gather(f: Field, rows: readonly unknown[]): unknown {
    if (f.shape === 'rows') return rows;
    if (f.shape === 'table') return new SlotTable(rows, f.empty, f.weigh);
    if (f.shape !== 'tables') return rows[0];
    return Array.from(
      { length: f.count / f.each },
      (_, t) => new SlotTable(rows.slice(t * f.each, (t + 1) * f.each), f.empty, f.weigh),
    );
  }

  private fieldOf(name: string, value: unknown): Field {
    const shape = shapeOf(value);
    const rows = shape === 'whole' || shape === 'record' ? [value] : rowsOf({ shape }, value);
    const each = shape === 'tables' ? (value as readonly SlotTable<unknown>[])[0]!.slots.length : 1;
    const table = shape === 'table' ? value : shape === 'tables' ? (value as readonly unknown[])[0] : null;
    const keys = shape === 'whole' ? null : Object.keys((table as SlotTable<Row>)?.empty ?? (rows[0] as Row));
    const intern = internerOf(keys, name);
    const empty = table === null ? undefined : intern((table as SlotTable<Row>).empty);
    const first = this.all.length;
    const weigh = (table as SlotTable<unknown> | null)?.weigh ?? weightless;
    const count = rows.length;
    const field: Field = { name, shape, first, count, each, keys: keys ?? [], empty, weigh, intern };
    for (let i = 0; i < rows.length; i++)
      this.all.push(new Entity(first + i, rows.length === 1 ? name : `${name}[${i}]`, field));
    return field;
  }

  get start(): Int32Array {
    return this.encode(this.sample);
  }
}

function shapeOf(value: unknown): Field['shape'] {
  const table = (v: unknown): boolean => v instanceof SlotTable && isRow(v.empty) && v.slots.length > 0;
  if (table(value)) return 'table';
  if (Array.isArray(value) && value.length > 0 && value.every(table)) return 'tables';
  if (Array.isArray(value) && value.length > 0 && value.every(isRow)) return 'rows';
  return isRow(value) ? 'record' : 'whole';
}

function rowsOf(f: Pick<Field, 'shape'>, value: unknown): readonly unknown[] {
  if (f.shape === 'rows') return value as readonly unknown[];
  if (f.shape === 'table') return (value as SlotTable<unknown>).slots;
  if (f.shape === 'tables') return (value as readonly SlotTable<unknown>[]).flatMap(t => t.slots);
  return [value];
}
