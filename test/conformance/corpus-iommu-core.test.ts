// Do the traces of iommu-core and of its races exercise every clause, and is each mistake refused for its reason?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { coverageTable, LAWS, readTrace, runSuite, type SuiteResult } from '../../conformance/index.js';
import { replay } from '../../model/compare/replay.js';
import { explore } from '../../model/explore/explore.js';
import { hasImplementation, implementationOf } from '../../model/machine.js';
import { countsOf } from '../../model/pinned.js';
import { WORLDS } from '../../model/worlds.js';
import { allowed, defaultPolicies } from '../../spec/index.js';
import type { Clause } from '../../spec/law/clause.js';
import type { AnyOp, AnyProfile } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
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

interface Part {
  readonly profile: AnyProfile;
  /** Clauses that answer as another one does, which is permitted whenever they are: a recording cannot tell. */
  readonly alike: readonly string[];
}

const PARTS: readonly Part[] = [
  {
    profile: LAWS.profiles['iommu-core']!,
    alike: [
      'probe/attach-fails',
      'probe/no-default-domain',
      'attach_pasid/attach-fails',
      'sva_bind/attach-fails',
    ],
  },
  {
    profile: LAWS.profiles['iommu-core-races']!,
    alike: [],
  },
];

for (const { profile, alike } of PARTS) {
  const ACCEPT = filesOf('accept', profile.name);
  const REFUSE = filesOf('refuse', profile.name);
  const ALL = [...ACCEPT, ...REFUSE];
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
    const { traces } = await runSuite(REFUSE.map(named));
    const otherwise = traces.filter(t => !forItsReason(t));
    assert.deepEqual(
      otherwise.map(t => `${t.name}: ${allowedIn(t).map(choice => choice.rule)}`),
      [],
    );
  });

  test(title('every errno of every operation is told apart by some refused trace'), async () => {
    const { traces } = await runSuite(REFUSE.map(named));
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
    const lists = Object.entries(profile.rules) as unknown as [string, readonly AnyClause[]][];
    const declared = new Set(lists.flatMap(([op, list]) => list.map(c => `${op} ${c.errno ?? 'none'}`)));
    const seen = new Set<string>();
    for (const world of WORLDS.filter(w => w.profile === profile && countsOf(w).states < 500)) {
      const policies = { ...defaultPolicies(profile), ...world.policies };
      explore(
        world,
        {},
        {
          visit: (_, state) => {
            for (const op of world.ops as readonly AnyOp[])
              for (const { outcome } of allowed(profile, state, op, policies))
                if (outcome.is === 'refused') seen.add(`${op.op} ${outcome.errno}`);
          },
        },
      );
    }
    assert.deepEqual(
      [...seen].filter(pair => !declared.has(pair)),
      [],
    );
  });

  test(title('every value of every policy is judged by some accepted trace'), async () => {
    const seen = new Set<string>();
    for (const file of ACCEPT) {
      const trace = await readTrace([file.text]);
      await trace.close();
      for (const [name, value] of Object.entries(trace.policies)) seen.add(`${name}=${value}`);
    }
    const all = profile.policies.flatMap(p => p.values.map(v => `${p.name}=${v.value}`));
    assert.deepEqual([...seen].sort(), all.sort());
  });

  /** Which clauses can be broken like this without any trace ending otherwise, or for another reason? */
  async function unnoticed(how: Break): Promise<readonly string[]> {
    const survivors: string[] = [];
    for (const [op, list] of Object.entries(profile.rules) as unknown as [string, readonly AnyClause[]][]) {
      const speaks = ALL.filter(({ text }) => text.includes(`"op":"${op}"`)).map(named);
      for (const [at, clause] of list.entries()) {
        const broken = how(list, at);
        if (broken === undefined) continue;
        const rules = { ...profile.rules, [op]: broken };
        const laws = { ...LAWS, profiles: { ...LAWS.profiles, [profile.name]: { ...profile, rules } } };
        // A law without a check may fall over what the check was for: that is noticed too.
        const result = await runSuite(speaks, {}, laws).catch(() => undefined);
        if (result?.result !== 'passed') continue;
        if (result.traces.every(t => t.verdict?.verdict !== 'diverges' || forItsReason(t)))
          survivors.push(clause.id);
      }
    }
    return survivors;
  }

  test(title('no clause can be left out unnoticed'), async () => {
    const left = await unnoticed((list, at) =>
      at === list.length - 1 ? undefined : list.filter((_, i) => i !== at),
    );
    assert.deepEqual(left, []);
  });

  test(
    title('no clause can answer with another errno unnoticed but those that look like another'),
    async () => {
      const left = await unnoticed((list, at) => {
        const clause = list[at]!;
        if (clause.errno === undefined) return undefined;
        const errno = clause.errno === 'EBUSY' ? 'EINVAL' : 'EBUSY';
        const then: AnyClause['then'] = state => ({ outcome: { is: 'refused', errno }, state });
        return list.map((c, i) => (i === at ? { ...c, errno, then } : c));
      });
      assert.deepEqual(left, alike);
    },
  );
}

type AnyClause = Clause<unknown, AnyOp>;
type Break = (list: readonly AnyClause[], at: number) => readonly AnyClause[] | undefined;

test('the implementation follows every trace, answer and state', async () => {
  const parted: string[] = [];
  let followed = 0;
  for (const file of PARTS.flatMap(p => [
    ...filesOf('accept', p.profile.name),
    ...filesOf('refuse', p.profile.name),
  ])) {
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
  const core = PARTS[0]!.profile.name;
  assert.equal(followed, filesOf('accept', core).length + filesOf('refuse', core).length);
});

test('every reason is that of a refused trace, and every refused trace has one', () => {
  const refused = PARTS.flatMap(p => filesOf('refuse', p.profile.name)).map(file => bare(file.name));
  assert.deepEqual(Object.keys(REFUSED_BY).sort(), [...refused].sort());
});
