// Which JSON Schema has a line between a driver and a target?
import { LAWS } from '../../conformance/index.js';
import { type JsonSchema, Observed, schemaFile, schemaOf } from '../../spec/protocol/index.js';
import { ANY, Hello, LateAnswer, Reply, Request, Return, SetupCall } from '../../spec/protocol/target.js';
import { at, narrowed } from './schemas.js';

/**
 * schemas/target-1.schema.json: of one line of either side. `$defs` has each line by itself, under `request.` and
 * `reply.`, and the words of each profile.
 */
export function targetSchema(): JsonSchema {
  const names = Object.keys(LAWS.profiles);
  const op = { anyOf: names.map(name => at(`${name}.op`)) };
  const machine = { anyOf: names.map(name => at(`${name}.machine`)) };
  const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
  const called = narrowed(schemaOf(Request.call), { op });
  const answered = narrowed(schemaOf(Return), {
    outcome: { anyOf: [{ const: 'late' }, at('outcome')] },
    setup: list(at('setup')),
    late: list(at('late')),
  });
  const hellos = names.map(name =>
    narrowed(schemaOf(Hello), {
      profile: { const: name },
      machine: { anyOf: [{ const: ANY }, at(`${name}.machine`)] },
    }),
  );
  const lines: { readonly [name: string]: JsonSchema } = {
    'request.hello': schemaOf(Request.hello),
    'request.reset': narrowed(schemaOf(Request.reset), { machine }),
    'request.call': called,
    'request.batch': narrowed(schemaOf(Request.batch), { batch: list(at('request.call')) }),
    'request.late': schemaOf(Request.late),
    'request.quit': schemaOf(Request.quit),
    'reply.hello': { oneOf: hellos },
    'reply.reset': narrowed(schemaOf(Reply.reset), { setup: list(at('setup')) }),
    'reply.call': answered,
    'reply.batch': narrowed(schemaOf(Reply.batch), { batch: list(at('reply.call')) }),
    'reply.late': narrowed(schemaOf(Reply.late), { answers: list(at('late')) }),
  };
  const words = names.flatMap(name => [
    [`${name}.machine`, LAWS.vocabularies[name]!.machine] as const,
    [`${name}.op`, LAWS.vocabularies[name]!.op] as const,
  ]);
  return schemaFile(
    {
      $id: 'target-1.schema.json',
      title: 'A line of the target protocol, version 1',
      description: 'JSON Lines between a driver and a target: docs/target-protocol.md.',
    },
    { anyOf: Object.keys(lines).map(at) },
    {
      ...lines,
      outcome: schemaOf(Observed),
      setup: narrowed(schemaOf(SetupCall), { op, outcome: at('outcome') }),
      late: narrowed(schemaOf(LateAnswer), { outcome: at('outcome') }),
      ...Object.fromEntries(words),
    },
  );
}
