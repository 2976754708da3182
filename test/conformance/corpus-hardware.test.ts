// Do the traces of hardware exercise every clause, on each architecture, and is each refused for its reason?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { coverageTable, LAWS, readTrace, runSuite, type SuiteResult } from '../../conformance/index.js';
import { REFUSED_BY } from './corpus-hardware-reasons.js';

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);
const PROFILE = LAWS.profiles.hardware!;

interface File {
  readonly name: string;
  readonly text: string;
}

const filesOf = (folder: 'accept' | 'refuse'): readonly File[] =>
  readdirSync(new URL(`${folder}/`, FOLDER))
    .filter(file => file.startsWith('hardware-'))
    .sort()
    .map(file => ({ name: file, text: readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8') }));

const ACCEPT = filesOf('accept');
const REFUSE = filesOf('refuse');
const named = ({ name, text }: File) => ({ name, lines: [text] });

const ruleOf = (result: SuiteResult['traces'][number]): string =>
  result.verdict?.verdict === 'diverges'
    ? [...new Set(result.verdict.allowed.map(choice => choice.rule))].join()
    : '';

test('all files with the name of the profile are of it', async () => {
  for (const file of [...ACCEPT, ...REFUSE]) {
    const trace = await readTrace([file.text]);
    await trace.close();
    assert.equal(trace.profile.name, PROFILE.name, file.name);
  }
});

test('the accepted traces exercise every clause and every code of every operation', async () => {
  const result = await runSuite(ACCEPT.map(named), { count: ACCEPT.length });
  assert.equal(result.result, 'passed');
  const table = coverageTable(result.coverage).find(t => t.profile === PROFILE.name)!;
  assert.deepEqual(
    table.never.map(row => row.rule),
    [],
  );
  assert.deepEqual(
    table.errnos.filter(row => row.times === 0),
    [],
  );
});

test('every architecture is judged, and every answer of a driver that is wrong', async () => {
  const seen = new Set<string>();
  for (const file of ACCEPT) {
    const trace = await readTrace([file.text]);
    await trace.close();
    seen.add((trace.machine as { architecture: string }).architecture);
    for (const [name, value] of Object.entries(trace.policies)) seen.add(`${name}=${value}`);
  }
  for (const architecture of ['vt-d', 'smmu-v3', 'risc-v', 'amd'])
    assert.ok(seen.has(architecture), architecture);
  const wrong = PROFILE.policies.map(p => p.values.slice(1).map(v => `${p.name}=${v.value}`));
  assert.deepEqual(
    wrong.filter(values => !values.some(v => seen.has(v))),
    [['table-free=at-once']],
    'which no access can tell before the table is used again',
  );
});

test('each refused trace is refused by the clause that it is about', async () => {
  const result = await runSuite(REFUSE.map(named));
  const rules = result.traces.map(t => [/hardware-(.*)\.jsonl/.exec(t.name)![1]!, ruleOf(t)]);
  assert.deepEqual(Object.fromEntries(rules), REFUSED_BY);
});
