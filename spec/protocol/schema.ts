// What is the JSON Schema of what a codec reads?
import type * as t from 'io-ts';
import { Closed, Leaf, List, OrWord, Tagged } from './codec.js';

/** A schema, or a part of one: JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** What io-ts itself calls its codecs, as far as the protocol uses them. */
type Standard =
  | t.LiteralType<string | number | boolean>
  | t.BooleanType
  | t.NullType
  | t.StringType
  | t.UnknownType
  | t.AnyDictionaryType
  | t.DictionaryType<t.Mixed, t.Mixed>
  | t.ReadonlyType<t.Mixed>
  | t.UnionType<t.Mixed[]>
  | t.KeyofType<{ [word: string]: unknown }>;

/**
 * The schema of one value. A codec that it does not know is an error of ours: a schema must not be wider than
 * the reader without anybody noticing. A schema says all but what refers to something else (which positions a
 * machine has), which the reader checks afterwards.
 */
export function schemaOf(codec: t.Mixed): JsonSchema {
  if (codec instanceof Closed) return schemaOfRecord(codec.required, codec.optional);
  if (codec instanceof Tagged)
    return { oneOf: [...Object.values(codec.arms as Props).map(schemaOf), ...others(codec)] };
  if (codec instanceof OrWord) return { anyOf: [{ const: codec.other }, schemaOf(codec.codec as t.Mixed)] };
  if (codec instanceof List) return { type: 'array', items: schemaOf(codec.item as t.Mixed) };
  if (codec instanceof Leaf) return codec.keywords;
  const standard = codec as unknown as Standard;
  switch (standard._tag) {
    case 'LiteralType':
      return { const: standard.value };
    case 'BooleanType':
      return { type: 'boolean' };
    case 'NullType':
      return { type: 'null' };
    case 'StringType':
      return { type: 'string' };
    case 'UnknownType':
      return {};
    case 'AnyDictionaryType':
      return { type: 'object' };
    case 'DictionaryType':
      return { type: 'object', additionalProperties: schemaOf(standard.codomain) };
    case 'ReadonlyType':
      return schemaOf(standard.type);
    case 'UnionType':
      return { anyOf: standard.types.map(schemaOf) };
    case 'KeyofType':
      return { enum: Object.keys(standard.keys) };
    default:
      throw new Error(`no schema for the codec ${(codec as t.Mixed).name}`);
  }
}

/** Records that name no arm, where the reader makes something of them. */
function others({ key, arms, others: other }: Tagged<Props>): readonly JsonSchema[] {
  if (other === undefined) return [];
  const word = { type: 'string', pattern: other.spelt.source, not: { enum: Object.keys(arms) } };
  return [{ type: 'object', properties: { [key]: word }, required: [key] }];
}

type Props = { readonly [key: string]: t.Mixed };

/** The schema of a record with exactly these keys. */
export function schemaOfRecord(required: Props, optional: Props = {}): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries({ ...required, ...optional }).map(([key, codec]) => [key, schemaOf(codec)]),
  );
  return { type: 'object', properties, required: Object.keys(required), additionalProperties: false };
}

/** A schema file. `parts` are codecs, or schemas that point at each other by `#/$defs/NAME`. */
export function schemaFile(
  about: { readonly $id: string; readonly title: string; readonly description: string },
  root: JsonSchema,
  parts: { readonly [name: string]: t.Mixed | JsonSchema },
): JsonSchema {
  const defs = Object.entries(parts).map(([name, part]) => [name, isCodec(part) ? schemaOf(part) : part]);
  return { $schema: DIALECT, ...about, ...root, $defs: Object.fromEntries(defs) };
}

const isCodec = (part: t.Mixed | JsonSchema): part is t.Mixed =>
  typeof (part as { decode?: unknown }).decode === 'function';
