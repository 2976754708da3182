// Does an exploration that is interrupted anywhere, and goes on from a snapshot, find what one run finds?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exploration } from '../../model/explore/exploration.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import { fromJson, keepable, toJson } from '../../model/explore/fast/spelling.js';
import type { Json, Snapshot } from '../../model/explore/snapshot.js';
import { countsOf } from '../../model/pinned.js';
import { worldNamed } from '../../model/worlds.js';
import { canonical } from '../../spec/kit/canonical.js';
import { slotTable } from '../../spec/kit/table.js';
import type { AnyOp } from '../../spec/law/profile.js';

const told = (r: Exploration<AnyOp>) => ({
  figures: [r.states, r.transitions, r.accepted, r.depth, r.complete, r.frontier],
  rules: [...r.rules].sort(),
  seen: [...r.seen].sort(),
  broken: r.violations.map(v => `${v.property} after ${v.trace.length}`).sort(),
});

/** As a file would have it: nothing shared with the exploration that goes on. */
const copied = ({ head, words }: Snapshot): Snapshot => ({
  head: JSON.parse(JSON.stringify(head)) as Snapshot['head'],
  words: words.map(w => w.slice()),
});

const CASES: readonly (readonly [string, object?])[] = [
  ['pair'],
  ['hotplug'],
  ['attack-window', { 'merge-incoming': 'any' }],
  ['dma-two-groups'],
  ['dma-strict'],
];

for (const [name, policies = {}] of CASES) {
  test(`${name}: taken up from any of its snapshots`, () => {
    const world = worldNamed(name)!;
    const all = { all: true, aims: true };
    const snapshots: Snapshot[] = [];
    const whole = exploreFast(world, policies, {
      ...all,
      checkpoint: save => void snapshots.push(copied(save())),
    });
    assert.ok(snapshots.length > 1);
    const step = Math.ceil(snapshots.length / 4);
    for (let i = 0; i < snapshots.length; i += step) {
      const again = exploreFast(world, policies, { ...all, resume: () => snapshots[i]! });
      assert.deepEqual(told(again), told(whole), `snapshot ${i} of ${snapshots.length}`);
    }
  });
}

test('many interruptions in a row', () => {
  const world = worldNamed('hotplug')!;
  let snapshot: Snapshot | undefined;
  let runs = 0;
  for (;;) {
    const { room, resume } = { room: { blocks: 5 }, resume: snapshot };
    const r: Exploration<AnyOp> = exploreFast(
      world,
      {},
      {
        all: true,
        room: () => room.blocks-- > 0,
        checkpoint: (save, last) => {
          if (last) snapshot = copied(save());
        },
        ...(resume !== undefined && { resume: () => resume }),
      },
    );
    runs++;
    if (r.complete) {
      assert.deepEqual({ states: r.states, transitions: r.transitions }, countsOf(world));
      break;
    }
    assert.equal(r.unfinished, 'memory');
    assert.ok(r.frontier > 0);
  }
  assert.ok(runs > 3, `${runs} runs`);
});

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
