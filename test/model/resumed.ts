// Does an exploration that goes on from any of its snapshots find what one run finds?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exploration } from '../../model/explore/exploration.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import type { Snapshot } from '../../model/explore/snapshot.js';
import { worldNamed } from '../../model/worlds.js';
import type { AnyOp } from '../../spec/law/profile.js';

const told = (r: Exploration<AnyOp>) => ({
  figures: [r.states, r.transitions, r.accepted, r.depth, r.complete, r.frontier],
  rules: [...r.rules].sort(),
  seen: [...r.seen].sort(),
  broken: r.violations.map(v => `${v.property} after ${v.trace.length}`).sort(),
});

/** As a file would have it: nothing shared with the exploration that goes on. */
export const copied = ({ head, words }: Snapshot): Snapshot => ({
  head: JSON.parse(JSON.stringify(head)) as Snapshot['head'],
  words: words.map(w => w.slice()),
});

/** A test for each world of that name, under policies. */
export function testResumed(cases: readonly (readonly [string, object?])[]): void {
  for (const [name, policies = {}] of cases) {
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
}
