// How is a state of a law spelled, so that two states are equal exactly when their spellings are?
import type { Table } from './table.js';

/**
 * One exact spelling of a law's state. Injective: the spellings of two values are equal strings only if
 * the values are equal, so a set of states can be a set of strings, and there is no hash collision to
 * explain. Equal means: what a rule could tell apart by `===` and by asking whether a field is there. The
 * order in which a record's fields were written does not count, nor does how a table stores its rows; a
 * field that is `undefined` is not the same as one that is absent.
 *
 * A law's state is plain data. Anything else (a Map, a Date, a function) is a bug of the law, and thrown.
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'number':
      // -0 === 0, so both are spelled 0.
      return String(value);
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return list(value);
      if (isTable(value)) return table(value);
      return record(value as Fields);
    default:
      throw new Error(`a state holds a ${typeof value}; only plain data has a canonical spelling`);
  }
}

type Fields = { readonly [field: string]: unknown };

function list(items: readonly unknown[]): string {
  let out = '[';
  for (let i = 0; i < items.length; i++) out += i === 0 ? canonical(items[i]) : `,${canonical(items[i])}`;
  return `${out}]`;
}

/** Occupied rows only, in the ascending order in which every table visits them: slots and trees agree. */
function table(rows: Table<unknown>): string {
  return `${rows.reduce((out, row, key) => `${out}${out === '<' ? '' : ','}${key}:${canonical(row)}`, '<')}>`;
}

function record(fields: Fields): string {
  const prototype: unknown = Object.getPrototypeOf(fields);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new Error(`a state holds ${nameOf(prototype)}; only plain data has a canonical spelling`);
  }
  let out = '{';
  for (const key of sortedKeys(fields)) {
    out += `${out === '{' ? '' : ','}${PLAIN_KEY.test(key) ? key : JSON.stringify(key)}:${canonical(fields[key])}`;
  }
  return `${out}}`;
}

/** Keys that are spelled without quotes; a quoted key starts with a quote, so the two never collide. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Rules write records of fixed shape, so the keys are often in order already; sorting is the exception. */
function sortedKeys(fields: Fields): readonly string[] {
  const keys = Object.keys(fields);
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return keys.sort();
  return keys;
}

/** A table of the kit, however it is stored. Typed arrays and Sets lack one of the two. */
function isTable(value: object): value is Table<unknown> {
  const table = value as Partial<Table<unknown>>;
  return typeof table.reduce === 'function' && typeof table.floor === 'function';
}

function nameOf(prototype: unknown): string {
  const name = (prototype as { constructor?: { name?: string } } | null)?.constructor?.name;
  return name === undefined || name === '' ? 'an object that is no plain record' : `a ${name}`;
}
