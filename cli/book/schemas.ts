// Which JSON Schema has a line of a recording?
import { LAWS } from '../../conformance/index.js';
import { Call, type JsonSchema, Observed, Return, schemaFile, schemaOf } from '../../spec/protocol/index.js';
import { Header } from '../../spec/protocol/trace.js';

export const at = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });

/** A record's schema with one of its fields told more closely. */
export function narrowed(schema: JsonSchema, fields: { readonly [key: string]: JsonSchema }): JsonSchema {
  return { ...schema, properties: { ...(schema['properties'] as object), ...fields } };
}

/**
 * schemas/trace-1.schema.json: of one line. A line alone does not say which profile it is of, so an operation may be
 * one of any profile; `$defs` has the machine and the operations of each.
 */
export function traceSchema(): JsonSchema {
  const names = Object.keys(LAWS.profiles);
  const header = schemaOf(Header);
  const headers = names.map(name =>
    narrowed(header, { profile: { const: name }, machine: at(`${name}.machine`) }),
  );
  const words = names.flatMap(name => [
    [`${name}.machine`, LAWS.vocabularies[name]!.machine] as const,
    [`${name}.op`, LAWS.vocabularies[name]!.op] as const,
  ]);
  return schemaFile(
    {
      $id: 'trace-1.schema.json',
      title: 'A line of a recording, trace format 1',
      description:
        'JSON Lines: the header first, then calls and returns in turn. The reader asks for more than a schema can say: docs/trace-format.md.',
    },
    { oneOf: [at('header'), at('call'), at('return')] },
    {
      header: { oneOf: headers },
      call: narrowed(schemaOf(Call), { op: { anyOf: names.map(name => at(`${name}.op`)) } }),
      return: narrowed(schemaOf(Return), { outcome: at('outcome') }),
      outcome: schemaOf(Observed),
      ...Object.fromEntries(words),
    },
  );
}

/** As a file. */
export const schemaText = (schema: JsonSchema): string => `${JSON.stringify(schema, undefined, 1)}\n`;
