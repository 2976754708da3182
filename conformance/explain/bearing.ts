// Which facts of the state does a condition rest on: what, if it were otherwise, would have let the call pass?
import type { Row } from '../../spec/law/profile.js';
import { neighbours, rowAt, withRow } from './rows.js';
import type { Read } from './watching.js';

/** A row that the condition looked at. */
export interface Bearing {
  readonly row: Row;
  /** The fields that were read, each once; none: only whether the row is there. */
  readonly fields: readonly string[];
  readonly there: boolean;
  /** Its key or position is a value of the call: what the call speaks of, and not what it met. */
  readonly named: boolean;
  /**
   * `alone`: otherwise, and the condition does not hold. `together`: not before all of these are otherwise.
   * `read`: the condition looked at it, and no one thing of it decides.
   */
  readonly how: 'alone' | 'together' | 'read';
}

interface Looked {
  readonly row: Row;
  readonly keyed: boolean;
  readonly there: boolean;
  readonly fields: string[];
}

/** Rows beyond these are not tried: a condition that looks at so many is told by the first of them. */
const MOST_ROWS = 400;

/** Does the condition still hold in another state? What cannot be asked there does not count as an answer. */
export type Holds<S> = (state: S) => boolean;

/** The rows that bear on a condition that holds in `state`: those that can be away first, and that decide alone. */
export function bearingOn<S>(
  state: S,
  start: S,
  reads: readonly Read[],
  call: object,
  holds: Holds<S>,
): readonly Bearing[] {
  const rows = looked(reads).slice(0, MOST_ROWS);
  const named = namedBy(call);
  const tell = (l: Looked, how: Bearing['how']): Bearing => ({
    row: l.row,
    fields: l.fields,
    there: l.there,
    named: l.row.length === 2 && named.has(Number(l.row[1])) && l.keyed,
    how,
  });
  const alone = rows.filter(l => otherwise(state, start, l).some(other => !safely(holds, other)));
  const own = [...alone.filter(l => l.keyed), ...alone.filter(l => !l.keyed)].map(l => tell(l, 'alone'));
  if (own.some(b => !b.named)) return own;
  const all = together(state, rows, holds).map(l => tell(l, 'together'));
  if (all.length > 0) return [...own, ...all];
  const others = rows.filter(l => l.row.length > 0 && !alone.includes(l));
  return [...own, ...others.map(l => tell(l, 'read'))];
}

function looked(reads: readonly Read[]): readonly Looked[] {
  const found = new Map<string, Looked>();
  for (const { row, field, keyed, there } of reads) {
    const key = row.join('\n');
    const known = found.get(key) ?? { row, keyed, there, fields: [] };
    if (field !== '' && !known.fields.includes(field)) known.fields.push(field);
    found.set(key, known);
  }
  return [...found.values()];
}

const namedBy = (call: object): ReadonlySet<number> =>
  new Set(Object.values(call).filter(value => typeof value === 'number'));

function safely<S>(holds: Holds<S>, state: S): boolean {
  try {
    return holds(state);
  } catch {
    return true;
  }
}

const MOST_VALUES = 12;

/** States in which one row is otherwise: away, as at the start, or with another value of what was read of it. */
function otherwise<S>(state: S, start: S, { row, keyed, there, fields }: Looked): readonly S[] {
  const others = neighbours(state, row);
  if (keyed && !there) return others.slice(0, MOST_VALUES).map(other => withRow(state, row, other));
  const away = keyed ? [withRow(state, row, undefined)] : [];
  const now = rowAt(state, row);
  if (typeof now !== 'object' || now === null || Array.isArray(now)) return away;
  const changed = fields.flatMap(field => values(field, now, [rowAt(start, row), ...others]));
  return [...away, ...changed.map(change => withRow(state, row, { ...now, ...change }))];
}

/** Other values of a field: what it was at the start, what it is in other rows, and none. */
function values(field: string, now: object, others: readonly unknown[]): readonly object[] {
  const value = fieldOf(now, field);
  const found = new Set<unknown>(
    others.map(other => fieldOf(other, field)).filter(other => typeof other === typeof value),
  );
  if (typeof value === 'boolean') found.add(!value);
  if (typeof value === 'number') for (const n of [-1, 0]) found.add(n);
  found.delete(value);
  return [...found].slice(0, MOST_VALUES).map(other => ({ [field]: other }));
}

function fieldOf(row: unknown, field: string): unknown {
  return typeof row === 'object' && row !== null
    ? (row as { readonly [f: string]: unknown })[field]
    : undefined;
}

/** Rows of tables that have to be away together, and none of which can stay. */
function together<S>(state: S, rows: readonly Looked[], holds: Holds<S>): readonly Looked[] {
  const gone: Looked[] = [];
  let now = state;
  for (const l of rows) {
    if (!l.keyed || !l.there) continue;
    const next = withRow(now, l.row, undefined);
    const after = answer(holds, next);
    if (after === undefined) continue;
    now = next;
    gone.push(l);
    if (!after) return fewest(state, gone, holds);
  }
  return [];
}

/** Undefined: the condition cannot be asked there. */
function answer<S>(holds: Holds<S>, state: S): boolean | undefined {
  try {
    return holds(state);
  } catch {
    return undefined;
  }
}

function fewest<S>(state: S, rows: readonly Looked[], holds: Holds<S>): readonly Looked[] {
  let kept = rows;
  for (const l of rows) {
    const fewer = kept.filter(other => other !== l);
    const next = fewer.reduce((s, { row }) => withRow(s, row, undefined), state);
    if (!safely(holds, next)) kept = fewer;
  }
  return kept;
}
