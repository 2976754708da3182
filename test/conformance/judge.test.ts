// Does the judge keep exactly the states that are possible, and say no exactly where none is left?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Judge } from '../../conformance/judge/judge.js';
import { judgeTrace } from '../../conformance/judge/judge-trace.js';
import type { Verdict } from '../../conformance/judge/verdict.js';
import { readTrace } from '../../conformance/trace/read.js';
import { allowed } from '../../spec/law/profile.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import {
  add,
  asked,
  diverges,
  eventsOf,
  judged,
  LAWS,
  lock,
  MACHINE,
  no,
  ok,
  type Row,
  read,
  shows,
  type ToyOp,
  type ToyState,
  toy,
  toyText,
} from './toy.js';

test('an allowed recording conforms, with one candidate where nothing is open', () => {
  assert.deepEqual(
    judged(
      [
        [add(2), ok],
        [read, shows(2)],
        [lock(0), ok],
        [add(1), no('EBUSY')],
      ],
      'never',
    ),
    {
      verdict: 'conforms',
      events: 4,
      candidates: 1,
    },
  );
  assert.deepEqual(judged([]), { verdict: 'conforms', events: 0, candidates: 1 });
});

test('candidates branch, equal ones become one, and an observation resolves them', () => {
  assert.deepEqual(judged([[add(1), ok]]), { verdict: 'conforms', events: 1, candidates: 2 });
  // 0, 1, 2 with the list of the last addition empty or [1]: 0[] 1[1] 1[1] 2[1]
  assert.deepEqual(
    judged([
      [add(1), ok],
      [add(1), ok],
    ]),
    { verdict: 'conforms', events: 2, candidates: 3 },
  );
  assert.deepEqual(
    judged([
      [add(1), ok],
      [add(1), ok],
      [read, shows(2)],
    ]),
    { verdict: 'conforms', events: 3, candidates: 1 },
  );
  const seen = judged([
    [add(1), ok],
    [add(1), ok, { count: 1 }],
    [read, shows(1)],
  ]);
  assert.deepEqual(seen, { verdict: 'conforms', events: 3, candidates: 1 });
  assert.equal(
    diverges(
      judged([
        [add(1), ok],
        [add(1), ok, { count: 1 }],
        [read, shows(2)],
      ]),
    ).event,
    3,
  );
});

test('sixty doubtful additions of one leave sixty-one counts, not 2^60 states', () => {
  const rows: Row[] = Array.from({ length: 60 }, () => [add(1), ok]);
  assert.deepEqual(judged(rows), { verdict: 'conforms', events: 60, candidates: 61 });
});

test('the judge agrees with a search through all ways in which the law can go', () => {
  const op = fc.oneof(
    fc.nat(3).map(add),
    fc.constant(read),
    fc.nat(3).map(lock),
    fc.constant<ToyOp>({ op: 'unlock' }),
    fc.constant<ToyOp>({ op: 'guess', of: 3 }),
  );
  const loss = fc.constantFrom('possible', 'never');
  const choice = fc.record({
    op,
    pick: fc.nat(5),
    spoil: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, 2),
    see: fc.constantFrom('none', 'none', 'count', 'lock'),
  });
  let divergences = 0;
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 12 }), loss, (choices, policy) => {
      // Record one way in which the law can go, with a wrong answer or observation here and there.
      let state: ToyState = toy.initial(MACHINE, { loss: policy }, false);
      const rows = choices.map(({ op: o, pick, spoil, see }): Row => {
        const endings = allowed(toy, state, o, { loss: policy });
        const chosen = endings[pick % endings.length]!;
        state = chosen.state;
        const outcome: Outcome = spoil === 1 ? no('EPERM') : chosen.outcome;
        const view = toy.view(state);
        const count = (view['count'] as number) + (spoil === 2 ? 1 : 0);
        if (see === 'none') return [o, outcome];
        return [o, outcome, see === 'count' ? { count } : { lock: { held: state.holder >= 0 } }];
      });
      const wanted = search(rows, policy);
      const verdict = judged(rows, policy);
      if (verdict.verdict === 'diverges') divergences++;
      assert.equal(verdict.verdict === 'diverges' ? verdict.event : 0, wanted);
    }),
    { numRuns: 3000, seed: 5 },
  );
  assert.ok(divergences > 300, `only ${divergences} divergences`);
});

/** The first event at which no path through the law is left, 0 if one reaches the end. Every path is walked. */
function search(rows: readonly Row[], loss: string): number {
  let deepest = 0;
  const walk = (state: ToyState, at: number): boolean => {
    deepest = Math.max(deepest, at);
    if (at === rows.length) return true;
    const [op, outcome, seen] = rows[at]!;
    return allowed(toy, state, op, { loss }).some(e => {
      const { is, errno, paddr } = e.outcome as { is: string; errno?: string; paddr?: bigint };
      const o = outcome as { is: string; errno?: string; paddr?: bigint };
      if (is !== o.is || errno !== o.errno || paddr !== o.paddr) return false;
      if (seen?.['count'] !== undefined && seen['count'] !== e.state.count) return false;
      const held = (seen?.['lock'] as { held: boolean } | undefined)?.held;
      if (held !== undefined && held !== e.state.holder >= 0) return false;
      return walk(e.state, at + 1);
    });
  };
  return walk(toy.initial(MACHINE, { loss }, false), 0) ? 0 : deepest + 1;
}

test('candidates that have become equal count once, and one candidate counts once for a choice', () => {
  const rows: readonly Row[] = [
    [add(1), ok],
    [{ op: 'guess', of: 1 }, ok],
  ];
  assert.deepEqual(judged(rows), { verdict: 'conforms', events: 2, candidates: 1 });
  assert.equal(diverges(judged([...rows, [read, shows(1)]])).candidates, 1);
  const judge = new Judge(toy, MACHINE, { loss: 'possible' });
  const reads: readonly Row[] = Array.from({ length: 64 }, () => [read, shows(0)]);
  for (const event of eventsOf([...rows, ...reads])) judge.feed(event);
  assert.equal(judge.possible, 1, 'duplicates that came without growth are found in the end');
  const verdict = diverges(judged([[{ op: 'guess', of: 5 }, ok, { count: 7 }]]));
  assert.deepEqual(verdict.allowed, [{ rule: 'guess/any', outcome: ok, candidates: 1 }]);
});

test('too many candidates end in unfinished, also when one event alone makes them', () => {
  const one: Verdict = judged([[{ op: 'guess', of: 8 }, ok]], 'never', { maxCandidates: 8 });
  assert.deepEqual(one, { verdict: 'conforms', events: 1, candidates: 8 });
  const reason = (n: number) => `more than 8 states are possible after event ${n}`;
  assert.deepEqual(
    judged(
      [
        [read, shows(0)],
        [{ op: 'guess', of: 9 }, ok],
      ],
      'never',
      { maxCandidates: 8 },
    ),
    { verdict: 'unfinished', event: 2, reason: reason(2) },
  );
  assert.deepEqual(judged([[{ op: 'guess', of: 100_000 }, ok]], 'never', { maxCandidates: 8 }), {
    verdict: 'unfinished',
    event: 1,
    reason: reason(1),
  });
  // Nine guesses each of the same nine: duplicates do not count.
  assert.deepEqual(
    judged(
      [
        [{ op: 'guess', of: 8 }, ok],
        [{ op: 'guess', of: 8 }, ok],
      ],
      'never',
      { maxCandidates: 8 },
    ),
    { verdict: 'conforms', events: 2, candidates: 8 },
  );
});

test('a law that gives up is unfinished, not a bug', () => {
  assert.deepEqual(
    judged([
      [read, shows(0)],
      [{ op: 'jam' }, ok],
      [read, shows(7)],
    ]),
    {
      verdict: 'unfinished',
      event: 2,
      reason: 'more than 7 ways to think of it',
    },
  );
});

test('a verdict is final', () => {
  const judge = new Judge(toy, MACHINE, { loss: 'never' });
  const [wrong, right] = eventsOf([
    [read, shows(9)],
    [read, shows(0)],
  ]);
  const verdict = judge.feed(wrong!);
  assert.equal(verdict?.verdict, 'diverges');
  assert.equal(judge.feed(right!), verdict);
  assert.equal(judge.finish(), verdict);
});

test('with one candidate and nothing observed, no view is computed', () => {
  asked.views = 0;
  judged(
    [
      [add(1), ok],
      [read, shows(1)],
      [lock(0), ok],
    ],
    'never',
  );
  assert.equal(asked.views, 0);
  judged([[add(1), ok, { count: 1 }]], 'never');
  assert.equal(asked.views, 1);
});

test('coverage counts each rule once an event, and not the event that diverges', () => {
  const judge = new Judge(toy, MACHINE, { loss: 'possible' });
  for (const event of eventsOf([
    [add(1), ok],
    [add(1), ok],
    [lock(5), no('ENODEV')],
    [lock(0), ok],
    [add(1), no('EBUSY')],
    [read, shows(9)],
  ]))
    judge.feed(event);
  const { coverage } = judge;
  assert.equal(coverage.events, 5);
  assert.deepEqual(Object.fromEntries(coverage.spoken.get('add')!), {
    'add/lost': 2,
    'add/counted': 2,
    'add/locked': 1,
  });
  assert.deepEqual(Object.fromEntries(coverage.spoken.get('lock')!), {
    'lock/no-device': 1,
    'lock/taken': 1,
  });
  assert.equal(coverage.spoken.get('read'), undefined);
  assert.deepEqual(
    [...coverage.refused].map(([op, n]) => [op, ...n.keys()]),
    [
      ['lock', 'ENODEV'],
      ['add', 'EBUSY'],
    ],
  );
});

test('a whole recording is judged with its own policies, and named by its lines', async () => {
  const events = eventsOf([
    [add(1), ok],
    [read, shows(0)],
  ]);
  const judgement = async (text: string) => (await judgeTrace(await readTrace([text], LAWS))).verdict;
  assert.deepEqual(await judgement(toyText(events)), { verdict: 'conforms', events: 2, candidates: 1 });
  const strict = diverges(await judgement(toyText(events, { policies: { loss: 'never' } })));
  assert.deepEqual([strict.event, strict.line, strict.before[0]?.line], [2, 4, 2]);
  const cut = toyText(events).split('\n').slice(0, 3).join('\n');
  await assert.rejects(judgement(`${cut}\n`), /the header promises 2 events, the file ends after 1/);
});
