// Do states that lie on a disk change anything but the order in which they are found?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disk, DiskFile } from '../../model/explore/disk.js';
import type { Exploration, Options } from '../../model/explore/exploration.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import type { AnyWorld } from '../../model/explore/world.js';
import { canonical } from '../../spec/kit/canonical.js';
import type { AnyOp } from '../../spec/law/profile.js';

/** A disk that is none, with room for so many words at a time. */
export function pretended(memory: number, room = Number.POSITIVE_INFINITY): Disk & { readonly left: number } {
  let used = 0;
  let files = 0;
  return {
    memory,
    get left() {
      return files;
    },
    create(): DiskFile {
      let words = new Int32Array(64);
      let length = 0;
      files++;
      return {
        append(more) {
          used += more.length;
          if (used > room) throw new Error('the disk is full');
          while (length + more.length > words.length) {
            const larger = new Int32Array(words.length * 2);
            larger.set(words);
            words = larger;
          }
          words.set(more, length);
          length += more.length;
        },
        read(at, into) {
          assert.ok(at >= 0 && at + into.length <= length, 'nobody reads what was not written');
          into.set(words.subarray(at, at + into.length));
        },
        remove() {
          files--;
          used -= length;
          length = 0;
        },
      };
    },
  };
}

/** Goes to the disk after so many blocks; with `forgets`, what was learned is forgotten whenever as many have gone by. */
export const toDisk = (disk: Disk, after: number, forgets = false): Options => {
  let blocks = 0;
  let gone = false;
  return {
    disk,
    room: () => {
      if ((gone && !forgets) || blocks++ < after) return true;
      gone = true;
      blocks = -1;
      return false;
    },
  };
};

/** All that an exploration says of a world, but for which shortest trace is told. */
function found(world: AnyWorld, options: Options) {
  const states = new Set<string>();
  let number = 0;
  const result = exploreFast(
    world,
    {},
    {
      all: true,
      aims: true,
      ...options,
      inspect: all => {
        for (const s of all) {
          states.add(canonical(s));
          number++;
        }
      },
    },
  );
  assert.equal(states.size, number, 'no state is found twice');
  const { rules, seen, violations, transitions, accepted, depth, complete, frontier } = result;
  const broken = violations.map(v => `${v.property} (${v.kind}) after ${v.trace.length}`).sort();
  const figures = { states: result.states, transitions, accepted, depth, complete, frontier };
  return {
    result,
    told: { figures, rules: [...rules].sort(), seen: [...seen].sort(), broken, states: [...states].sort() },
  };
}

/** A test for each world: in memory, and with room for some 150 candidates from its first block on, or a later one. */
export function testOnDisk(
  worlds: readonly (readonly [AnyWorld, Options])[],
  after = 0,
  forgets = false,
): Exploration<AnyOp>[] {
  const results: Exploration<AnyOp>[] = [];
  for (const [world, options] of worlds)
    test(`${world.name}: on a disk from block ${after} on, the same states and counts`, () => {
      const disk = pretended(0);
      const spilled = found(world, { ...options, ...toDisk(disk, after, forgets) });
      assert.deepEqual(spilled.told, found(world, options).told);
      assert.ok(spilled.result.disk !== undefined, 'it went to the disk');
      assert.equal(disk.left, 0, 'no file is left');
      results.push(spilled.result);
    });
  return results;
}
