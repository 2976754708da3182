// Is every event found on the line that reported it, and is a regular recording kept in little space?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventLines } from '../../conformance/judge/event-lines.js';

test('lines are those that were told, for every pattern of gaps', () => {
  const gap = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }));
  fc.assert(
    fc.property(fc.array(gap, { maxLength: 60 }), gaps => {
      const lines = new EventLines();
      const told = new Map<number, number>();
      let [event, line] = [0, 1];
      for (const [events, more] of gaps) {
        event += events;
        line += more;
        told.set(event, line);
        lines.add(event, line);
      }
      for (let n = 0; n <= event + 3; n++) assert.equal(lines.of(n), told.get(n), `event ${n}`);
    }),
    { numRuns: 500 },
  );
});

test('a recording with two lines for each event is one run', () => {
  const lines = new EventLines();
  for (let n = 1; n <= 100_000; n++) lines.add(n, 2 * n + 1);
  assert.ok(lines.size <= 2, `${lines.size} runs`);
  assert.equal(lines.of(77_777), 155_555);
  assert.equal(lines.of(100_001), undefined);
});
