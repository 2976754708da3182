// Do tiny worlds of linux-dma, exhausted, keep every invariant, and is every belief that should occur seen?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical } from '../../spec/kit/canonical.js';
import { allowed } from '../../spec/law/profile.js';
import { linuxDma } from '../../spec/linux-dma/profile.js';
import type { Setup, State } from '../../spec/linux-dma/state.js';
import type { Op } from '../../spec/protocol/linux-dma.js';
import { DEFAULTS, line as l } from './linux-dma-lines.js';

interface Found {
  readonly states: number;
  readonly transitions: number;
  readonly seen: readonly string[];
}

/** Every state that the operations reach, with all properties checked on the way. */
function exhaust(setup: Setup, ops: readonly Op[]): Found {
  const first = linuxDma.initial(setup, DEFAULTS, true);
  const known = new Set([canonical(first)]);
  const seen = new Set<string>();
  const open: State[] = [first];
  let transitions = 0;
  for (let s = open.pop(); s !== undefined; s = open.pop()) {
    for (const p of linuxDma.always) assert.ok(p.holds(s, DEFAULTS), p.id);
    for (const p of linuxDma.sometimes) if (p.holds(s, DEFAULTS)) seen.add(p.id);
    for (const op of ops) {
      for (const ending of allowed(linuxDma, s, op, DEFAULTS)) {
        transitions++;
        for (const p of linuxDma.steps) assert.ok(p.holds(s, op, ending, DEFAULTS), `${p.id} ${op.op}`);
        const key = canonical(ending.state);
        if (!known.has(key)) {
          known.add(key);
          open.push(ending.state);
        }
      }
    }
  }
  return { states: known.size, transitions, seen: [...seen].sort() };
}

const PLAIN: Setup = { mode: 'lazy', tags: false, queue: false, dma: false, pages: 1, domains: 2 };
const ranges = [l.map(0), l.map(1), l.map(0, 2), l.unmap(0), l.unmap(1), l.unmap(0, 2), l.unmap(0, 1, 2)];

test('two groups that come and go over one page', () => {
  const ops = [
    l.add('a', 0),
    l.remove('a', 0),
    l.add('b', 1),
    l.remove('b', 1),
    l.attach('a'),
    l.attach('b'),
    l.map(0),
    l.unmap(0),
  ];
  const { states, transitions, seen } = exhaust(PLAIN, ops);
  assert.deepEqual([states, transitions], [236, 1888]);
  assert.deepEqual(seen, ['domains-apart', 'mapping-certain', 'mapping-uncertain', 'several-alternatives']);
});

test('one group of two devices over two pages and one domain', () => {
  const ops = [l.add('a', 0), l.add('b', 0), l.attach('a'), l.attach('b'), ...ranges];
  const { states, transitions, seen } = exhaust({ ...PLAIN, pages: 2, domains: 1 }, ops);
  assert.deepEqual([states, transitions], [51, 561]);
  assert.deepEqual(seen, ['group-of-two', 'mapping-certain']);
});

test('two tagged groups that may share a domain, one page', () => {
  const tagged = [l.assign(1), l.assign(1, 2), l.unassign(1), l.unassign(1, 2), l.flush(1, 0), l.flushAll(1)];
  const ops = [l.add('a', 0), l.add('b', 1), l.attach('a'), l.attach('b'), l.map(0), l.unmap(0), ...tagged];
  const { states, transitions, seen } = exhaust({ ...PLAIN, tags: true }, ops);
  assert.deepEqual([states, transitions], [7940, 95_280]);
  assert.ok(
    ['several-alternatives', 'shared-domain', 'waiting'].every(p => seen.includes(p)),
    String(seen),
  );
});
