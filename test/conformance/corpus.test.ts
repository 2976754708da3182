// Is the corpus in order: all there, in its one spelling, judged as announced, and about every clause?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  coverageSummary,
  coverageTable,
  encodeTrace,
  LAWS,
  type ProfileCoverage,
  readTrace,
  runSuite,
  type SuiteResult,
  type Trace,
} from '../../conformance/index.js';
import type { AnyOp } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);
const PROFILE = LAWS.profiles['vfio-2011']!;

interface File {
  readonly name: string;
  readonly text: string;
}

const filesOf = (folder: 'accept' | 'refuse' | 'late'): readonly File[] =>
  readdirSync(new URL(`${folder}/`, FOLDER))
    .sort()
    .map(file => ({
      name: `${folder}/${file}`,
      text: readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8'),
    }));

const ACCEPT = filesOf('accept');
const REFUSE = filesOf('refuse');
const ALL = [...ACCEPT, ...REFUSE, ...filesOf('late')];

const VERDICTS: { readonly [folder: string]: string } = {
  accept: 'conforms',
  refuse: 'diverges',
  late: 'open',
};

const named = ({ name, text }: File) => ({ name, lines: [text] });

function refusals(result: SuiteResult): readonly string[] {
  const bad = result.traces.filter(t => t.result !== 'passed').map(t => `${t.name}: ${t.says}`);
  return [...bad, ...result.problems];
}

async function whole(trace: Trace): Promise<readonly Event<AnyOp>[]> {
  const events: Event<AnyOp>[] = [];
  for await (const event of trace.events()) events.push(event);
  return events;
}

const tableOf = (result: SuiteResult): ProfileCoverage =>
  coverageTable(result.coverage).find(t => t.profile === PROFILE.name)!;

test('a name is a sentence in dash case, and no two traces share one', () => {
  for (const { name } of ALL) assert.match(name, /^(accept|refuse|late)\/[a-z0-9]+(-[a-z0-9]+){2,}\.jsonl$/);
  const names = ALL.map(({ name }) => name.replace(/^\w+\//, ''));
  assert.equal(new Set(names).size, names.length);
});

test('every accepted trace conforms, every refused one diverges where it says', async () => {
  const result = await runSuite(ALL.map(named), { count: ALL.length });
  assert.deepEqual(refusals(result), []);
  assert.equal(result.result, 'passed');
  for (const { name, expected } of result.traces)
    assert.equal(expected?.is, VERDICTS[name.split('/')[0]!], name);
});

test('read and written again, every trace has the same bytes', async () => {
  for (const file of ALL) {
    const trace = await readTrace([file.text]);
    const { format: _, version: __, events: ___, ...opening } = trace.header;
    const again = encodeTrace({ ...opening, machine: trace.machine }, await whole(trace));
    assert.equal(again, file.text, file.name);
  }
});

test('every trace tells a person what it is about', async () => {
  for (const file of ALL) {
    const trace = await readTrace([file.text]);
    const { narration = [], refused, events } = trace.header;
    await trace.close();
    const [machine] = narration;
    const source = narration.at(-1);
    assert.ok(narration.length >= 3 && narration.length <= 8, `${file.name}: ${narration.length} sentences`);
    for (const sentence of narration) assert.ok(sentence.trim().length > 10, file.name);
    assert.match(machine!, /^Machine: /, file.name);
    assert.match(source!, /^Source: /, file.name);
    // What comes after the refused event would never be judged.
    if (refused !== undefined) assert.equal(refused.event, events, file.name);
    else assert.match(file.text, /"note":"/, file.name);
  }
});

test('the accepted traces exercise every clause and every errno of every operation', async () => {
  const table = tableOf(await runSuite(ACCEPT.map(named)));
  const clauses = Object.values(PROFILE.rules).flatMap(list => list as readonly unknown[]);
  assert.equal(table.clauses.length, clauses.length);
  assert.deepEqual(coverageSummary(table).slice(1), []);
  assert.deepEqual(
    table.errnos.filter(row => row.times === 0),
    [],
  );
});

test('every value of every policy is judged by some trace', async () => {
  const seen = new Set<string>();
  for (const file of ACCEPT) {
    const trace = await readTrace([file.text]);
    await trace.close();
    if (trace.profile.name !== PROFILE.name) continue;
    for (const [name, value] of Object.entries(trace.policies)) seen.add(`${name}=${value}`);
  }
  const all = PROFILE.policies.flatMap(p => p.values.map(v => `${p.name}=${v.value}`));
  assert.deepEqual(
    all.filter(choice => !seen.has(choice)),
    [],
  );
});
