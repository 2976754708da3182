// Does a clause speak in the releases that it names, and in no other?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROFILES } from '../../spec/index.js';
import { chapter } from '../../spec/kit/chapter.js';
import type { Clause, Policies } from '../../spec/law/clause.js';
import { allowed, defaultPolicies, type Profile } from '../../spec/law/profile.js';
import { RELEASE } from '../../spec/law/release.js';
import { cite, SOURCES } from '../../spec/law/sources.js';

type Ask = { readonly op: 'ask' };
const { must, ends } = chapter<object, Ask, Policies>('ask', cite('posix', 'nowhere'));

const toy: Profile<object, Ask, Policies, null> = {
  name: 'toy',
  title: 'A call that old releases refuse',
  rules: {
    ask: [
      must('too-old', 'ENOTTY', 'The old release does not know the call.', () => true, { releases: ['old'] }),
      ends('answered', 'The call is answered.', state => ({ outcome: { is: 'ok' }, state })),
    ],
  },
  retired: [],
  policies: [],
  releases: [
    { name: 'new', source: 'posix', says: 'The newest.' },
    { name: 'old', source: 'posix', says: 'The one before.' },
  ],
  initial: () => ({}),
  always: [],
  sometimes: [],
  steps: [],
  lives: [],
  aims: { always: [], steps: [], lives: [] },
  view: () => ({}),
};

test('the newest release is the default, and an old clause does not speak in it', () => {
  const policies = defaultPolicies<Policies>(toy);
  assert.equal(policies[RELEASE], 'new');
  assert.deepEqual(
    allowed(toy, {}, { op: 'ask' }, policies).map(e => e.rule),
    ['ask/answered'],
  );
});

test('in its own release it speaks', () => {
  assert.deepEqual(
    allowed(toy, {}, { op: 'ask' }, { [RELEASE]: 'old' }).map(e => e.rule),
    ['ask/too-old'],
  );
});

for (const profile of Object.values(PROFILES)) {
  test(`${profile.name}: clauses name releases that the profile speaks for, and those name sources`, () => {
    const known = profile.releases?.map(r => r.name) ?? [];
    const lists = Object.values(profile.rules) as unknown as readonly (readonly Clause<unknown, unknown>[])[];
    const wrong = lists
      .flat()
      .filter(c => c.releases?.length === 0 || c.releases?.some(r => !known.includes(r)));
    assert.deepEqual(
      wrong.map(c => c.id),
      [],
    );
    assert.ok(profile.releases?.every(r => Object.hasOwn(SOURCES, r.source)) ?? true);
    assert.ok(profile.policies.every(p => p.name !== RELEASE));
  });
}
