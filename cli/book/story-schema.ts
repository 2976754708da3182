// Which JSON Schema has a story: a recording step by step, as pictures are made from it?
import { DIALECT, type JsonSchema, Observed, Outcome, schemaOf } from '../../spec/protocol/index.js';
import { at } from './schemas.js';

const TEXT: JsonSchema = { type: 'string' };
const TEXTS: JsonSchema = { type: 'array', items: TEXT };
const COUNT: JsonSchema = { type: 'integer', minimum: 0 };
const ANY: JsonSchema = {};

type Fields = { readonly [key: string]: JsonSchema };

const record = (required: Fields, optional: Fields = {}): JsonSchema => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
});
const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const byName = (of: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties: of });
const word = (...words: readonly string[]): JsonSchema => ({ enum: words });

const PARTS: Fields = {
  change: record({ path: TEXTS }, { before: ANY, after: ANY }),
  step: record(
    {
      n: COUNT,
      op: { type: 'object', properties: { op: TEXT }, required: ['op'] },
      outcome: at('outcome'),
      call: TEXT,
      fields: TEXT,
      answer: TEXT,
      verdict: word('allowed', 'not-implemented', 'diverges', 'unfinished'),
      rules: TEXTS,
      possible: COUNT,
    },
    {
      line: COUNT,
      setup: { const: true },
      note: TEXT,
      state: { type: 'object' },
      changes: listOf(at('change')),
    },
  ),
  clause: record(
    { says: TEXT, cite: TEXTS, status: word('settled', 'disputed'), kind: word('must', 'may') },
    { errno: TEXT },
  ),
  way: record({ answer: TEXT, rules: TEXTS }, { changes: listOf(at('change')) }),
  parting: record(
    {
      n: COUNT,
      observed: at('way'),
      allowed: listOf(at('way')),
      related: listOf(record({ says: TEXT }, { event: COUNT, line: COUNT })),
      report: { type: 'object' },
    },
    {
      because: listOf(record({ says: TEXT }, { event: COUNT, line: COUNT })),
      differs: record({ path: TEXT }, { observed: ANY, allowed: ANY, lastAgreed: COUNT }),
    },
  ),
  broken: record({ property: TEXT, says: TEXT, why: TEXT }, { cycle: COUNT }),
  outcome: { anyOf: [schemaOf(Observed), schemaOf(Outcome)] },
};

/** schemas/story-1.schema.json. */
export function storySchema(): JsonSchema {
  return {
    $schema: DIALECT,
    $id: 'story-1.schema.json',
    title: 'A recording step by step, version 1',
    description:
      'What each call changed, which clause allows it, and where the recording leaves the law: docs/json.md.',
    ...record(
      {
        story: { const: 1 },
        profile: TEXT,
        title: TEXT,
        producer: TEXT,
        narration: TEXTS,
        chosen: byName(TEXT),
        machine: { type: 'object' },
        start: { type: 'object' },
        steps: listOf(at('step')),
        seen: COUNT,
        clauses: byName(at('clause')),
        verdict: word('conforms', 'diverges', 'unfinished'),
      },
      {
        file: TEXT,
        release: TEXT,
        left: COUNT,
        end: { type: 'object' },
        reason: TEXT,
        parting: at('parting'),
        broken: at('broken'),
      },
    ),
    $defs: PARTS,
  };
}
