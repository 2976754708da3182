// Does a divergence say what the law would have allowed, and where the nearest allowed way parts?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, diverges, judged, lock, no, ok, type Row, read, shows, talkative } from './toy.js';

test('a divergence names the event, what the law allowed by which rule, and the events before', () => {
  const verdict = diverges(
    judged(
      [
        [add(1), ok],
        [lock(1), ok],
        [read, shows(1)],
        [add(5), ok],
        [read, shows(6)],
      ],
      'never',
    ),
  );
  assert.deepEqual(verdict, {
    verdict: 'diverges',
    event: 4,
    op: add(5),
    observed: ok,
    candidates: 1,
    allowed: [{ rule: 'add/locked', outcome: no('EBUSY'), candidates: 1 }],
    broken: 'add/locked',
    before: [
      { event: 2, op: lock(1), outcome: ok, rules: ['lock/taken'] },
      { event: 3, op: read, outcome: shows(1), rules: ['read/counter'] },
    ],
    related: [],
  });
});

test('what all candidates allowed is listed, with from how many of them', () => {
  const verdict = diverges(
    judged([
      [add(2), ok],
      [add(2), ok],
      [read, shows(3)],
    ]),
  );
  assert.equal(verdict.candidates, 3);
  assert.deepEqual(
    verdict.allowed,
    [0, 2, 4].map(n => ({ rule: 'read/counter', outcome: shows(n), candidates: 1 })),
  );
  assert.deepEqual(verdict.differs, { path: 'outcome.paddr', observed: 3n, allowed: 0n });
  assert.deepEqual(verdict.before[1]!.rules, ['add/lost', 'add/counted']);
  const stuck = diverges(
    judged([
      [add(2), ok],
      [{ op: 'unlock' }, ok],
    ]),
  );
  assert.deepEqual(stuck.allowed, [{ rule: 'unlock/free', outcome: no('EPERM'), candidates: 2 }]);
  assert.equal(stuck.differs, undefined);
});

test('an absent field of an answer is not a joker, in either direction', () => {
  assert.equal(diverges(judged([[read, ok]], 'never')).differs?.path, 'outcome.paddr');
  assert.deepEqual(diverges(judged([[add(1), { is: 'ok', viable: true }]], 'never')).differs, {
    path: 'outcome.viable',
    observed: true,
    allowed: undefined,
  });
});

test('the first field of the observed state that differs, from the candidate that comes closest', () => {
  const rows: Row[] = [
    [lock(1), ok, { count: 0, lock: { holder: 1 } }],
    [{ op: 'unlock' }, ok],
    [lock(0), ok, { count: 0, lock: { held: true, holder: 1 } }],
  ];
  const verdict = diverges(judged(rows, 'never'));
  assert.deepEqual(verdict.differs, { path: 'lock.holder', observed: 1, allowed: 0, lastAgreed: 1 });
  assert.deepEqual(verdict.allowed, [{ rule: 'lock/taken', outcome: ok, candidates: 1 }]);
  // Lost: count 0 and adds []; counted: count 3 and adds [3]. The second has one wrong field only.
  const near = diverges(judged([[add(3), ok, { count: 2, adds: [3] }]]));
  assert.deepEqual(near.differs, { path: 'count', observed: 2, allowed: 3 });
});

test('lists are observed to their end, records where they were observed, unknown fields are not there', () => {
  const see = (state: Row[2]) => judged([[add(3), ok, state]], 'never');
  assert.equal(see({ adds: [3], lock: {} }).verdict, 'conforms');
  assert.deepEqual(diverges(see({ adds: [] })).differs, { path: 'adds.0', observed: undefined, allowed: 3 });
  assert.deepEqual(diverges(see({ adds: [3, 4] })).differs, {
    path: 'adds.1',
    observed: 4,
    allowed: undefined,
  });
  assert.equal(see({ adds: { 0: 3 } }).verdict, 'conforms', 'a list in part, by position');
  assert.deepEqual(diverges(see({ adds: { 0: 4 } })).differs, {
    path: 'adds.0',
    observed: 4,
    allowed: 3,
  });
  assert.deepEqual(diverges(see({ adds: { 1: 3 } })).differs, {
    path: 'adds.1',
    observed: 3,
    allowed: undefined,
  });
  for (const strange of [{ '-1': 3 }, { '00': 3 }, { length: 1 }, { map: {} }])
    assert.equal(diverges(see({ adds: strange })).differs?.path, 'adds');
  assert.deepEqual(diverges(see({ lock: { toString: 1 } })).differs, {
    path: 'lock.toString',
    observed: 1,
    allowed: undefined,
  });
  assert.equal(diverges(see({ lock: JSON.parse('{"__proto__":{}}') })).differs?.path, 'lock.__proto__');
  assert.equal(see({ lock: { nobody: null } }).verdict, 'conforms', 'seen not to be there');
  assert.deepEqual(diverges(see({ lock: { nobody: null, holder: 1 } })).differs, {
    path: 'lock.holder',
    observed: 1,
    allowed: -1,
  });
  assert.deepEqual(diverges(see({ lock: null })).differs, {
    path: 'lock',
    observed: null,
    allowed: { holder: -1, held: false },
  });
  assert.deepEqual(diverges(see({ lock: { holder: '-1' } })).differs, {
    path: 'lock.holder',
    observed: '-1',
    allowed: -1,
  });
});

test('a law that explains itself is heard, each sentence once', () => {
  const verdict = diverges(
    judged(
      [
        [lock(0), ok],
        [add(1), ok],
      ],
      'never',
      {},
      talkative,
    ),
  );
  assert.deepEqual(verdict.related, [{ event: 1, says: 'the counter was 0' }, { says: 'adds are risky' }]);
});
