// Does what many devices do to one page cost as much for each, and does the worst end as unfinished?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge, LAWS, type Verdict } from '../../conformance/index.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import type { Op } from '../../spec/protocol/linux-dma.js';

const PROFILE = LAWS.profiles['linux-dma']!;
const MACHINE = { mode: 'lazy', tags: false, queue: false, dma: false };
const PAGE = 4096n;
const T = { task: '1' } as const;

const map = (page: bigint): Op => ({ op: 'map', iova: page * PAGE, paddr: PAGE, size: PAGE, ...T });
const unmap = (page: bigint): Op => ({ op: 'unmap', iova: page * PAGE, size: PAGE, unmapped: PAGE, ...T });

/** `n` groups of one device each, and then what happens to them. */
function judged(n: number, then: readonly Op[], machine: object = MACHINE): Verdict {
  const judge = new Judge(PROFILE, machine, defaultPolicies(PROFILE));
  const ops: Op[] = [];
  for (let i = 0; i < n; i++) ops.push({ op: 'add_device_to_group', group: i, device: `d${i}` });
  for (let i = 0; i < n; i++) ops.push({ op: 'attach_device_to_domain', device: `d${i}`, ...T });
  for (const [i, op] of [...ops, ...then].entries()) {
    const verdict = judge.feed({ n: i + 1, op, outcome: { is: 'ok' } });
    if (verdict !== undefined) return verdict;
  }
  return judge.finish();
}

const times = (n: number, op: Op): readonly Op[] => Array.from({ length: n }, () => op);

test('a page is mapped in each of a thousand domains and unmapped again', () => {
  const verdict = judged(1000, [...times(1000, map(5n)), ...times(1000, unmap(5n))]);
  assert.deepEqual(verdict, { verdict: 'conforms', events: 4000, candidates: 1 });
});

test('a page has no more mappings than there are domains, at any number', () => {
  for (const n of [1, 2, 9, 40, 300]) {
    const verdict = judged(n, times(n + 1, map(5n)));
    assert.equal(verdict.verdict === 'diverges' && verdict.event, 3 * n + 1, `${n} domains`);
  }
});

test('what was unmapped is not there any more, and may be mapped again', () => {
  const n = 50;
  const gone = judged(n, [...times(n, map(5n)), ...times(n + 1, unmap(5n))]);
  assert.equal(gone.verdict === 'diverges' && gone.event, 4 * n + 1);
  const again = judged(n, [...times(n, map(5n)), unmap(5n), map(5n), map(5n)]);
  assert.equal(again.verdict === 'diverges' && again.event, 3 * n + 3);
});

test('mappings of one page that a larger one overlaps are told apart as before', () => {
  const wide: Op = { op: 'map', iova: 4n * PAGE, paddr: PAGE, size: 3n * PAGE, ...T };
  assert.equal(judged(3, [...times(2, map(5n)), wide]).verdict, 'conforms');
  const full = judged(3, [...times(3, map(5n)), wide]);
  assert.equal(full.verdict === 'diverges' && full.event, 10);
  const split: Op = { op: 'unmap', iova: 4n * PAGE, size: PAGE, unmapped: PAGE, ...T };
  assert.equal(
    judged(3, [...times(2, map(5n)), wide, split, unmap(5n), unmap(5n), unmap(5n)]).verdict,
    'conforms',
  );
});

test('what leaves too much open is unfinished, and does not go on for ever', () => {
  const devices = 120;
  const ops: Op[] = [];
  for (let i = 0; i < devices; i++) {
    const start = BigInt((i * 37) % 60);
    ops.push({
      op: 'map',
      iova: start * PAGE,
      paddr: BigInt(i) * 64n * PAGE,
      size: BigInt(2 + (i % 9)) * PAGE,
      ...T,
    });
  }
  for (let i = 0; i < 200; i++) ops.push(unmap(BigInt((i * 13) % 60)));
  const verdict = judged(devices, ops, { ...MACHINE, dma: true });
  assert.equal(verdict.verdict, 'unfinished');
});
