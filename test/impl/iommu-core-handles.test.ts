// Is a handle that was given back always known as such, and does a domain translate what it was told?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EADDRINUSE, EBADF, EEXIST, ENOENT, ENOMEM, ERANGE } from '../../impl/errno.js';
import { PageTable } from '../../impl/iommu-core/page-table.js';
import { tableFor } from '../../impl/iommu-core/page-table-codes.js';
import { Slab } from '../../impl/iommu-core/slab.js';
import { bench, d1, g, h, o1 } from './iommu-core-bench.js';

test('a stale name of a domain is told from the one that took its place', () => {
  const { core } = bench();
  const old = core.allocForDevice(d1);
  assert.equal(core.freeDomain(old), 0);
  const fresh = core.allocForDevice(d1);
  assert.notEqual(fresh, old);
  assert.equal(core.claimGroup(g, o1), 0);
  assert.equal(core.attachGroup(g, old), -ENOENT);
  assert.equal(core.attachPasid(d1, old, 1, -1), -ENOENT);
  assert.equal(core.mapBytes(old, 0n, 0n, 0x1000n), -ENOENT);
  assert.equal(core.freeDomain(old), -ENOENT);
  assert.equal(core.attachGroup(g, fresh), 0);
  for (const wrong of [-4, 0.5, Number.NaN, 2 ** 53, 1e300]) assert.equal(core.freeDomain(wrong), -ENOENT);
  core.reset();
  assert.equal(core.freeDomain(fresh), -ENOENT, 'a reset forgets no generation');
});

test('a reference is given back once, and keeps its group alone', () => {
  const { core } = bench();
  const ref = core.getGroup(2);
  assert.equal(core.remove(2), 0);
  assert.equal(core.group(h)?.refs, 1);
  assert.equal(core.putGroup(ref), 0);
  assert.equal(core.group(h), undefined);
  assert.equal(core.putGroup(ref), -EBADF);
  assert.equal(core.probe(2), 0);
  const again = core.getGroup(2);
  assert.notEqual(again, ref);
  assert.equal(core.putGroup(ref), -EBADF);
});

test('a slot whose generations are used up is never given out again', () => {
  const slab = new Slab<number>(2, 3);
  const seen = new Set<number>();
  for (let n = 0; n < 6; n++) {
    const handle = slab.add(n);
    assert.ok(handle >= 0 && !seen.has(handle));
    for (const old of seen) assert.equal(slab.get(old), undefined);
    seen.add(handle);
    assert.equal(slab.get(handle), n);
    assert.ok(slab.remove(handle));
    assert.ok(!slab.remove(handle));
  }
  assert.equal(slab.add(0), -1);
});

const ALWAYS = () => true;

test('the largest leaf that fits is used, and goes as a whole', () => {
  const table = new PageTable(0b1001, 64);
  assert.equal(table.map(7, 7, 10, ALWAYS), 0);
  assert.deepEqual(table.list(), [
    { page: 7, pages: 1, frame: 7 },
    { page: 8, pages: 8, frame: 8 },
    { page: 16, pages: 1, frame: 16 },
  ]);
  assert.equal(table.frameOf(12), 12);
  assert.equal(table.unmap(12, 1), 0, 'it begins inside of a leaf');
  assert.equal(table.unmap(7, 2), 9, 'it ends inside of a leaf');
  assert.equal(table.unmap(7, 2), 0);
  assert.deepEqual(table.list(), [{ page: 16, pages: 1, frame: 16 }]);
});

/** What the kernels' codes have in common: a map that fails is as if it had not been called. */
function failsWhole(table: PageTable, met: number) {
  assert.equal(table.map(12, 0, 1, ALWAYS), 0);
  assert.equal(table.map(9, 9, 4, ALWAYS), met);
  assert.equal(table.map(60, 0, 5, ALWAYS), -ERANGE);
  assert.deepEqual(table.list(), [{ page: 12, pages: 1, frame: 0 }]);
  let left = 2;
  assert.equal(
    table.map(20, 0, 4, () => left-- > 0),
    -ENOMEM,
  );
  assert.deepEqual(table.list(), [{ page: 12, pages: 1, frame: 0 }]);
}

for (const tables of ['vtd', 'amd'] as const) {
  test(`generic_pt of ${tables}: a map that meets another leaves nothing behind, and takes nothing along`, () => {
    const table = tableFor(tables, '7.2', 0b1001, 64);
    failsWhole(table, -EADDRINUSE);
    assert.equal(table.map(8, 8, 8, ALWAYS), -EADDRINUSE, 'a large leaf over a small one');
    assert.deepEqual(table.list(), [{ page: 12, pages: 1, frame: 0 }]);
    assert.equal(table.unmap(12, 1), 1);
    assert.equal(table.map(8, 8, 8, ALWAYS), 0);
    assert.equal(table.map(12, 0, 1, ALWAYS), -EADDRINUSE, 'a small leaf below a large one');
    assert.equal(table.map(8, 8, 8, ALWAYS), -EADDRINUSE, 'a large leaf over a large one');
    assert.deepEqual(table.list(), [{ page: 8, pages: 8, frame: 8 }]);
  });
}

for (const kernel of ['7.2', '6.12'] as const) {
  test(`io-pgtable-arm of ${kernel}: a map that meets a leaf leaves nothing behind, and a table makes room`, () => {
    const table = tableFor('arm', kernel, 0b1001, 64);
    failsWhole(table, -EEXIST);
    // arm_lpae_init_pte unmaps the table that a block is to replace, with all that it holds.
    assert.equal(table.map(8, 8, 8, ALWAYS), 0, 'a large leaf over a small one');
    assert.deepEqual(table.list(), [{ page: 8, pages: 8, frame: 8 }]);
    assert.equal(table.map(12, 0, 1, ALWAYS), -EEXIST, 'a small leaf below a large one');
    assert.equal(table.map(8, 16, 8, ALWAYS), -EEXIST, 'a large leaf over a large one');
    assert.deepEqual(table.list(), [{ page: 8, pages: 8, frame: 8 }]);
  });
}
