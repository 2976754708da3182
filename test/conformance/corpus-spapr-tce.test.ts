// Do the traces of spapr-tce exercise every clause and every code in each dialect, and is each refused for its reason?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { coverageTable, LAWS, readTrace, runSuite, type SuiteResult } from '../../conformance/index.js';
import { REFUSED_BY } from './corpus-spapr-tce-reasons.js';

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);
const PROFILE = LAWS.profiles['spapr-tce']!;

interface File {
  readonly name: string;
  readonly text: string;
}

const filesOf = (folder: 'accept' | 'refuse'): readonly File[] =>
  readdirSync(new URL(`${folder}/`, FOLDER))
    .filter(file => file.startsWith('spapr-tce-'))
    .sort()
    .map(file => ({
      name: `${folder}/${file}`,
      text: readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8'),
    }));

const ACCEPT = filesOf('accept');
const REFUSE = filesOf('refuse');
const ALL = [...ACCEPT, ...REFUSE];

/** The same by the names of the files. */
const REASONS: { readonly [file: string]: string } = Object.fromEntries(
  Object.entries(REFUSED_BY).map(([name, rule]) => [`refuse/spapr-tce-${name}.jsonl`, rule]),
);

const named = ({ name, text }: File) => ({ name, lines: [text] });
const ruleOf = (result: SuiteResult['traces'][number]): string =>
  result.verdict?.verdict === 'diverges'
    ? [...new Set(result.verdict.allowed.map(choice => choice.rule))].join()
    : '';
const tableOf = (result: SuiteResult) =>
  coverageTable(result.coverage).find(t => t.profile === PROFILE.name)!;

test('all files with the name of the profile are of it', async () => {
  assert.ok(ACCEPT.length > 0 && REFUSE.length > 0);
  for (const file of ALL) {
    const trace = await readTrace([file.text]);
    await trace.close();
    assert.equal(trace.profile.name, PROFILE.name, file.name);
  }
});

test('the accepted traces exercise every clause and every code of every operation', async () => {
  const result = await runSuite(ACCEPT.map(named), { count: ACCEPT.length });
  assert.equal(result.result, 'passed');
  const table = tableOf(result);
  assert.equal(table.clauses.length, Object.values(PROFILE.rules).flat().length);
  assert.deepEqual(
    table.never.map(row => row.rule),
    [],
  );
  assert.deepEqual(
    table.errnos.filter(row => row.times === 0),
    [],
  );
});

/** What a guest and its host ask for: here dialects differ. */
const SPOKEN = /^(h_|ddw_|kvm_|guest_dma)/;
/** Clauses that a dialect never comes to. */
const ELSEWHERE: { readonly [dialect: string]: RegExp } = {
  strict:
    /^h_\w+\/(.*-to-user-space|poison-outside-memory|page-out-of-window|kept|stops-at-end|more-than-window|none|permission)$|^ddw_create\/(shift-.*|no-window-left|too-large)$/,
  kvm: /^h_\w+\/(page-out-of-window|kept|stops-at-end|more-than-window|unknown-window|bad-entry|no-list|none|multiple-tables|first-out-of-window|duplicated)$|^h_stuff_tce\/too-many$|^ddw_create\/(overlaps|more-than-possible|larger-than-possible)$/,
  qemu: /^h_\w+\/(.*-to-user-space|poison-outside-memory|out-of-window|put|permission|no-list|bad-entry|multiple-tables|first-out-of-window|duplicated)$|^h_stuff_tce\/too-many$|^ddw_create\/(overlaps|more-than-possible|larger-than-possible)$|^kvm_\w+\/(?!no-kvm|not-open)/,
};

for (const [dialect, elsewhere] of Object.entries(ELSEWHERE)) {
  test(`in the dialect ${dialect} every clause that a guest can meet is exercised`, async () => {
    const spoken = ACCEPT.filter(f => (f.text.match(/"dialect":"(\w+)"/)?.[1] ?? 'strict') === dialect);
    const { clauses } = tableOf(await runSuite(spoken.map(named)));
    const met = clauses.filter(row => row.times > 0 && SPOKEN.test(row.rule)).map(row => row.rule);
    const all = clauses.filter(row => SPOKEN.test(row.rule) && !elsewhere.test(row.rule));
    assert.deepEqual(met.sort(), all.map(row => row.rule).sort());
  });
}

test('each refused trace is refused by the clause that it is about, and by no other', async () => {
  const result = await runSuite(REFUSE.map(named));
  assert.deepEqual(Object.fromEntries(result.traces.map(t => [t.name, ruleOf(t)])), REASONS);
});

test('every value of every policy, and every release, is judged by some accepted trace', async () => {
  const seen = new Set<string>();
  for (const file of ACCEPT) {
    const trace = await readTrace([file.text]);
    await trace.close();
    for (const [name, value] of Object.entries(trace.policies)) seen.add(`${name}=${value}`);
  }
  const all = PROFILE.policies.flatMap(p => p.values.map(v => `${p.name}=${v.value}`));
  all.push(...PROFILE.releases!.map(r => `release=${r.name}`));
  assert.deepEqual([...seen].sort(), all.sort());
});
