// How is a bounded state written as a row of small numbers, exactly and cheaply?
import { canonical } from '../../spec/kit/canonical.js';
import { SlotTable } from '../../spec/kit/table.js';

/**
 * A state is a record of rows of records. Every distinct record of a field gets a number; a state is the
 * list of its records' numbers. Two states are equal exactly if their lists are: nothing is hashed away.
 * A rule changes few records, and records that it left alone are known by identity, so writing down a
 * successor costs little more than what it changed. A field of no fixed shape is numbered as a whole.
 */
export interface Layout<S> {
  /** How many numbers a state is written with. */
  readonly width: number;
  /** Writes `state` to `out[at...]`; what it shares with `base`, written at `from[baseAt...]`, is copied. */
  encode(state: S, out: Uint16Array, at: number, base: S, from: Uint16Array, baseAt: number): void;
  decode(from: Uint16Array, at: number): S;
  /** Number of distinct records met so far, over all fields. */
  readonly records: () => number;
}

type Row = object;

/** The numbering of one field's records, or of its whole values. */
class Dictionary {
  private readonly byText = new Map<string, number>();
  private readonly byRow = new WeakMap<Row, number>();
  readonly rows: Row[] = [];

  constructor(private readonly spell: (row: Row) => string) {}

  codeOf(row: Row): number {
    const known = this.byRow.get(row);
    if (known !== undefined) return known;
    const text = this.spell(row);
    let code = this.byText.get(text);
    if (code === undefined) {
      code = this.rows.length;
      if (code > 0xffff)
        throw new Error('bounded world too large: more than 65,536 different records of one kind');
      this.byText.set(text, code);
      this.rows.push(row);
    }
    this.byRow.set(row, code);
    return code;
  }
}

/** A value of any kind in a box, so that it can be known by identity. */
interface Box {
  readonly value: unknown;
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every(field => typeof field !== 'object' || field === null);

/** A flat record's fields in their fixed order; a string's length before it keeps the spelling injective. */
function spell(row: Row): string {
  let text = '';
  for (const value of Object.values(row)) {
    if (typeof value === 'string') text += `${value.length}:${value}|`;
    else if (typeof value === 'object' && value !== null)
      throw new Error('a record of a bounded world must be flat');
    else text += `#${String(value)}|`;
  }
  return text;
}

/** One top-level field: rows in an array, in a slot table, or a single record. */
interface Field {
  readonly name: string;
  readonly shape: 'rows' | 'table' | 'record' | 'tables' | 'whole';
  readonly at: number;
  readonly width: number;
  readonly each: number;
  readonly dictionary: Dictionary;
  readonly sample: unknown;
}

const slotsOf = (table: unknown): readonly Row[] => (table instanceof SlotTable ? table.slots : []);

function fieldOf(name: string, value: unknown, at: number): Field {
  const flat = { name, at, dictionary: new Dictionary(spell), sample: value };
  if (value instanceof SlotTable && isRow(value.empty)) {
    return { ...flat, shape: 'table', width: value.slots.length, each: value.slots.length };
  }
  if (Array.isArray(value) && value[0] instanceof SlotTable && isRow(value[0].empty)) {
    const each = value[0].slots.length;
    return { ...flat, shape: 'tables', width: value.length * each, each };
  }
  if (Array.isArray(value) && value.length > 0 && value.every(isRow)) {
    return { ...flat, shape: 'rows', width: value.length, each: 1 };
  }
  if (isRow(value) && !(value instanceof SlotTable)) return { ...flat, shape: 'record', width: 1, each: 1 };
  const dictionary = new Dictionary(box => canonical((box as Box).value));
  return { ...flat, dictionary, shape: 'whole', width: 1, each: 1 };
}

/** Reads the layout off one state: the shape of a bounded world never changes. */
export function layoutOf<S extends object>(sample: S): Layout<S> {
  const fields: Field[] = [];
  let width = 0;
  for (const [name, value] of Object.entries(sample)) {
    const field = fieldOf(name, value, width);
    fields.push(field);
    width += field.width;
  }
  return {
    width,
    records: () => fields.reduce((n, f) => n + f.dictionary.rows.length, 0),
    encode(state, out, at, base, from, baseAt) {
      for (const f of fields) {
        const now = state[f.name as keyof S] as unknown;
        const was = base[f.name as keyof S] as unknown;
        if (now === was) copy(out, at + f.at, from, baseAt + f.at, f.width);
        else encodeField(f, now, was, out, at + f.at, from, baseAt + f.at);
      }
    },
    decode(from, at) {
      const state: Record<string, unknown> = {};
      for (const f of fields) state[f.name] = decodeField(f, from, at + f.at);
      return state as S;
    },
  };
}

function copy(out: Uint16Array, at: number, from: Uint16Array, start: number, count: number): void {
  for (let i = 0; i < count; i++) out[at + i] = from[start + i]!;
}

function encodeRows(
  d: Dictionary,
  now: readonly Row[],
  was: readonly Row[],
  out: Uint16Array,
  at: number,
  from: Uint16Array,
  start: number,
): void {
  if (was.length > 0 && now.length !== was.length)
    throw new Error('a list of a bounded world has changed its length');
  for (let i = 0; i < now.length; i++) {
    const row = now[i]!;
    out[at + i] = row === was[i] ? from[start + i]! : d.codeOf(row);
  }
}

function encodeField(
  f: Field,
  now: unknown,
  was: unknown,
  out: Uint16Array,
  at: number,
  from: Uint16Array,
  start: number,
): void {
  const d = f.dictionary;
  if (f.shape === 'whole') out[at] = d.codeOf({ value: now } satisfies Box);
  else if (f.shape === 'record') out[at] = d.codeOf(now as Row);
  else if (f.shape === 'rows')
    encodeRows(d, now as readonly Row[], was as readonly Row[], out, at, from, start);
  else if (f.shape === 'table') encodeRows(d, slotsOf(now), slotsOf(was), out, at, from, start);
  else {
    const tables = now as readonly unknown[];
    const before = was as readonly unknown[];
    for (let t = 0; t < tables.length; t++) {
      encodeRows(d, slotsOf(tables[t]), slotsOf(before[t]), out, at + t * f.each, from, start + t * f.each);
    }
  }
}

function decodeField(f: Field, from: Uint16Array, at: number): unknown {
  const rows = f.dictionary.rows;
  const read = (start: number, count: number): Row[] => {
    const out: Row[] = new Array(count);
    for (let i = 0; i < count; i++) out[i] = rows[from[start + i]!]!;
    return out;
  };
  if (f.shape === 'whole') return (rows[from[at]!] as Box).value;
  if (f.shape === 'record') return rows[from[at]!];
  if (f.shape === 'rows') return read(at, f.width);
  if (f.shape === 'table') {
    const sample = f.sample as SlotTable<Row>;
    return new SlotTable(read(at, f.width), sample.empty, sample.weigh);
  }
  const samples = f.sample as readonly SlotTable<Row>[];
  return samples.map((sample, t) => new SlotTable(read(at + t * f.each, f.each), sample.empty, sample.weigh));
}
