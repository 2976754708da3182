// Does what many devices do to one page cost as much for each?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Op } from '../../spec/protocol/linux-dma.js';
import { judged, map, PAGE, T, times, unmap } from './many-devices.js';

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
