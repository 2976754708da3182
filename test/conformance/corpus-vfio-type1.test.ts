// Do the traces of vfio-type1 exercise every clause in each release, and is each refused for its reason?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  coverageTable,
  encodeTrace,
  LAWS,
  readTrace,
  runSuite,
  type SuiteResult,
} from '../../conformance/index.js';
import type { Clause } from '../../spec/law/clause.js';
import type { AnyOp } from '../../spec/law/profile.js';
import type { Event } from '../../spec/protocol/trace.js';
import { REFUSED_BY } from './corpus-vfio-type1-reasons.js';

const FOLDER = new URL('../../../conformance/corpus/', import.meta.url);
const PROFILE = LAWS.profiles['vfio-type1']!;
const RELEASES = PROFILE.releases!.map(r => r.name);

interface File {
  readonly name: string;
  readonly text: string;
  readonly release: string;
}

const filesOf = (folder: 'accept' | 'refuse'): readonly File[] =>
  readdirSync(new URL(`${folder}/`, FOLDER))
    .filter(file => file.startsWith('vfio-type1-'))
    .sort()
    .map(file => {
      const text = readFileSync(new URL(`${folder}/${file}`, FOLDER), 'utf8');
      const release = /^\{[^\n]*"release":"([^"]+)"/.exec(text)?.[1] ?? RELEASES[0]!;
      return { name: `${folder}/${file}`, text, release };
    });

const ACCEPT = filesOf('accept');
const REFUSE = filesOf('refuse');

const named = ({ name, text }: File) => ({ name, lines: [text] });
const clauses = Object.values(PROFILE.rules).flat() as unknown as readonly Clause<unknown, AnyOp>[];
const holdsIn = (id: string, release: string): boolean => {
  const { releases } = clauses.find(c => c.id === id)!;
  return releases === undefined || releases.includes(release);
};

test('all files with the name of the profile are of it', async () => {
  for (const file of [...ACCEPT, ...REFUSE]) {
    const trace = await readTrace([file.text]);
    await trace.close();
    assert.equal(trace.profile.name, PROFILE.name, file.name);
  }
});

for (const release of RELEASES) {
  test(`${release}: the accepted traces exercise every clause that holds in it`, async () => {
    const files = ACCEPT.filter(f => f.release === release);
    const result = await runSuite(files.map(named), { count: files.length });
    assert.equal(result.result, 'passed');
    const table = coverageTable(result.coverage).find(t => t.profile === PROFILE.name)!;
    const never = table.clauses.filter(row => row.times === 0).map(row => row.rule);
    assert.deepEqual(
      never.filter(id => holdsIn(id, release)),
      [],
    );
    assert.deepEqual(
      never.every(id => !holdsIn(id, release)),
      true,
    );
  });
}

/** What a call may always fail with: success in its place is no mistake. */
const FAILURES: readonly string[] = ['ENOMEM', 'EIO'];

/** What a refused call would look like if it had been let through, one trace for each. */
async function letThrough(file: File): Promise<readonly File[]> {
  const trace = await readTrace([file.text]);
  const events: Event<AnyOp>[] = [];
  for await (const event of trace.events()) events.push(event);
  const { format: _, version: __, events: ___, refused: ____, ...opening } = trace.header;
  return events.flatMap((event, at): readonly File[] => {
    const { outcome } = event;
    if (outcome.is !== 'refused' || FAILURES.includes(outcome.errno)) return [];
    const altered = { ...event, outcome: { is: 'ok' } as const };
    const refused = { event: at + 1, why: 'it is refused' };
    const head = { ...opening, machine: trace.machine, refused };
    const text = encodeTrace(head, [...events.slice(0, at), altered]);
    return [{ name: `${file.name}, event ${at + 1}`, text, release: file.release }];
  });
}

test('in every release no call that is refused by a clause may end otherwise', async () => {
  const altered = (await Promise.all(ACCEPT.map(letThrough))).flat();
  const result = await runSuite(altered.map(named), { count: altered.length });
  const passed = result.traces.filter(t => t.result !== 'passed').map(t => t.name);
  // The driver of an IOMMU may refuse to attach, or not.
  const permitted = ['interrupts-are-looked-at-when-a-group-joins-late'];
  assert.deepEqual(
    passed.filter(name => !permitted.some(story => name.includes(story))),
    [],
  );
  assert.ok(altered.length > 800, `${altered.length}`);
});

const ruleOf = (result: SuiteResult['traces'][number]): string =>
  result.verdict?.verdict === 'diverges'
    ? [...new Set(result.verdict.allowed.map(choice => choice.rule))].join()
    : '';

test('each refused trace is refused by the clause that it is about', async () => {
  const result = await runSuite(REFUSE.map(named));
  for (const t of result.traces) {
    const name = /vfio-type1-(.*)\.jsonl/.exec(t.name)![1]!;
    const rules = ruleOf(t).split(',');
    const own = name.endsWith('-is-let-through')
      ? rules.find(rule => `${rule.replace(/[_/]/g, '-')}-is-let-through` === name)
      : rules.find(rule => rule === REFUSED_BY[name]);
    assert.ok(own, `${t.name}: ${rules}`);
  }
});

test('every clause that only refuses has a trace that is let through', () => {
  const has = new Set(REFUSE.map(f => f.name));
  const must = clauses.filter(c => c.kind === 'must' && c.errno !== undefined);
  const lacks = must.filter(
    c => !has.has(`refuse/vfio-type1-${c.id.replace(/[_/]/g, '-')}-is-let-through.jsonl`),
  );
  assert.deepEqual(
    lacks.map(c => c.id),
    [],
  );
});

/** Reports of users: what they were told holds in every release. */
const REPORTS = ACCEPT.filter(f => f.name.includes('-report-'));

test('what users have reported is answered alike in every release', async () => {
  assert.equal(REPORTS.length, 9);
  for (const release of RELEASES) {
    const files = REPORTS.map(f => ({
      ...f,
      text: f.text.replace('"events"', `"release":"${release}","events"`),
    }));
    const result = await runSuite(files.map(named), { count: files.length });
    assert.deepEqual(
      result.traces.filter(t => t.result !== 'passed').map(t => `${release}: ${t.name}: ${t.says}`),
      [],
    );
  }
});
