// What is promised of a page table beside its bits: refusals, growth, empty tables, ends inside of leaves, dirty pages?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESERVED, TableArena } from '../../impl/paging/arena.js';
import { arm } from '../../impl/paging/arm.js';
import * as codes from '../../impl/paging/codes.js';
import { amdV1, riscv, vtdFirstStage, vtdSecondStage } from '../../impl/paging/formats.js';
import { Layout } from '../../impl/paging/layout.js';
import { newPageTable, specialise } from '../../impl/paging/specialise.js';
import { PageTable } from '../../impl/paging/table.js';
import { memoryOf, newTable, rootOf, TESTED } from './paging-formats.js';

const tableOf = (layout: Layout, pages = 64): PageTable => {
  const table = newPageTable(new TableArena({ pages, pageShift: layout.format.pageShift }), layout);
  assert.ok(table instanceof PageTable);
  return table;
};

const leafSizes = (table: PageTable): number[] => {
  const sizes: number[] = [];
  table.forEachLeaf((_iova, _out, size) => sizes.push(size));
  return sizes;
};

test('what is no page, no number of pages or no access is refused', () => {
  for (const tested of TESTED) {
    const table = newTable(tested);
    for (const [iova, out, pages, prot] of [
      [0.5, 0, 1, 3],
      [-1, 0, 1, 3],
      [Number.NaN, 0, 1, 3],
      [0, 0.5, 1, 3],
      [0, -1, 1, 3],
      [0, 0, 0, 3],
      [0, 0, 1.5, 3],
      [0, 0, -1, 3],
      [0, 0, Number.NaN, 3],
      [0, 0, 1, 0],
      [0, 0, 1, 4],
      [0, 0, 1, 7],
      [0, 0, 2, -1],
    ])
      assert.equal(table.map(iova, out, pages, prot), codes.INVALID, `${iova} ${out} ${pages} ${prot}`);
    for (const [iova, pages] of [
      [0.5, 1],
      [-1, 1],
      [0, 0],
      [0, 1.5],
      [0, -1],
    ])
      assert.equal(table.unmap(iova, pages), codes.INVALID, `${iova} ${pages}`);
    assert.equal(table.walk(0.5), -1);
    assert.equal(table.walk(-1), -1);
    assert.equal(table.map(0, 2 ** 52 - 1, 1, 3), codes.RANGE);
    assert.deepEqual(leafSizes(table), []);
  }
});

test('a map that meets something, or lacks pages, has written nothing', () => {
  for (const tested of TESTED) {
    const large = 2 ** (tested.format.pageShift - 3);
    const at = tested.format.inputBits > 36 ? 3 * large * large - 5 : 3 * large - 5;
    for (let pages = RESERVED + 2 ** tested.layout.rootOrder; pages < RESERVED + 48; pages++) {
      // Wide roots are aligned, and use up what lies before them.
      const table = newTable(tested, pages);
      const before = table.arena.words.slice();
      const free = table.arena.free;
      const code = table.map(at, 1, 2 * large, 3);
      if (code === codes.NO_MEMORY) {
        assert.deepEqual(table.arena.words, before, tested.format.name);
        assert.equal(table.arena.free, free);
        continue;
      }
      assert.equal(code, 0);
      // One page fewer would not have been enough, so the account is exact.
      assert.equal(table.arena.free, 0, `${tested.format.name}: ${pages}`);
      const full = table.arena.words.slice();
      assert.equal(table.map(at - 3, 1, 4, 3), codes.MAPPED);
      assert.equal(table.map(at + 2 * large - 1, 1, 1, 3), codes.MAPPED);
      assert.deepEqual(table.arena.words, full);
      break;
    }
  }
  const table = tableOf(new Layout(vtdSecondStage(3)));
  assert.equal(table.map(0, 1, 2 ** 36, 3), codes.NO_MEMORY);
});

test('AMD v1: the root grows by one level at a time, and what was mapped stays', () => {
  const table = tableOf(new Layout(amdV1));
  const shape = TESTED.find(({ format }) => format === amdV1)!;
  const mapped = [0];
  assert.equal(table.map(0, 99, 1, 3), 0);
  for (let levels = 3; levels <= 6; levels++) {
    assert.equal(table.top, levels - 1);
    const last = 2 ** Math.min(9 * levels, 52) - 1;
    assert.equal(table.map(last, 100 + levels, 1, 1), 0);
    assert.equal(table.top, levels - 1);
    mapped.push(last);
    if (levels === 6) break;
    assert.equal(table.walk(last + 1), -1);
    assert.equal(table.unmap(last + 1, 1), 0);
    assert.equal(table.map(last, 1, 2, 1), codes.MAPPED);
    assert.equal(table.top, levels - 1, 'a refusal does not grow');
    assert.equal(table.map(last + 1, 1, 1, 1), 0);
    assert.equal(table.unmap(last + 1, 1), 1);
    for (const page of mapped) {
      const found = shape.walker(memoryOf(table), rootOf(table), BigInt(page) << 12n);
      assert.equal(Number(found!.output) / 4096, table.walk(page));
    }
  }
  // A leaf in the place of the first table below a root that is new: nothing may be mapped there.
  for (const [occupied, code] of [
    [1, codes.MAPPED],
    [0, 0],
  ]) {
    const other = tableOf(new Layout(amdV1));
    if (occupied === 1) assert.equal(other.map(5, 5, 1, 3), 0);
    assert.equal(other.map(0, 0, 2 ** 28, 3), code);
    assert.equal(other.walk(2 ** 28 - 1), code === 0 ? 2 ** 28 - 1 : -1);
    if (code === 0) assert.equal(other.arena.waitingPages, 1);
  }
});

test('an empty table gives way to a leaf, and waits', () => {
  for (const tested of TESTED) {
    const large = 2 ** (tested.format.pageShift - 3);
    const table = newTable(tested);
    for (let page = 0; page < large; page++) assert.equal(table.map(page, 2 * page, 1, 3), 0);
    const used = table.arena.inUse;
    assert.equal(table.map(0, large, large, 3), codes.MAPPED);
    for (let page = 0; page < large; page++) assert.equal(table.unmap(page, 1), 1);
    assert.equal(table.arena.inUse, used, 'single pages free no table');
    assert.equal(table.map(0, large, large, 3), 0);
    assert.equal(table.arena.inUse, used - 1);
    assert.equal(table.arena.waitingPages, 1);
    assert.equal(table.walk(large - 1), 2 * large - 1);
    const waiting = table.arena.collect();
    assert.equal(waiting.length, 1);
    assert.equal(table.arena.waitingPages, 1, 'collected is not released');
    table.arena.release(waiting);
    assert.equal(table.arena.waitingPages, 0);
  }
});

test('an unmap that covers tables unlinks them all; a hole ends it', () => {
  const table = tableOf(new Layout(vtdSecondStage(3)), 4096);
  const g1 = 2 ** 18;
  assert.equal(table.map(g1, 1, g1, 3), 0);
  assert.equal(table.arena.inUse, 1 + 2 + 512);
  assert.equal(table.unmap(g1 + 77, 1), 1);
  // The hole ends the unmap; the tables before it are covered.
  assert.equal(table.unmap(g1, g1), 77);
  assert.equal(table.arena.waitingPages, 0);
  assert.equal(table.unmap(g1 + 78, g1 - 78), g1 - 78);
  assert.equal(table.arena.waitingPages, 511);
  assert.equal(table.arena.inUse, 1 + 2 + 1);
  table.arena.release();
  assert.equal(table.map(g1, 1, g1, 3), 0, 'pages come out clean');
  assert.equal(table.unmap(g1, g1), g1);
  assert.equal(table.arena.inUse, 2);
});

test('an unmap that begins or ends inside of a leaf does what the driver does', () => {
  for (const tested of TESTED) {
    const size = tested.layout.sizes.find(other => other >= 2)!;
    const pages = 2 ** size;
    for (const inside of ['whole', 'refuse', 'split'] as const) {
      if (inside === 'split' && tested.format === amdV1) {
        assert.throws(() => new Layout(tested.format, { inside }), RangeError);
        continue;
      }
      const table = newTable(tested, 64, new Layout(tested.format, { inside }));
      // Addresses that agree up to this size and not to the next.
      for (let i = 0; i < 2; i++) assert.equal(table.map(i * pages, pages + i * pages, pages, 3), 0);
      const expected = { whole: pages, refuse: 0, split: 1 }[inside];
      assert.equal(table.unmap(0, 1), expected, `${tested.format.name}, ${inside}`);
      assert.equal(table.walk(pages), 2 * pages, 'it does not go on into the next leaf');
      assert.equal(table.unmap(pages + 1, 1), inside === 'split' ? 1 : 0, 'from the middle');
      assert.equal(table.walk(pages + 2), 2 * pages + 2);
      assert.equal(table.walk(pages + 1), inside === 'split' ? -1 : 2 * pages + 1);
    }
  }
});

test('dirty pages: found once, leaf by leaf, for the asked range only', () => {
  const formats = [
    vtdSecondStage(3),
    amdV1,
    arm({ stage: 1, granule: 4, inputBits: 48, outputBits: 48, dirty: true }),
  ];
  const contiguous = arm({
    stage: 1,
    granule: 4,
    inputBits: 48,
    outputBits: 48,
    dirty: true,
    contiguous: true,
  });
  for (const format of [...formats, contiguous]) {
    const table = tableOf(new Layout(format));
    assert.equal(table.map(0, 0, 16, 3), 0);
    assert.equal(table.map(16, 17, 3, 3), 0);
    const bitmap = new Uint32Array(1);
    const read = (iova: number, pages: number, clear: boolean): [number, number] => {
      bitmap.fill(0);
      return [table.readDirty(iova, pages, bitmap, clear), bitmap[0]];
    };
    // ARM's driver makes writable pages dirty from the start.
    if (format.name.startsWith('ARM')) assert.deepEqual(read(0, 19, true), [19, 0x7ffff]);
    assert.deepEqual(read(0, 19, true), [0, 0]);
    // Hardware writes to pages 9 and 17: the entries of those pages.
    const { words, found } = table.arena;
    const write = (page: number): void => {
      assert.equal(table.walk(page), page < 16 ? page : page + 1);
      const entry = entryAt(table, page);
      words[entry] = format.name.startsWith('ARM')
        ? words[entry] & ~0x80
        : words[entry] | (format === amdV1 ? 0x40 : 0x200);
    };
    write(9);
    write(17);
    table.walk(9);
    const all = found[codes.FOUND_SIZE] === 4;
    const lower = all ? 0xffff : 1 << 9;
    assert.deepEqual(read(0, 19, false), [all ? 17 : 2, lower | (1 << 17)], format.name);
    assert.deepEqual(read(4, 2, false), all ? [2, 3] : [0, 0], 'a part of a leaf');
    assert.deepEqual(read(17, 1, true), [1, 1]);
    assert.deepEqual(read(0, 19, true), [all ? 16 : 1, lower]);
    assert.deepEqual(read(0, 19, true), [0, 0]);
    assert.equal(table.walk(9), 9, 'a clean page is as writable as before');
    assert.equal(found[codes.FOUND_PROT], 3);
    // Holes: ARM's driver ends at one.
    table.unmap(18, 1);
    assert.deepEqual(read(0, 19, false)[0], format.name.startsWith('ARM') ? codes.INVALID : 0);
    assert.equal(table.readDirty(0, 33, bitmap, false), codes.INVALID);
  }
  for (const format of [
    vtdFirstStage(3),
    riscv(3),
    arm({ stage: 2, granule: 4, inputBits: 48, outputBits: 48 }),
  ])
    assert.equal(tableOf(new Layout(format)).readDirty(0, 1, new Uint32Array(1), true), codes.UNSUPPORTED);
});

/** Word offset of the entry of level 0 for a page. */
function entryAt(table: PageTable, page: number): number {
  let at = table.root;
  for (let level = table.top; level > 0; level--)
    at = table.tableOf(table.arena.words[table.entryOf(at, level, page)]);
  return table.entryOf(at, 0, page);
}

test('a destroyed table says nothing, and gives back its pages after the flush', () => {
  for (const tested of TESTED) {
    const table = newTable(tested);
    const other = newPageTable(table.arena, tested.layout) as PageTable;
    assert.equal(other.map(3, 4, 1, 3), 0);
    assert.equal(table.map(0, 1, 5, 3), 0);
    table.destroy();
    table.destroy();
    assert.equal(table.rootAddress, -1);
    assert.equal(table.walk(0), -1);
    assert.equal(table.map(0, 1, 1, 3), codes.DESTROYED);
    assert.equal(table.map(0, 0, 2 ** (tested.format.pageShift - 3), 3), codes.DESTROYED);
    assert.equal(table.unmap(0, 1), codes.DESTROYED);
    assert.equal(table.walk(3), -1, 'not even what the other one has');
    assert.equal(other.walk(3), 4);
    const waiting = table.arena.waitingPages;
    assert.ok(waiting > 1);
    table.arena.release();
    const again = newPageTable(table.arena, tested.layout) as PageTable;
    assert.equal(again.walk(0), -1, 'pages come out clean');
    assert.equal(again.map(0, 1, 5, 3), 0);
    assert.ok(table.arena.words.subarray(0, RESERVED * table.arena.pageWords).every(word => word === 0));
  }
});

test('sizes can be left out; steps can be replaced', () => {
  const table = tableOf(new Layout(vtdSecondStage(3), { sizes: [0] }), 4096);
  assert.equal(table.map(0, 0, 1024, 3), 0);
  assert.deepEqual(leafSizes(table), Array(1024).fill(0));
  assert.equal(table.unmap(0, 512), 512);
  assert.throws(() => new Layout(vtdSecondStage(3), { sizes: [1] }), RangeError);
  const layout = new Layout(vtdSecondStage(3));
  const arena = new TableArena({ pages: 64 });
  class Deaf extends PageTable {
    protected override unmapAway(): number {
      return 0;
    }
  }
  const Fast = specialise(arena, layout);
  class Forgetful extends Fast {
    override mapWords(): number {
      return 0;
    }
  }
  const deaf = newPageTable(arena, layout, specialise(arena, layout, Deaf)) as PageTable;
  const forgetful = newPageTable(arena, layout, Forgetful) as PageTable;
  assert.equal(deaf.map(0, 0, 600, 3), 0);
  assert.equal(deaf.unmap(0, 600), 0, 'a range is not removed');
  assert.equal(deaf.unmap(0, 512), 512, 'one leaf is');
  assert.equal(forgetful.map(0, 0, 1, 3), 0);
  assert.equal(forgetful.walk(0), -1);
  assert.equal(specialise(arena, layout), Fast);
});
