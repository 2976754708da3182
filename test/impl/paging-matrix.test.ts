// Does every format pass the matrix of tests that kernels have for theirs: sizes, levels, bits, boundaries?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAPPED, RANGE } from '../../impl/paging/codes.js';
import type { PageTable } from '../../impl/paging/table.js';
import { memoryOf, newTable, rootOf, TESTED, type Tested } from './paging-formats.js';
import { bruteBest } from './paging-oracle.js';
import { seedOf } from './seed.js';

const inPages = ({ sizes, format }: Tested): readonly number[] => sizes.map(size => size - format.pageShift);
const widest = ({ format }: Tested): number => Math.min(format.inputBits, 53) - format.pageShift;

/** What hardware finds over a page: output page, and size in pages as a logarithm. */
function seen(tested: Tested, table: PageTable, page: number): { out: number; size: number } | null {
  const shift = BigInt(tested.format.pageShift);
  const all = tested.format.signExtended === true ? 64n : BigInt(tested.format.inputBits);
  const input = (BigInt(page) << shift) & ((1n << all) - 1n);
  const found = tested.walker(memoryOf(table), rootOf(table), input);
  if (found === null) return null;
  return { out: Number(found.output >> shift), size: found.size.toString(2).length - 1 - Number(shift) };
}

const leavesOf = (table: PageTable): number[][] => {
  const leaves: number[][] = [];
  table.forEachLeaf((iova, out, size, prot) => leaves.push([iova, out, size, prot]));
  return leaves;
};

test('levels and page sizes are those that were written down', () => {
  for (const tested of TESTED) {
    assert.equal(tested.layout.format.top + 1, tested.levels, tested.format.name);
    assert.deepEqual(tested.layout.sizes, inPages(tested), tested.format.name);
  }
});

test('the best size is what trying all of them finds', t => {
  let state = seedOf(t) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  // Random, zero, and all ones; each with a random number of zeros at its end.
  const page = (bits: number): number => {
    const kind = next() % 8;
    const value =
      kind === 0 ? 0 : kind === 1 ? 2 ** bits - 1 : (next() * 2 ** 20 + (next() % 2 ** 20)) % 2 ** bits;
    const zeros = 2 ** (next() % bits);
    return value - (value % zeros);
  };
  for (const tested of TESTED) {
    const bits = widest(tested);
    for (let i = 0; i < 2000; i++) {
      const [iova, out, pages] = [page(bits), page(bits), page(bits) + 1];
      assert.equal(tested.layout.best(iova, out, pages), bruteBest(inPages(tested), iova, out, pages));
    }
  }
});

test('each bit of an input page number is decoded once', () => {
  for (const tested of TESTED) {
    const bits = widest(tested) - (tested.format.signExtended === true ? 1 : 0);
    const pages = [0, ...Array.from({ length: bits }, (_, bit) => 2 ** bit)];
    for (const mapped of pages) {
      const table = newTable(tested, 64);
      assert.equal(table.map(mapped, 1, 1, 3), 0, `${tested.format.name}: ${mapped}`);
      for (const other of pages) {
        const expected = other === mapped ? 1 : -1;
        assert.equal(table.walk(other), expected, `${tested.format.name}: ${mapped}, ${other}`);
        assert.equal(seen(tested, table, other)?.out ?? -1, expected);
      }
    }
  }
});

test('each size: one leaf, seen by hardware over its whole length, for the lowest and the highest output', () => {
  for (const tested of TESTED) {
    for (const size of inPages(tested)) {
      const pages = 2 ** size;
      for (const out of [0, tested.layout.outputPages - pages]) {
        for (const prot of [1, 2, 3]) {
          const table = newTable(tested, 64);
          const at = size === inPages(tested).at(-1) ? 0 : pages;
          assert.equal(table.map(at, out, pages, prot), 0);
          const given = prot === 2 && tested.format.leaf.read.length === 0 ? 3 : prot;
          assert.deepEqual(leavesOf(table), [[at, out, size, given]], tested.format.name);
          for (const offset of [0, 1, Math.floor(pages / 2), pages - 1].filter(o => o < pages)) {
            assert.equal(table.walk(at + offset), out + offset);
            assert.deepEqual(seen(tested, table, at + offset), { out: out + offset, size });
          }
          assert.equal(table.walk(at + pages), -1);
          assert.equal(table.map(at + pages - 1, 0, 1, 3), MAPPED);
          assert.equal(table.unmap(at, pages), pages);
          assert.deepEqual(leavesOf(table), []);
        }
      }
    }
  }
});

test('all sizes side by side, and a region that needs several of them', () => {
  // Identity from 0x3fe400000 to 0x4c0600000: 14 of 2M, 3 of 1G, 3 of 2M.
  for (const tested of TESTED.filter(({ sizes }) => sizes.join() === '12,21,30')) {
    if (tested.format.inputBits < 36) continue;
    const table = newTable(tested, 64);
    assert.equal(table.map(0x3fe400, 0x3fe400, 0x4c0600 - 0x3fe400, 3), 0);
    const sizes = leavesOf(table).map(([, , size]) => size);
    assert.deepEqual(sizes, [...Array(14).fill(9), ...Array(3).fill(18), ...Array(3).fill(9)]);
  }
  // A boundary at which a size was once chosen wrongly: IOVA 0xfef80000, address 0x208b95d000, 0x20000 bytes.
  for (const tested of TESTED.filter(({ format }) => format.pageShift === 12 && format.outputBits > 37)) {
    const table = newTable(tested, 64);
    assert.equal(table.map(0xfef80, 0x208b95d, 0x20, 3), 0);
    for (let page = 0; page < 0x20; page++)
      assert.deepEqual(seen(tested, table, 0xfef80 + page)?.out, 0x208b95d + page);
    assert.equal(table.unmap(0xfef80, 0x20), 0x20);
  }
});

test('the last page and the last largest leaf of the input; nothing behind it', () => {
  for (const tested of TESTED) {
    const table = newTable(tested, 64);
    const end = tested.layout.inputPages;
    const half = tested.format.signExtended === true ? end / 2 : end;
    assert.equal(table.map(half - 1, 7, 1, 3), 0, tested.format.name);
    assert.deepEqual(seen(tested, table, half - 1), { out: 7, size: 0 });
    assert.equal(table.walk(half - 1), 7);
    assert.equal(table.unmap(half - 1, 1), 1);
    const largest =
      2 **
      (inPages(tested)
        .filter(size => size <= 18)
        .at(-1) ?? 0);
    assert.equal(table.unmap(half - largest, largest), 0);
    assert.equal(table.map(half - largest, largest, largest, 3), 0);
    assert.equal(seen(tested, table, half - 1)?.out, 2 * largest - 1);
    assert.equal(table.unmap(half - largest, largest), largest);
    for (const [iova, pages] of [
      [half - 1, 2],
      [half, 1],
      [half, 2 ** 40],
    ]) {
      assert.ok(table.map(iova, 0, pages, 3) === RANGE || iova + pages > 2 ** 52, tested.format.name);
      assert.ok(table.unmap(iova, pages) < 0);
      assert.equal(table.walk(iova + pages - 1), -1);
    }
    assert.equal(table.map(0, tested.layout.outputPages - 1, 2, 3), RANGE);
    assert.equal(table.map(0, tested.layout.outputPages, 1, 3), RANGE);
    assert.deepEqual(leavesOf(table), []);
  }
});

test('the upper half of signed addresses', () => {
  for (const tested of TESTED.filter(({ format }) => format.signExtended === true)) {
    const table = newTable(tested, 64);
    const last = 2 ** 52 - 1;
    const first = 2 ** 52 - tested.layout.inputPages / 2;
    for (const [iova, out] of [
      [last, 3],
      [first, 4],
      [tested.layout.inputPages / 2 - 1, 5],
    ]) {
      assert.equal(table.map(iova, out, 1, 1), 0);
      assert.deepEqual(seen(tested, table, iova), { out, size: 0 });
      assert.equal(table.walk(iova), out);
    }
    assert.deepEqual(
      leavesOf(table).map(([iova]) => iova),
      [tested.layout.inputPages / 2 - 1, first, last],
    );
    // Two pages that are neighbours only in the table.
    assert.equal(table.map(first - 1, 9, 1, 1), RANGE);
    assert.equal(table.map(first - 1, 9, 2, 1), RANGE);
    assert.equal(table.walk(first - 1), -1);
    assert.equal(table.walk(tested.layout.inputPages / 2), -1);
    assert.equal(table.unmap(first, 2), 1);
    assert.equal(table.unmap(last, 1), 1);
  }
});

test('ARM: the selftest of io-pgtable-arm, for all granules and sizes of addresses', () => {
  const sizes = { 4: [0, 9, 18], 16: [0, 11], 64: [0, 13] } as const;
  for (const tested of TESTED.filter(({ format }) => format.name.startsWith('ARM'))) {
    const granule = 2 ** (tested.format.pageShift - 10);
    const table = newTable(tested, 256);
    const stride = 2 ** (30 - tested.format.pageShift);
    assert.equal(table.walk(0), -1);
    for (const [i, size] of sizes[granule as 4 | 16 | 64].entries()) {
      const at = i * stride;
      const pages = 2 ** size;
      assert.equal(table.map(at, at, pages, 1), 0);
      assert.equal(table.map(at, at + stride, pages, 1), MAPPED);
      assert.equal(table.iovaToPhys(at * granule * 1024 + 42), at * granule * 1024 + 42);
      assert.equal(table.unmap(at, pages), pages);
      assert.equal(table.iovaToPhys(at * granule * 1024 + 42), -1);
      assert.equal(table.map(at, at, pages, 3), 0);
      assert.equal(table.walk(at + pages - 1), at + pages - 1);
    }
  }
});
