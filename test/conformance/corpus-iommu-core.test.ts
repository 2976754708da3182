// Do the traces of iommu-core and of its races exercise every clause, and is each mistake refused for its reason?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { coverageTable, LAWS, readTrace, runSuite, type SuiteResult } from '../../conformance/index.js';
import { replay } from '../../model/compare/replay.js';
import { hasImplementation, implementationOf } from '../../model/machine.js';

import type { Clause } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';
import { RELEASE } from '../../spec/law/release.js';
import type { Event } from '../../spec/protocol/trace.js';
import { undeclared } from './declared.js';
import { REFUSED_BY } from './iommu-core-reasons.js';

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);

interface File {
  readonly name: string;
  readonly text: string;
}

const filesOf = (folder: 'accept' | 'refuse', profile: string): readonly File[] =>
  readdirSync(new URL(`${folder}/`, FOLDER))
    .sort()
    .map(file => ({
      name: `${folder}/${file}`,
      text: readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8'),
    }))
    .filter(({ text }) => text.includes(`"profile":"${profile}"`));

const named = ({ name, text }: File) => ({ name, lines: [text] });
type Result = SuiteResult['traces'][number];
const bare = (name: string): string => name.replace(/^\w+\/(.*)\.jsonl$/, '$1');

/** What the law allowed where a trace left it. */
const allowedIn = ({ verdict }: Result) => (verdict?.verdict === 'diverges' ? verdict.allowed : []);
const reasonOf = (result: Result): string => REFUSED_BY[bare(result.name)] ?? 'no reason';
const forItsReason = (result: Result): boolean =>
  allowedIn(result).some(choice => choice.rule === reasonOf(result));

const PARTS: readonly AnyProfile[] = [LAWS.profiles['iommu-core']!, LAWS.profiles['iommu-core-races']!];

for (const profile of PARTS) {
  const ACCEPT = filesOf('accept', profile.name);
  const REFUSE = filesOf('refuse', profile.name);
  const ALL = [...ACCEPT, ...REFUSE];
  const refused = runSuite(REFUSE.map(named));
  const title = (says: string): string => `${profile.name}: ${says}`;

  test(title('the names of traces say whose they are'), () => {
    assert.ok(ACCEPT.length > 0 && REFUSE.length > 0);
    for (const { name } of ALL) assert.match(name, new RegExp(`^\\w+/${profile.name}-[a-z]`));
  });

  test(title('no trace is longer than a story'), async () => {
    for (const file of ALL) {
      const trace = await readTrace([file.text]);
      await trace.close();
      assert.ok(trace.header.events <= 50, `${file.name}: ${trace.header.events} events`);
    }
  });

  test(title('the accepted traces exercise every clause and every errno of every operation'), async () => {
    const result = await runSuite(ACCEPT.map(named), { count: ACCEPT.length });
    assert.equal(result.result, 'passed');
    const table = coverageTable(result.coverage).find(t => t.profile === profile.name)!;
    assert.equal(table.clauses.length, Object.values(profile.rules).flat().length);
    assert.deepEqual(
      table.never.map(row => row.rule),
      [],
    );
    assert.deepEqual(
      table.errnos.filter(row => row.times === 0),
      [],
    );
  });

  test(title('each refused trace is refused by the clause that it is about'), async () => {
    const { traces } = await refused;
    const otherwise = traces.filter(t => !forItsReason(t));
    assert.deepEqual(
      otherwise.map(t => `${t.name}: ${allowedIn(t).map(choice => choice.rule)}`),
      [],
    );
  });

  test(title('every errno of every operation is told apart by some refused trace'), async () => {
    const { traces } = await refused;
    const told = new Set<string>();
    for (const { verdict } of traces) {
      if (verdict?.verdict !== 'diverges') continue;
      const answers = [verdict.observed, ...verdict.allowed.map(choice => choice.outcome)];
      for (const answer of answers) if (answer.is === 'refused') told.add(`${verdict.op.op} ${answer.errno}`);
    }
    const lists = Object.entries(profile.rules) as unknown as [string, readonly AnyClause[]][];
    const all = lists.flatMap(([op, list]) => list.flatMap(c => (c.errno ? [`${op} ${c.errno}`] : [])));
    assert.deepEqual(
      all.filter(pair => !told.has(pair)),
      [],
    );
  });

  test(title('an errno stands beside every clause that refuses, so that none is missing above'), () => {
    const { worlds, seen, missing } = undeclared(profile, 0, 100);
    assert.ok(worlds > 0 && seen > 0, `${worlds} worlds, ${seen} refusals`);
    assert.deepEqual(missing, []);
  });

  test(
    title('every value of every policy, and every release, is judged by some accepted trace'),
    async () => {
      const seen = new Set<string>();
      for (const file of ACCEPT) {
        const trace = await readTrace([file.text]);
        await trace.close();
        for (const [name, value] of Object.entries(trace.policies)) seen.add(`${name}=${value}`);
      }
      const all = profile.policies.flatMap(p => p.values.map(v => `${p.name}=${v.value}`));
      const releases = profile.releases?.map(r => `${RELEASE}=${r.name}`) ?? [];
      assert.deepEqual([...seen].sort(), [...all, ...releases].sort());
    },
  );
}

type AnyClause = Clause<unknown, AnyOp>;

test('the implementation follows every trace, answer and state', async () => {
  const parted: string[] = [];
  let followed = 0;
  for (const file of PARTS.flatMap(p => [...filesOf('accept', p.name), ...filesOf('refuse', p.name)])) {
    const trace = await readTrace([file.text]);
    const events: Event<AnyOp>[] = [];
    for await (const event of trace.events()) events.push(event);
    if (!hasImplementation(trace.profile.name)) continue;
    const machine = implementationOf(trace.profile.name, trace.machine, trace.policies);
    const until = trace.header.refused?.event;
    const { parting } = replay(trace.profile, trace.machine, trace.policies, events, machine, until);
    followed++;
    if (parting !== undefined) parted.push(`${file.name}, event ${parting.event}`);
  }
  assert.deepEqual(parted, []);
  const core = PARTS[0]!.name;
  assert.equal(followed, filesOf('accept', core).length + filesOf('refuse', core).length);
});

test('every reason is that of a refused trace, and every refused trace has one', () => {
  const refused = PARTS.flatMap(p => filesOf('refuse', p.name)).map(file => bare(file.name));
  assert.deepEqual(Object.keys(REFUSED_BY).sort(), [...refused].sort());
});
