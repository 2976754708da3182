// Does the suite pass only what deserves it, and does the table of coverage leave nothing out?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coverage } from '../../conformance/coverage/collect.js';
import { clauseCells, coverageSummary, coverageTable, errnoCells } from '../../conformance/coverage/table.js';
import { type NamedTrace, runSuite, type SuiteOptions } from '../../conformance/suite/suite.js';
import { readTrace } from '../../conformance/trace/read.js';
import { eventsOf, LAWS, no, ok, shows, type ToyOp, toyText } from './toy.js';

const read: ToyOp = { op: 'read' };
const good = eventsOf([
  [{ op: 'add', by: 1 }, ok],
  [{ op: 'lock', device: 0 }, ok],
  [{ op: 'lock', device: 1 }, no('EBUSY')],
]);
const bad = eventsOf([
  [read, shows(0)],
  [read, shows(5)],
  [read, shows(6)],
]);
const named = (name: string, text: string): NamedTrace => ({ name, lines: [text] });
const refusedAt = (event: number) => ({ refused: { event, why: 'the counter jumps' } });

const suite = (traces: readonly NamedTrace[], options: SuiteOptions = {}) => runSuite(traces, LAWS, options);
const says = async (trace: NamedTrace, options: SuiteOptions = {}) => {
  const { traces, result } = await suite([trace], options);
  return [result, traces[0]!.result, traces[0]!.says];
};

test('each trace is held to what its header announces', async () => {
  assert.deepEqual(await says(named('a', toyText(good))), ['passed', 'passed', 'conforms, 3 events']);
  assert.deepEqual(await says(named('a', toyText(bad))), ['failed', 'failed', 'diverges at event 2']);
  assert.deepEqual(await says(named('a', toyText(bad, refusedAt(2)))), [
    'passed',
    'passed',
    'refused at event 2: the counter jumps',
  ]);
  assert.deepEqual(await says(named('a', toyText(bad, refusedAt(3)))), [
    'failed',
    'failed',
    'refused at event 2, but was to be at event 3: the counter jumps',
  ]);
  assert.deepEqual(await says(named('a', toyText(good, refusedAt(3)))), [
    'failed',
    'failed',
    'conforms, but was to be refused at event 3: the counter jumps',
  ]);
});

test('a malformed trace fails, an unfinished one is inconclusive, none at all is inconclusive', async () => {
  const cut = toyText(good).slice(0, -1);
  assert.deepEqual(await says(named('a', cut)), [
    'failed',
    'failed',
    'malformed: line 7, column 56: the last line has no newline: the file is truncated',
  ]);
  const open = toyText(eventsOf([[{ op: 'guess', of: 9 }, ok]]));
  assert.deepEqual(await says(named('a', open), { maxCandidates: 4 }), [
    'inconclusive',
    'inconclusive',
    'more than 4 states are possible after event 1',
  ]);
  assert.equal((await suite([])).result, 'inconclusive');
  const mixed = await suite([named('a', open), named('b', cut)], { maxCandidates: 4 });
  assert.deepEqual([mixed.result, mixed.failed, mixed.inconclusive, mixed.passed], ['failed', 1, 1, 0]);
});

test('traces that were announced and did not run are a failure, and so are two of one name', async () => {
  const all = [named('a', toyText(good)), named('a', toyText(good))];
  const { result, problems } = await suite(all, { count: 3 });
  assert.equal(result, 'failed');
  assert.deepEqual(problems, ['3 traces were announced, 2 ran', 'two traces are called a']);
  assert.equal((await suite(all.slice(0, 1), { count: 1 })).result, 'passed');
});

test('a waiver excuses one divergence of one trace, and must be needed', async () => {
  const waiver = { trace: 'known', rule: 'read/counter', why: 'being looked into', date: '2026-11-20' };
  const known = named('known', toyText(bad));
  const waived = await suite([known], { waivers: [waiver] });
  assert.deepEqual([waived.result, waived.waived, waived.passed], ['passed', 1, 0]);
  assert.deepEqual(
    [waived.traces[0]!.says, waived.traces[0]!.waiver],
    ['diverges at event 2, waived on 2026-11-20: being looked into', waiver],
  );
  const other = await suite([named('other', toyText(bad))], { waivers: [waiver] });
  assert.deepEqual(
    [other.result, other.failed, other.problems],
    ['failed', 1, ['the waiver of 2026-11-20 for known (read/counter) was not needed: remove it']],
  );
  const fixed = await suite([named('known', toyText(good))], { waivers: [waiver] });
  assert.deepEqual([fixed.result, fixed.failed], ['failed', 0]);
  assert.equal((await suite([known], { waivers: [{ ...waiver, rule: 'lock/held' }] })).result, 'failed');
});

test('a bug of the law is not taken for a result', async () => {
  const broken = {
    ...LAWS.profiles['toy']!,
    view: () => {
      throw new Error('a bug');
    },
  };
  const laws = { ...LAWS, profiles: { toy: broken } };
  await assert.rejects(
    runSuite([named('a', toyText(eventsOf([[read, shows(0), { count: 0 }]])))], laws),
    /a bug/,
  );
});

test('a reader of another format can hand over its own traces', async () => {
  const results: string[] = [];
  const open = () => readTrace([toyText(good)], LAWS);
  const { result } = await suite([{ name: 'other', open }], { onResult: r => results.push(r.name) });
  assert.deepEqual([result, ...results], ['passed', 'other']);
});

test('the table of coverage has every clause of every profile', async () => {
  const { coverage } = await suite([named('a', toyText(good)), named('b', toyText(good))]);
  const tables = coverageTable(coverage, LAWS.profiles);
  assert.deepEqual(
    tables.map(t => [t.profile, t.events, t.exercised, t.clauses.length]),
    [
      ['toy', 6, 4, 11],
      ['talkative', 0, 0, 11],
    ],
  );
  assert.deepEqual(clauseCells(tables[0]!).slice(0, 3), [
    ['add', 'add/locked', 'must', 'settled', 'EBUSY', 'never'],
    ['add', 'add/lost', 'may', 'settled', '', '2'],
    ['add', 'add/counted', 'must', 'settled', '', '2'],
  ]);
  assert.deepEqual(errnoCells(tables[0]!), [
    ['add', 'EBUSY', 'never'],
    ['lock', 'ENODEV', 'never'],
    ['lock', 'EBUSY', '2'],
    ['unlock', 'EPERM', 'never'],
  ]);
  assert.deepEqual(
    tables[0]!.never.map(row => row.rule),
    ['add/locked', 'guess/any', 'read/counter', 'lock/no-device', 'unlock/free', 'unlock/done', 'jam/always'],
  );
  assert.deepEqual(coverageSummary(tables[0]!).slice(0, 2), [
    'toy: 4 of 11 clauses and 1 of 4 refusals exercised by 6 events',
    'never: add add/locked',
  ]);
});

test('coverages add up, and an errno that no clause declares has its row', () => {
  const [one, two] = [new Coverage('toy'), new Coverage('toy')];
  one.record({ op: 'add' }, ['add/locked', 'add/lost'], no('EPERM'));
  two.add(one);
  two.add(one);
  const [table] = coverageTable([one, two], LAWS.profiles);
  assert.equal(table!.events, 3);
  assert.equal(table!.clauses[0]!.times, 3);
  assert.deepEqual(
    table!.errnos.slice(0, 2).map(r => [r.errno, r.times]),
    [
      ['EBUSY', 0],
      ['EPERM', 3],
    ],
  );
});
