// Which arenas can there be, what fits into them, and are their last bytes as good as their first?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESERVED, TableArena } from '../../impl/paging/arena.js';
import { arm } from '../../impl/paging/arm.js';
import * as codes from '../../impl/paging/codes.js';
import { amdV1, riscv } from '../../impl/paging/formats.js';
import { Layout } from '../../impl/paging/layout.js';
import { newPageTable, specialise } from '../../impl/paging/specialise.js';
import type { PageTable } from '../../impl/paging/table.js';

test('a wide root that was given back is cut up where single pages are needed', () => {
  const layout = new Layout(riscv(2, { x4: true }));
  const arena = new TableArena({ pages: RESERVED + 8 });
  const roots = [0, 1].map(() => newPageTable(arena, layout) as PageTable);
  assert.equal(arena.free, 0);
  assert.equal(roots[1]!.map(0, 0, 1, 3), codes.NO_MEMORY);
  roots[0]!.destroy();
  assert.equal(roots[1]!.map(0, 0, 1, 3), codes.NO_MEMORY, 'hardware may still read it');
  arena.release();
  assert.equal(roots[1]!.map(0, 0, 1, 3), 0);
  assert.deepEqual([arena.inUse, arena.free], [6, 2]);
  assert.equal(newPageTable(arena, layout), codes.NO_MEMORY);
});

test('a root grows while it may and while there is a page', () => {
  const small = newPageTable(new TableArena({ pages: RESERVED + 2 }), new Layout(amdV1)) as PageTable;
  assert.deepEqual([small.grow(), small.top, small.grow(), small.top], [0, 3, codes.NO_MEMORY, 3]);
  const large = newPageTable(new TableArena({ pages: RESERVED + 9 }), new Layout(amdV1)) as PageTable;
  assert.deepEqual(
    [1, 2, 3, 4].map(() => large.grow()),
    [0, 0, 0, codes.UNSUPPORTED],
  );
  large.destroy();
  assert.equal(large.grow(), codes.DESTROYED);
  const fixed = newPageTable(new TableArena({ pages: RESERVED + 9 }), new Layout(riscv(2))) as PageTable;
  assert.equal(fixed.grow(), codes.UNSUPPORTED);
});

test('arenas and formats that do not fit are refused', () => {
  const layout = new Layout(arm({ stage: 1, granule: 64, inputBits: 32, outputBits: 32 }));
  assert.throws(() => new TableArena({ pages: RESERVED }), RangeError);
  assert.throws(() => new TableArena({ pages: 2 ** 20 }), RangeError);
  assert.throws(() => new TableArena({ pages: 32, base: 4096 }), RangeError);
  assert.throws(() => specialise(new TableArena({ pages: 32 }), layout), RangeError, 'the size of a page');
  assert.throws(
    () => specialise(new TableArena({ pages: 32, pageShift: 16 }), layout),
    RangeError,
    'beyond 32 bits',
  );
  assert.throws(() => arm({ stage: 2, granule: 4, inputBits: 52, outputBits: 52 }), RangeError);
  assert.throws(() => arm({ stage: 2, granule: 4, inputBits: 48, outputBits: 48, dirty: true }), RangeError);
  const arena = new TableArena({ pages: RESERVED + 3 });
  assert.equal(newPageTable(arena, new Layout(riscv(2, { x4: true }))), codes.NO_MEMORY);
});

test('the last entries of the largest arena', () => {
  const { words, kernels } = new TableArena({ pages: 2 ** 20 - 1 });
  const entry = words.length - 2;
  const at = (entry * 4) | 0;
  assert.equal(kernels.empty(at - 120, 16), 1);
  words[entry + 1] = 5;
  assert.equal(kernels.empty(at - 120, 16), 0);
  assert.equal(kernels.fillEmpty(at - 8, 2, 1, 0, 4), 0);
  assert.equal(kernels.clear(at, 1), 1);
  assert.equal(kernels.fillEmpty(at - 120, 16, 1, 7, 4096), 1);
  assert.deepEqual([...words.subarray(entry - 2)], [1 + 14 * 4096, 7, 1 + 15 * 4096, 7]);
  assert.equal(kernels.clear(at - 120, 16), 16);
  kernels.fill(at - 24, 2, 2, 9, 3, 1, 2);
  assert.deepEqual([...words.subarray(entry - 6)], [9, 3, 9, 3, 10, 5, 10, 5]);
  kernels.zero(at - 24, 32);
  assert.ok(words.subarray(entry - 6).every(word => word === 0));
});
