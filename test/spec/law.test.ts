// Is the law in good order: names, sentences, sources, and an answer in every case?
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AnyProfile, type Citation, type Clause, PROFILES, SOURCES } from '../../spec/index.js';
import { always } from '../../spec/law/clause.js';

type AnyClause = Clause<unknown, unknown>;

const ROOT = new URL('../../../', import.meta.url);
const path = (name: string): string => fileURLToPath(new URL(name, ROOT));
const none = (found: readonly string[]): void => assert.deepEqual(found, []);
const twice = (names: readonly string[]): readonly string[] => names.filter((n, i) => names.indexOf(n) !== i);

const listsOf = (profile: AnyProfile) =>
  Object.entries(profile.rules) as unknown as readonly (readonly [string, readonly AnyClause[]])[];
const clausesOf = (profile: AnyProfile): readonly AnyClause[] => listsOf(profile).flatMap(([, list]) => list);
const propertiesOf = ({ always, sometimes, steps, lives, aims }: AnyProfile) =>
  [always, sometimes, steps, lives, aims.always, aims.steps, aims.lives].flat();

/** What is wrong with a sentence and its sources, in words. */
function faults(id: string, says: string, cited: readonly Citation[]): readonly string[] {
  const known = cited.filter(c => Object.hasOwn(SOURCES, c.source) && c.at.trim() !== '');
  return [
    ...(/^(?:[A-Z"]|vfio ).*\.$/.test(says) ? [] : [`${id}: not a sentence: ${says}`]),
    ...(known.length === cited.length && cited.length > 0
      ? []
      : [`${id}: cites nothing, or what nobody knows`]),
  ];
}

for (const profile of Object.values(PROFILES)) {
  test(`${profile.name}: every clause has a name, a sentence and a source`, () => {
    const clauses = clausesOf(profile);
    assert.ok(clauses.length > 0);
    none(clauses.flatMap(c => faults(c.id, c.says, c.cite)));
    none(clauses.map(c => c.id).filter(id => !/^[a-z_-]+\/[a-z-]+$/.test(id)));
  });

  test(`${profile.name}: no name of a clause is used twice, or again after it was retired`, () => {
    none(twice([...clausesOf(profile).map(c => c.id), ...profile.retired.map(r => r.id)]));
  });

  test(`${profile.name}: every list closes with a must that always applies, and only there`, () => {
    const closes = (list: readonly AnyClause[]): boolean =>
      list.at(-1)?.kind === 'must' && list.at(-1)?.when === always;
    none(
      listsOf(profile).flatMap(([op, list]) => (closes(list) ? [] : [`${op}: ends with ${list.at(-1)?.id}`])),
    );
    for (const [op, list] of listsOf(profile)) {
      const early = list.slice(0, -1).filter(c => c.kind === 'must' && c.when === always);
      none(early.map(c => `${op}: nothing after ${c.id} ever speaks`));
    }
  });

  test(`${profile.name}: every property has a name of its own, a sentence and a source`, () => {
    const properties = propertiesOf(profile);
    none(properties.flatMap(p => faults(p.id, p.says, p.cite)));
    none(twice(properties.map(p => p.id)));
  });

  test(`${profile.name}: every policy has two answers or more, with the argument for each`, () => {
    for (const p of profile.policies) {
      assert.ok(p.question.endsWith('?') && p.cite.length > 0, p.name);
      assert.ok(p.values.length > 1 && p.values.every(v => v.says !== '' && v.argument !== ''), p.name);
      none(twice(p.values.map(v => v.value)));
    }
  });
}

const DECISIONS = existsSync(path('docs/adr')) ? readdirSync(path('docs/adr')) : [];
const decisionOf = (citation: Citation): string | undefined => /^ADR-(\d{4})\b/.exec(citation.at)?.[1];

test('what we decided ourselves cites a decision that is written down', () => {
  const cited = Object.values(PROFILES).flatMap(profile =>
    [...clausesOf(profile), ...propertiesOf(profile)].flatMap(({ id, cite }) =>
      cite.filter(c => c.source === 'ours').map(c => ({ id, at: c.at, number: decisionOf(c) })),
    ),
  );
  const written = (number: string | undefined): boolean =>
    number !== undefined && DECISIONS.some(name => name.startsWith(`${number}-`));
  none(cited.filter(c => !written(c.number)).map(c => `${c.id} cites "${c.at}"`));
});

test('a decision has one number, and numbers have no gaps', () => {
  const numbers = DECISIONS.map(name => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1])).sort(
    (a, b) => a - b,
  );
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, i) => i + 1),
  );
});

test('the changelog has one heading for each profile under Semantics', () => {
  const text = readFileSync(path('CHANGELOG.md'), 'utf8');
  const newest = text.slice(
    text.indexOf('### Semantics'),
    text.indexOf('\n### ', text.indexOf('### Semantics') + 1),
  );
  const headings = [...newest.matchAll(/^#### `([^`]+)`/gm)].map(match => match[1]!);
  none(twice(headings));
  none(Object.keys(PROFILES).filter(name => !headings.includes(name)));
});
