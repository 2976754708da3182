// Do states that are too many for memory lie in files that nobody sees, and does a disk that is full end the run?
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { smallWorld } from '../../bench/models/small-vfio-rules.js';
import { diskIn } from '../../cli/disk.js';
import { EXIT, endingOf } from '../../cli/exit.js';
import { memorySize } from '../../cli/options.js';
import { exploreFast } from '../../model/explore/fast/explorer.js';
import { toDisk } from '../model/on-disk.js';

const WORLD = smallWorld(2, 2, 3);

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function endOf(run: () => unknown): { readonly code: number; readonly says: string } {
  try {
    run();
  } catch (error) {
    return endingOf(error);
  }
  assert.fail('nothing went wrong');
}

test('the same counts as in memory, and the folder is empty all the while', () => {
  inFolder(folder => {
    const disk = diskIn(folder, 0);
    let looked = 0;
    const {
      states,
      transitions,
      disk: spill,
    } = exploreFast(
      WORLD,
      {},
      {
        ...toDisk(disk, 0),
        progress: () => {
          looked++;
          assert.deepEqual(readdirSync(folder), []);
        },
      },
    );
    const plain = exploreFast(WORLD);
    assert.deepEqual({ states, transitions }, { states: plain.states, transitions: plain.transitions });
    assert.ok(looked > 0 && disk.used && spill!.runs > 10, JSON.stringify(spill));
  });
});

test('a disk that is full: 73, and what the system says', t => {
  inFolder(folder => {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', folder]);
    if (mounted.status !== 0) return t.skip('no small disk can be mounted here');
    const disk = diskIn(folder, 0);
    try {
      const { code, says } = endOf(() => exploreFast(WORLD, {}, toDisk(disk, 0)));
      assert.equal(code, EXIT.unwritable, says);
      assert.match(says, /cannot hold the states that are too many for memory: ENOSPC/);
    } finally {
      disk.close();
      spawnSync('umount', [folder]);
    }
  });
});

test('a folder that cannot be made: 73', () => {
  const within = join(fileURLToPath(import.meta.url), 'nowhere');
  const { code, says } = endOf(() => exploreFast(WORLD, {}, toDisk(diskIn(within, 0), 0)));
  assert.equal(code, EXIT.unwritable, says);
});

test('amounts of memory', () => {
  const size = memorySize('--memory');
  assert.deepEqual(['64', '256M', '2G', '1t', '256MiB'].map(size), [64, 256, 2048, 1 << 20, 256]);
  for (const text of ['', '0', '-1', '1.5G', '2K', 'M', '99999999999'])
    assert.throws(() => size(text), /--memory is an amount of memory like 256M or 2G/, text);
});
