// Does the court, as it is handed out, know every profile of the law and its words?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  coverageTable,
  encodeTrace,
  judgeTrace,
  LAWS,
  Malformed,
  readTrace,
  runSuite,
} from '../../conformance/index.js';
import { PROFILES } from '../../spec/profiles.js';
import { VOCABULARIES } from '../../spec/protocol/profiles.js';
import * as toy from './toy.js';

test('every profile has its words and every vocabulary its profile, under one name', () => {
  assert.deepEqual(Object.keys(PROFILES).sort(), Object.keys(VOCABULARIES).sort());
  for (const [name, profile] of Object.entries(PROFILES)) assert.equal(profile.name, name);
  assert.equal(LAWS.profiles, PROFILES);
});

test('a recording of the 2011 design is written, read and judged without a table being named', async () => {
  const machine = { groups: [{ bus: 'pci', id: 7, coherent: true }], devices: [], mms: [], timeout: 0 };
  const text = encodeTrace({ profile: 'vfio-2011', producer: 'test', machine }, [
    { n: 1, op: { op: 'tick' } as never, outcome: { is: 'ok' } },
  ]);
  const { verdict } = await judgeTrace(await readTrace([text]));
  assert.deepEqual(verdict, { verdict: 'conforms', events: 1, candidates: 1 });
  assert.equal((await runSuite([{ name: 'tick', lines: [text] }])).result, 'passed');
});

test('another table may be given to each entry', async () => {
  const text = toy.toyText([]);
  await assert.rejects(readTrace([text]), Malformed);
  assert.equal((await readTrace([text], {}, toy.LAWS)).profile, toy.toy);
  assert.equal((await runSuite([{ name: 'toy', lines: [text] }], {}, toy.LAWS)).result, 'passed');
  assert.deepEqual(
    coverageTable([])
      .map(table => table.profile)
      .sort(),
    Object.keys(PROFILES).sort(),
  );
});
