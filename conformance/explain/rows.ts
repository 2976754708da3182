// How is one row of a state looked up, and how is the state made in which it is otherwise?
import type { Table } from '../../spec/kit/table.js';
import type { Row } from '../../spec/law/profile.js';

const isTable = (value: unknown): value is Table<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Table<unknown>).floor === 'function';

/** The row; undefined where none is. */
export function rowAt(state: unknown, at: Row): unknown {
  let value = state;
  for (const key of at) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (isTable(value)) value = value.has(Number(key)) ? value.get(Number(key)) : undefined;
    else value = (value as { readonly [key: string | number]: unknown })[key];
  }
  return value;
}

/** The state with another row there; `undefined` takes a row of a table away. */
export function withRow<S>(state: S, at: Row, row: unknown): S {
  const [key, ...rest] = at;
  if (key === undefined) return row as S;
  if (isTable(state)) {
    const k = Number(key);
    const inner = rest.length === 0 ? row : withRow(state.get(k), rest, row);
    return (inner === undefined ? state.delete(k) : state.set(k, inner)) as S;
  }
  const inner = withRow((state as { readonly [key: string | number]: unknown })[key], rest, row);
  if (!Array.isArray(state)) return { ...state, [key]: inner };
  const copy = state.slice();
  copy[Number(key)] = inner;
  return copy as S;
}

/** The collection that the row is in, as a list. */
export function neighbours(state: unknown, at: Row): readonly unknown[] {
  const all = rowAt(state, at.slice(0, -1));
  if (isTable(all)) return all.reduce((list: unknown[], row) => [...list, row], []);
  return Array.isArray(all) ? all : [];
}
