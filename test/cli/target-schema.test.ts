// Has the schema of the target protocol, and has the page for whoever writes a target, every word that there is?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaText } from '../../cli/book/schemas.js';
import { targetSchema } from '../../cli/book/target-schema.js';
import { LAWS } from '../../conformance/index.js';
import type { Tagged } from '../../spec/protocol/codec.js';
import { CODES } from '../../spec/protocol/errno.js';
import { ENDINGS } from '../../spec/protocol/observed.js';
import { ANSWER } from '../../spec/protocol/outcome.js';
import { Hello, Reply, Request } from '../../spec/protocol/target.js';
import { ROOT } from './command.js';

const SCHEMA = targetSchema();
const page = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const PROTOCOL = page('docs/target-protocol.md');
const WORDS = page('docs/words.md');
const TEXT = JSON.stringify(SCHEMA);
const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(SCHEMA);

test('the file is as the codecs are', () => {
  assert.equal(page('schemas/target-1.schema.json'), schemaText(SCHEMA));
});

test('every profile, operation, error code and key of an answer is in schema and page', () => {
  for (const [profile, { op }] of Object.entries(LAWS.vocabularies)) {
    assert.ok(WORDS.includes(`## \`${profile}\``), profile);
    const section = WORDS.slice(WORDS.indexOf(`## \`${profile}\``));
    const own = section.slice(0, section.indexOf('\n## ', 3) >>> 0);
    for (const name of Object.keys((op as unknown as Tagged<Record<string, never>>).arms)) {
      assert.ok(own.includes(`\`${name}\``), `${profile} ${name} on the page`);
      assert.ok(
        JSON.stringify((SCHEMA['$defs'] as Record<string, unknown>)[`${profile}.op`]).includes(`"${name}"`),
      );
    }
  }
  for (const word of [
    ...CODES,
    ...Object.keys(ANSWER),
    ...ENDINGS,
    'unobserved',
    'not-implemented',
    'unknown',
  ]) {
    assert.ok(WORDS.includes(`\`${word}\``), `${word} on the page`);
    assert.ok(TEXT.includes(`"${word}"`), `${word} in the schema`);
  }
});

test('every line of the protocol and every key of it is on the page', () => {
  for (const name of [...Object.keys(Request), ...Object.keys(Reply)])
    assert.ok(PROTOCOL.includes(name), name);
  for (const key of [...Object.keys(Hello.required), ...Object.keys(Hello.optional)])
    assert.ok(PROTOCOL.includes(`| \`${key}\` |`), key);
});

test('the conversation on the page is valid, line by line, and what is not of the protocol is not', () => {
  const block = /```jsonl\n([\s\S]*?)```/.exec(PROTOCOL)![1]!;
  const lines = block
    .trim()
    .split('\n')
    .map(line => line.slice(2));
  assert.ok(lines.length > 10);
  for (const line of lines) assert.ok(validate(JSON.parse(line)), line);
  for (const wrong of [
    {},
    { hello: 2 },
    { call: 0, op: {} },
    { return: 1, outcome: 'later' },
    { quit: false },
  ])
    assert.ok(!validate(wrong), JSON.stringify(wrong));
});
