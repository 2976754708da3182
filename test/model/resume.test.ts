// Does an exploration that was interrupted go on, and is a snapshot refused that does not fit?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import { fromJson, keepable, toJson } from '../../model/explore/fast/spelling.js';
import type { Json, Snapshot } from '../../model/explore/snapshot.js';
import { worldNamed } from '../../model/worlds.js';
import { canonical } from '../../spec/kit/canonical.js';
import { slotTable } from '../../spec/kit/table.js';
import { copied, testResumed } from './resumed.js';

testResumed([['two-owners'], ['dma-two-groups']]);

test('a snapshot that does not fit the world is refused', () => {
  let kept: Snapshot | undefined;
  exploreFast(worldNamed('pair')!, {}, { checkpoint: save => void (kept ??= copied(save())) });
  const resume = (snapshot: Snapshot) => () =>
    exploreFast(worldNamed('pair')!, {}, { resume: () => snapshot });
  assert.throws(
    () => exploreFast(worldNamed('hotplug')!, {}, { resume: () => kept! }),
    /other parts|numbers|has/,
  );
  const { head, words } = kept!;
  const twice = words.map(w => w.slice());
  twice[0]!.copyWithin(head.width, 0, head.width);
  assert.throws(resume({ head, words: twice }), /a state twice/);
  const most = head.entities.findIndex(e => e.values.length > 2);
  const entities = head.entities.map((e, i) => (i === most ? { ...e, values: [...e.values].reverse() } : e));
  assert.throws(resume({ head: { ...head, entities }, words }), /numbers the values/);
});

test('what JSON has no word for comes back as it was', () => {
  const nested = slotTable(3, { at: 0n, in: slotTable(2, 'none') });
  const values: readonly unknown[] = [
    1n << 70n,
    undefined,
    [undefined, null, Number.POSITIVE_INFINITY, -0],
    { a: { b: [1n] }, c: '' },
    nested,
    nested.set(1, { at: 5n, in: slotTable(2, 'none').set(0, 'one') }),
  ];
  for (const value of values) {
    const again = fromJson(JSON.parse(JSON.stringify(toJson(value))) as Json);
    assert.equal(canonical(again), canonical(value));
  }
  assert.throws(() => keepable({ $big: 1 }), /a field called '\$big'/);
  assert.throws(() => keepable(new Map()), /cannot keep/);
});
