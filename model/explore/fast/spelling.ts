// How is a value of a state written as JSON and read back as the same value?
import { canonical } from '../../../spec/kit/canonical.js';
import { SlotTable } from '../../../spec/kit/table.js';
import type { Json } from '../snapshot.js';

type Tagged = { readonly [key: string]: Json };

/** JSON of plain data; what JSON has no word for is a record whose one key begins with `$`. */
export function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return { $big: String(value) };
  if (value === undefined) return { $undefined: true };
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) };
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof SlotTable) return { $table: tableToJson(value) };
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw new Error('a state holds what a checkpoint cannot keep');
  const entries = Object.entries(value).map(([key, field]): [string, Json] => {
    if (key.startsWith('$')) throw new Error(`a checkpoint cannot keep a field called '${key}'`);
    return [key, toJson(field)];
  });
  return Object.fromEntries(entries);
}

/** Free slots are left out: they hold the table's own empty row, and no copy of it. */
function tableToJson(table: SlotTable<unknown>): Json {
  const rows = table.slots.flatMap((row, key): Json[] => (row === table.empty ? [] : [[key, toJson(row)]]));
  return { slots: table.slots.length, empty: toJson(table.empty), rows };
}

export function fromJson(json: Json): unknown {
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map(fromJson);
  const record = json as Tagged;
  if (typeof record['$big'] === 'string') return BigInt(record['$big']);
  if (record['$undefined'] === true) return undefined;
  if (typeof record['$number'] === 'string') return Number(record['$number']);
  if (record['$table'] !== undefined) return tableFromJson(record['$table'] as Tagged);
  return Object.fromEntries(Object.entries(record).map(([key, field]) => [key, fromJson(field)]));
}

function tableFromJson({ slots, empty, rows }: Tagged): SlotTable<unknown> {
  const free = fromJson(empty!);
  const all: unknown[] = Array.from({ length: slots as number }, () => free);
  for (const [key, row] of rows as readonly (readonly [number, Json])[]) all[key] = fromJson(row);
  return new SlotTable(all, free);
}

/** JSON that is known to be read back as the same value: it was, once. */
export function keepable(value: unknown): Json {
  const json = toJson(value);
  const again = fromJson(JSON.parse(JSON.stringify(json)) as Json);
  if (canonical(again) !== canonical(value))
    throw new Error('a state holds what a checkpoint does not read back');
  return json;
}
