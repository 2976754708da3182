// Does a person see what diverged, and can a terminal be trusted with it?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../conformance/judge/judge.js';
import type { Diverges } from '../../conformance/judge/verdict.js';
import { describeOp, describeOutcome, describeValue } from '../../conformance/report/describe.js';
import { type Context, reportDivergence } from '../../conformance/report/divergence.js';
import { printable } from '../../conformance/trace/printable.js';
import type { Outcome } from '../../spec/protocol/outcome.js';
import type { Event } from '../../spec/protocol/trace.js';
import { eventsOf, MACHINE, no, ok, shows, type ToyOp, talkative, toy } from './toy.js';

function report(
  rows: readonly (readonly [ToyOp, Outcome, Event['state']?])[],
  more: Partial<Context> = {},
  loss = 'never',
) {
  const context: Context = { file: 'toy.jsonl', profile: toy, machine: MACHINE, ...more };
  const judge = new Judge<unknown, ToyOp, { loss: string }, unknown>(context.profile, MACHINE, { loss });
  for (const event of eventsOf(rows)) judge.feed({ ...event, line: 2 * event.n });
  const verdict = judge.finish();
  assert.equal(verdict.verdict, 'diverges');
  return reportDivergence(verdict as Diverges, context);
}

test('the report', () => {
  const rows = [
    [{ op: 'add', by: 12 }, ok, { lock: { held: false } }],
    [{ op: 'lock', device: 1 }, ok],
    [{ op: 'unlock' }, ok, { lock: { held: true }, count: 12 }],
  ] as const;
  assert.deepEqual(report(rows, { events: 9 }).lines, [
    'diverges at event 3 of 9 · toy.jsonl, line 6',
    '   1  add     by 12             ok   add/counted',
    '   2  lock    device 1 (disk)   ok   lock/taken',
    '>  3  unlock',
    '   observed  ok',
    '   allowed   ok   unlock/done',
    '   differs   lock.held   observed true, allowed false     last agreed after event 1',
    '   why       unlock/done: the lock is released [ours: ADR-0000]',
    '   again     npx iommu-spec judge toy.jsonl',
    '   rule      npx iommu-spec rules unlock/done',
  ]);
});

test('several states, several answers, a long list of each cut short', () => {
  const rows = [
    [{ op: 'guess', of: 5 }, ok],
    [{ op: 'read', at: 4096n }, shows(7)],
  ] as const;
  const { lines, data } = report(rows, { file: "it's here.jsonl" });
  assert.deepEqual(lines, [
    "diverges at event 2 · it's here.jsonl, line 4 · 5 states were possible",
    '   1  guess  of 5   ok   guess/any',
    '>  2  read   at 0x1000',
    '   observed  ok paddr 0x7',
    '   allowed   ok paddr 0x0   read/counter',
    '   or        ok paddr 0x1   read/counter',
    '   or        ok paddr 0x2   read/counter',
    '             and 2 more',
    '   differs   outcome.paddr   observed 0x7, allowed 0x0',
    '   why       read/counter: a read shows the counter [ours: ADR-0000]',
    "   again     npx iommu-spec judge 'it'\\''s here.jsonl'",
    '   rule      npx iommu-spec rules read/counter',
  ]);
  assert.equal(data.allowed.length, 5);
});

test('only what observed and allowed do not have in common differs', () => {
  const { told } = report([[{ op: 'read', at: 0n }, shows(7)]]);
  const [observed, allowed] = ['observed', 'allowed'].map(is => told.find(one => one.is === is)!);
  assert.deepEqual(observed!.differs, ['paddr 0x7']);
  assert.deepEqual(allowed!.differs, ['paddr 0x0']);
});

test('where operations are reports, no errno is told that nobody returned', () => {
  const { lines } = report([[{ op: 'unlock' }, ok]], {
    profile: { ...toy, reports: true },
  });
  assert.equal(lines[3], '   allowed   no such event is possible here   unlock/free');
});

test('explanations and several citations', () => {
  const { lines } = report([[{ op: 'add', by: 1 }, no('EBUSY')]], { profile: talkative });
  assert.deepEqual(lines.slice(5, 7), [
    '   related   event 1: the counter was 0',
    '   related   adds are risky',
  ]);
  const free = report([[{ op: 'unlock' }, ok]]).lines;
  assert.equal(
    free[4],
    '   why       unlock/free: a free lock cannot be released [ours: ADR-0000; posix: pthread_mutex_unlock]',
  );
});

test('the data is plain JSON with the same facts', () => {
  const { data } = report([[{ op: 'read', at: 1n << 63n }, shows(1)]], { events: 1 });
  assert.deepEqual(JSON.parse(JSON.stringify(data)), {
    file: 'toy.jsonl',
    profile: 'toy',
    event: 1,
    events: 1,
    line: 2,
    op: { op: 'read', at: '0x8000000000000000' },
    observed: { is: 'ok', paddr: '0x1' },
    allowed: [{ rule: 'read/counter', outcome: { is: 'ok', paddr: '0x0' }, candidates: 1 }],
    candidates: 1,
    differs: { path: 'outcome.paddr', observed: '0x1', allowed: '0x0' },
    before: [],
    why: [{ rule: 'read/counter', says: 'a read shows the counter', cite: ['ours: ADR-0000'] }],
    related: [],
    again: 'npx iommu-spec judge toy.jsonl',
  });
});

test('operations and answers in words', () => {
  const machine = { groups: [{ bus: 'pci', id: 7 }], devices: [{ name: 'nic\u202e' }] };
  const text = (op: { op: string; [field: string]: unknown }) => describeOp(op, machine).fields;
  assert.equal(
    text({ op: 'x', group: 0, device: 9, member: null, claimed: false, admin: true }),
    'group 0 (pci 7), device 9, member none, not claimed, admin',
  );
  assert.equal(
    text({ op: 'x', device: 0, iova: 4096n, arg: undefined, name: '0000:01:00.0' }),
    'device 0 ("nic\\u202e"), iova 0x1000, name 0000:01:00.0',
  );
  assert.equal(text({ op: 'x', list: [{ addr: 16n }] }), 'list [{"addr":"0x10"}]');
  assert.equal(describeOp({ op: 'tick' }, undefined).fields, '');
  assert.equal(
    describeOutcome({ is: 'ok', viable: true, mmLocked: false }),
    'ok viable true, mmLocked false',
  );
  assert.equal(describeOutcome({ is: 'fault' }), 'fault');
  assert.equal(describeValue('x'.repeat(200)).length, 60);
  assert.equal(describeValue(undefined), 'nothing');
});

test('no line of a report carries what a terminal obeys', () => {
  const evil = '\u001b[2J\u009b31m\u202e\n\u2028';
  const { lines } = report([[{ op: 'add', by: 1 }, ok, { lock: evil, [evil]: 1 }]], { file: evil });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  for (const line of lines) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
  assert.equal(printable('a\u001bb'), 'a\\u001bb');
});
