// Does an exploration that is interrupted anywhere, and goes on from a snapshot, find what one run finds?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exploration } from '../../../model/explore/exploration.js';
import { exploreFast } from '../../../model/explore/fast/explorer.js';
import type { Snapshot } from '../../../model/explore/snapshot.js';
import { countsOf } from '../../../model/pinned.js';
import { worldNamed } from '../../../model/worlds.js';
import type { AnyOp } from '../../../spec/law/profile.js';
import { copied, testResumed } from '../../model/resumed.js';

testResumed([['hotplug'], ['attack-window', { 'merge-incoming': 'any' }], ['dma-strict']]);

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
