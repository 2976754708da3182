// Which endings of an operation can a recording tell that are no answers of the law, and how are they judged?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../conformance/judge/judge.js';
import { judgeTrace } from '../../conformance/judge/judge-trace.js';
import { describeOutcome } from '../../conformance/report/describe.js';
import { reportDivergence } from '../../conformance/report/divergence.js';
import { readTrace } from '../../conformance/trace/read.js';
import { countVerdicts, ruleRows } from '../../conformance/verdicts/rules.js';
import { type AnyOp, defaultPolicies, type Policies } from '../../spec/index.js';
import { decode } from '../../spec/protocol/codec.js';
import { Observed } from '../../spec/protocol/observed.js';
import type { Event } from '../../spec/protocol/trace.js';
import { vfioType1 } from '../../spec/vfio-type1/profile.js';
import type { State } from '../../spec/vfio-type1/state.js';
import { add, LAWS, lock, MACHINE, read, type ToyOp, toy } from './toy.js';

const events = (...rows: readonly (readonly [ToyOp, Observed, object?])[]): readonly Event<ToyOp>[] =>
  rows.map(([op, outcome, more], i) => ({ n: i + 1, op, outcome, ...more }));
const ok = { is: 'ok' } as const;
const judgeOf = (list: readonly Event<ToyOp>[], loss = 'never') => {
  const judge = new Judge(toy, MACHINE, { loss });
  for (const event of list) judge.feed(event);
  return { judge, verdict: judge.finish() };
};

test('every ending is spelt, read back, and told', () => {
  const cases: readonly (readonly [unknown, unknown, string])[] = [
    [{ is: 'refused', errno: 'EAGAIN' }, undefined, 'EAGAIN'],
    [{ is: 'refused', errno: 'unobserved' }, undefined, 'refused, by what is unobserved'],
    [{ is: 'ok', paddr: 'unobserved' }, undefined, 'ok paddr unobserved'],
    [{ is: 'unobserved' }, undefined, 'unobserved'],
    [{ is: 'not-implemented' }, undefined, 'not-implemented'],
    [{ is: 'died', says: 'exit code 1' }, undefined, 'died (exit code 1)'],
    [{ is: 'no-answer' }, undefined, 'no-answer'],
    [{ is: 'garbage', says: 'hello?' }, undefined, 'garbage (hello?)'],
    [
      { is: 'panicked', at: 3 },
      { is: 'unknown', says: '{"is":"panicked","at":3}' },
      '{"is":"panicked","at":3}',
    ],
  ];
  for (const [written, meant, told] of cases) {
    const decoded = decode(Observed, written);
    assert.ok(decoded.ok, JSON.stringify(written));
    assert.deepEqual(Observed.encode(decoded.value), meant ?? written);
    assert.equal(describeOutcome(decoded.value), told);
  }
  for (const wrong of [
    { is: 'Panicked' },
    { is: 'refused', errno: 'eagain' },
    { is: 'ok', paddr: 'seen' },
    {},
  ])
    assert.ok(!decode(Observed, wrong).ok, JSON.stringify(wrong));
});

test('an ending that is no answer, and an errno without a word, diverge and say so', () => {
  const endings: readonly (readonly [Observed, RegExp])[] = [
    [{ is: 'died', says: 'killed by SIGABRT' }, /died \(killed by SIGABRT\): no answer at all/],
    [{ is: 'no-answer' }, /no-answer: no answer at all/],
    [{ is: 'garbage', says: 'x' }, /garbage \(x\): no answer at all/],
    [{ is: 'unknown', says: 'panicked' }, /no clause knows the answer panicked/],
    [{ is: 'refused', errno: 'EAGAIN' }, /no clause of add knows EAGAIN here/],
  ];
  for (const [outcome, says] of endings) {
    const { verdict } = judgeOf(events([add(1), ok], [add(2), outcome]));
    assert.ok(verdict.verdict === 'diverges');
    assert.equal(verdict.event, 2);
    const { lines } = reportDivergence(verdict, { file: 'x', profile: toy, machine: MACHINE });
    assert.match(lines.join('\n'), says);
  }
});

test('a recording with such an ending is read, and does not conform', async () => {
  const header = {
    format: 'iommu-trace',
    version: 1,
    profile: 'toy',
    producer: 'p',
    machine: MACHINE,
    events: 1,
  };
  const text = [
    header,
    { call: 1, op: { op: 'read' } },
    { return: 1, outcome: { is: 'died', says: 'abort' } },
  ]
    .map(line => `${JSON.stringify(line)}\n`)
    .join('');
  const { verdict, tally } = await judgeTrace(await readTrace([text], LAWS));
  assert.equal(verdict.verdict, 'diverges');
  assert.equal(tally.of('read/counter', 'failed'), 1);
});

test('what was not observed is not compared, and meets no clause', () => {
  const blurred = judgeOf(events([add(1), ok], [read, { is: 'ok', paddr: 'unobserved' }]));
  assert.equal(blurred.verdict.verdict, 'conforms');
  assert.equal(blurred.judge.tally.of('read/counter', 'passed'), 1);
  const unseen = judgeOf(events([add(1), { is: 'unobserved' }], [read, { is: 'ok', paddr: 1n }]));
  assert.equal(unseen.verdict.verdict, 'conforms');
  assert.equal(unseen.judge.tally.of('add/counted', 'passed'), 0);
  assert.equal(unseen.judge.tally.of('add/counted', 'unobserved'), 1);
});

test('an operation that is not implemented changes nothing and is not tested', () => {
  const { judge, verdict } = judgeOf(
    events([add(1), ok], [add(5), { is: 'not-implemented' }], [read, { is: 'ok', paddr: 1n }]),
  );
  assert.equal(verdict.verdict, 'conforms');
  assert.equal(judge.tally.of('add/counted', 'not-implemented'), 1);
  assert.equal(judge.tally.of('add/counted', 'passed'), 1);
});

test('preparation is judged, meets no clause, and is named where it diverges', () => {
  const { judge, verdict } = judgeOf(events([add(1), ok, { setup: true }], [read, { is: 'ok', paddr: 1n }]));
  assert.equal(verdict.verdict, 'conforms');
  assert.equal(judge.tally.of('add/counted', 'passed'), 0);
  const wrong = judgeOf(events([add(1), { is: 'refused', errno: 'EBUSY' }, { setup: true }])).verdict;
  assert.ok(wrong.verdict === 'diverges' && wrong.setup === true);
  const { lines } = reportDivergence(wrong, { file: 'x', profile: toy, machine: MACHINE });
  assert.match(lines[0]!, /in the preparation of whoever recorded it/);
});

test('after a divergence the judge goes on from the state that goes with the answer', () => {
  const held: Event<ToyOp> = { n: 2, op: add(5), outcome: ok };
  const { judge } = judgeOf([...events([lock(1), ok]), held]);
  assert.equal(judge.feed(held)?.verdict, 'diverges');
  assert.ok(judge.takeOver(held));
  assert.equal(judge.feed({ n: 3, op: read, outcome: { is: 'ok', paddr: 5n } }), undefined);
  const refused: Event<ToyOp> = { n: 4, op: read, outcome: { is: 'refused', errno: 'EPERM' } };
  assert.equal(judge.feed(refused)?.verdict, 'diverges');
  assert.ok(judge.takeOver(refused), 'a refusal changes nothing');
  assert.equal(judge.feed({ n: 5, op: read, outcome: { is: 'ok', paddr: 5n } }), undefined);
  const dead: Event<ToyOp> = { n: 6, op: read, outcome: { is: 'died' } };
  assert.equal(judge.feed(dead)?.verdict, 'diverges');
  assert.ok(!judge.takeOver(dead), 'no state goes with a death');
});

test('every clause has one verdict', () => {
  const { judge } = judgeOf(events([add(1), ok], [read, { is: 'ok', paddr: 2n }]));
  const rows = ruleRows(toy, { loss: 'never' }, judge.tally);
  assert.equal(rows.find(r => r.rule === 'add/counted')?.verdict, 'pass');
  assert.equal(rows.find(r => r.rule === 'read/counter')?.verdict, 'fail');
  assert.equal(rows.find(r => r.rule === 'unlock/free')?.verdict, 'not-tested');
  assert.equal(
    Object.values(countVerdicts(rows)).reduce((a, b) => a + b, 0),
    rows.length,
  );
  const awaited = { broken: new Set(['read/counter']), missed: new Set(['add/counted']) };
  const expected = ruleRows(toy, { loss: 'never' }, judge.tally, awaited);
  assert.equal(expected.find(r => r.rule === 'read/counter')?.verdict, 'expected-fail');
  assert.equal(expected.find(r => r.rule === 'add/counted')?.verdict, 'unexpected-pass');
});

test('behind a renewal of nothing that was let through there is no state in which a mapping has no place', () => {
  const policies = defaultPolicies<Policies>(vfioType1);
  const machine = {
    iommus: [{ driver: 'vtd', aperture: { start: 0n, end: 0xffff_ffffn }, pageSizes: 0x1000n }],
    groups: [{ id: 7, behind: 0 }],
    devices: [{ name: 'a', group: 0, driver: 'vfio' }],
    mms: [{ lockLimit: null, memory: [{ start: 0x10_0000n, size: 0x1000n, prot: 'rw' }] }],
  } as const;
  const judge = new Judge<unknown, AnyOp, Policies, unknown>(vfioType1 as never, machine, policies);
  const map = { op: 'map', handle: 0, iova: 0n, size: 0x1000n, vaddr: 0x10_0000n, prot: 'none', mm: 0 };
  const calls = [
    { op: 'open_container', as: 0 },
    { op: 'open_group', group: 0, as: 1, mm: 0 },
    { op: 'set_container', handle: 1, container: 0, mm: 0 },
    { op: 'set_iommu', handle: 0, type: 'type1v2', mm: 0 },
    { ...map, renew: true },
  ];
  const made = calls.map((op, i): Event<AnyOp> => ({ n: i + 1, op, outcome: ok }));
  const verdicts = made.map(event => judge.feed(event)?.verdict);
  assert.deepEqual(verdicts, [undefined, undefined, undefined, undefined, 'diverges']);
  assert.ok(judge.takeOver(made.at(-1)!));
  for (const state of judge.states as readonly State[])
    state.maps[0]!.reduce<void>((_, __, page) => assert.ok(Number.isInteger(page)), undefined);
});
