// Does the JSON Schema take every line that the reader takes, and refuse what has another shape?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaText, traceSchema } from '../../cli/book/schemas.js';
import { bundled, CORPUS } from '../../cli/input.js';
import { LAWS } from '../../conformance/index.js';
import { DIALECT } from '../../spec/protocol/index.js';
import { ROOT } from './command.js';

const SCHEMA = traceSchema();
const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(SCHEMA);

test('the file is as the codecs are, and of draft 2020-12', () => {
  assert.equal(SCHEMA['$schema'], DIALECT);
  assert.equal(readFileSync(join(ROOT, 'schemas/trace-1.schema.json'), 'utf8'), schemaText(SCHEMA));
  for (const name of Object.keys(LAWS.profiles))
    for (const part of ['machine', 'op'])
      assert.ok(Object.hasOwn(SCHEMA['$defs'] as object, `${name}.${part}`), `${name}.${part}`);
});

test('every line of the corpus is valid', () => {
  let lines = 0;
  for (const { name } of bundled().traces) {
    for (const line of readFileSync(join(CORPUS, name), 'utf8').trimEnd().split('\n')) {
      lines++;
      assert.ok(validate(JSON.parse(line)), `${name}: ${line.slice(0, 200)}`);
    }
  }
  assert.ok(lines > 1000, `${lines} lines`);
});

test('what the codecs refuse by its shape is not valid', () => {
  const call = {
    call: 1,
    op: { op: 'map', handle: 1, iova: '0x1000', paddr: '0x0', size: '0x1000', prot: 'r', mm: 0 },
  };
  assert.ok(validate(call));
  const wrong: readonly unknown[] = [
    {},
    [],
    null,
    { ...call, extra: 1 },
    { ...call, call: 0 },
    { ...call, call: 1.5 },
    { ...call, op: { ...call.op, iova: '0X1000' } },
    { ...call, op: { ...call.op, iova: '0x01' } },
    { ...call, op: { ...call.op, iova: 4096 } },
    { ...call, op: { ...call.op, op: 'nothing' } },
    { ...call, op: { op: 'map', handle: 1 } },
    { return: 1 },
    { return: 1, outcome: { is: 'ok', colour: 1 } },
    { return: 1, outcome: { is: 'refused' } },
    { return: 1, outcome: { is: 'ok' }, state: 1 },
    { format: 'iommu-trace', version: 2, profile: 'vfio-2011', producer: 'x', machine: {}, events: 0 },
    { format: 'iommu-trace', version: 1, profile: 'nobody', producer: 'x', machine: {}, events: 0 },
  ];
  for (const value of wrong) assert.ok(!validate(value), JSON.stringify(value));
});
