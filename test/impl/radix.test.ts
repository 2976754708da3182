// Does the radix page table write the bits hardware reads, and say yes and no where it should?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOUND_HIGH, FOUND_LEVEL, FOUND_PROT, PageArena } from '../../impl/radix/arena.js';
import { DESTROYED, INVALID, MAPPED, NO_MEMORY, RANGE } from '../../impl/radix/format.js';
import { RadixTable } from '../../impl/radix/table.js';
import { type Leaf, leavesOf, newTable } from './radix-oracle.js';

const M2 = 512;
const G1 = 512 * 512;
const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');

/** An entry of the page with this number, as 16 hexadecimal digits. */
function entryAt(arena: PageArena, page: number, slot: number): string {
  const at = page * 1024 + slot * 2;
  return hex(arena.words[at + 1]) + hex(arena.words[at]);
}

const countLevels = (leaves: readonly Leaf[]) => leaves.map(leaf => '4MG'[leaf.level]).join('');

test('the bits of a 4K leaf and of the three tables above it', () => {
  const arena = new PageArena({ pages: 8, baseFrame: 0x123456789 });
  const table = newTable(arena);
  assert.equal(table.rootFrame, 0x123456789);
  // IOVA 0x0080_4020_1000 selects entry 1 at every level, 0xff7f_bfdf_e000 entry 510.
  assert.equal(table.map(0x8040201, 0xfedcba9876, 1, 1), 0);
  assert.equal(entryAt(arena, 0, 1), '000012345678a003');
  assert.equal(entryAt(arena, 1, 1), '000012345678b003');
  assert.equal(entryAt(arena, 2, 1), '000012345678c003');
  assert.equal(entryAt(arena, 3, 1), '000fedcba9876001');
  assert.equal(table.map(0xff7fbfdfe, 0x0000000001, 1, 2), 0);
  assert.equal(entryAt(arena, 0, 510), '000012345678d003');
  assert.equal(entryAt(arena, 6, 510), '0000000000001002');
  const present = arena.words.reduce((count, word, i) => count + (i % 2 === 0 && word !== 0 ? 1 : 0), 0);
  assert.equal(present, 8, 'and nothing else is written');
});

test('the bits of a 2M and of a 1G leaf', () => {
  const arena = new PageArena({ pages: 8, baseFrame: 0x40 });
  const table = newTable(arena);
  assert.equal(table.map(M2 * 3, 0xabcde00, M2, 3), 0);
  assert.equal(entryAt(arena, 0, 0), '0000000000041003');
  assert.equal(entryAt(arena, 2, 3), '000000abcde00083');
  assert.equal(table.map(G1 * 5, 0xfffffc0000, G1, 1), 0);
  assert.equal(entryAt(arena, 1, 5), '000fffffc0000081');
  assert.equal(arena.tablePagesInUse, 3);
});

test('entries stay right where the arena crosses a 4 GiB line', () => {
  const arena = new PageArena({ pages: 8, baseFrame: 0x2ffffe });
  const table = newTable(arena);
  for (let i = 0; i < 3; i++) assert.equal(table.map(i * M2, 7 + i, 1, 3), 0);
  assert.equal(entryAt(arena, 0, 0), '00000002fffff003');
  assert.equal(entryAt(arena, 1, 0), '0000000300000003');
  for (let i = 0; i < 3; i++) assert.equal(table.walk(i * M2), 7 + i);
});

test('the mixed range takes 14 x 2M, 3 x 1G, 3 x 2M', () => {
  const table = newTable(new PageArena({ pages: 8 }));
  const start = 0x3fe400000 / 4096;
  const pages = 0x4c0600000 / 4096 - start;
  assert.equal(table.map(start, start, pages, 3), 0);
  const leaves = leavesOf(table);
  assert.equal(countLevels(leaves), `${'M'.repeat(14)}GGGMMM`);
  assert.ok(leaves.every(leaf => leaf.iova === leaf.pfn));
});

test('the leaf size follows the alignment of both addresses and what remains', () => {
  const sizes = (iova: number, pfn: number, pages: number) => {
    const table = newTable(new PageArena({ pages: 600 }));
    assert.equal(table.map(iova, pfn, pages, 3), 0);
    return countLevels(leavesOf(table));
  };
  assert.equal(sizes(0, M2, M2), 'M');
  assert.equal(sizes(0, 1, M2), '4'.repeat(512));
  assert.equal(sizes(M2 - 1, M2 - 1, M2 + 2), '4M4');
  assert.equal(sizes(0, G1, G1), 'G');
  assert.equal(sizes(0, M2, G1), 'M'.repeat(512));
  assert.equal(sizes(0, G1 / 2, G1), 'M'.repeat(512));
  assert.equal(sizes(0, 0, G1 - 1), `${'M'.repeat(511)}${'4'.repeat(511)}`);
});

test('the ends of both address spaces', () => {
  const arena = new PageArena({ pages: 16 });
  const table = newTable(arena);
  const top = 2 ** 36 - 1;
  assert.equal(table.map(top, 2 ** 40 - 1, 1, 3), 0);
  assert.equal(table.walk(top), 2 ** 40 - 1);
  assert.equal(table.map(0, 0, 1, 1), 0, 'frame 0 is a target');
  assert.equal(table.walk(0), 0);
  assert.equal(arena.found[FOUND_PROT], 1);
  assert.equal(table.map(0, 5, 1, 1), MAPPED, 'also frame 0 is "mapped"');
  assert.equal(table.walk(1), -1);
  assert.equal(table.unmap(0, 1), 1);
  assert.equal(table.walk(0), -1);
  assert.equal(table.map(2 ** 36 - M2, 2 ** 40 - M2, M2, 3), MAPPED);
  assert.equal(table.unmap(0, 2 ** 36), 1, 'the whole space in one call');
  assert.equal(table.map(2 ** 36 - G1, 2 ** 40 - G1, G1, 3), 0);
  assert.equal(table.walk(top), 2 ** 40 - 1);
  assert.equal(table.unmap(top, 1), 1);
  assert.equal(table.walk(top), -1);
  assert.equal(table.walk(top - 1), 2 ** 40 - 2);
});

test('arguments that are no pages are named, and nothing is written', () => {
  const arena = new PageArena({ pages: 8 });
  const table = newTable(arena);
  const before = arena.words.slice();
  for (const pages of [1, 2, M2]) {
    assert.equal(table.map(2 ** 36 - pages + 1, 0, pages, 3), RANGE);
    assert.equal(table.map(0, 2 ** 40 - pages + 1, pages, 3), RANGE);
    assert.equal(table.map(-1, 0, pages, 3), RANGE);
    assert.equal(table.map(0, -1, pages, 3), RANGE);
    assert.equal(table.unmap(2 ** 36 - pages + 1, pages), RANGE);
    assert.equal(table.unmap(-1, pages), RANGE);
    for (const wrong of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31 + 0.5]) {
      assert.equal(table.map(wrong, 0, pages, 3), INVALID);
      assert.equal(table.map(0, wrong, pages, 3), INVALID);
      assert.equal(table.unmap(wrong, pages), INVALID);
    }
    for (const prot of [0, 4, 7, -1, 1.5, Number.NaN]) assert.equal(table.map(0, 0, pages, prot), INVALID);
  }
  for (const pages of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(table.map(0, 0, pages, 3), INVALID);
    assert.equal(table.unmap(0, pages), INVALID);
  }
  for (const wrong of [-1, 0.5, Number.NaN, 2 ** 36, 2 ** 37 + 1, 2 ** 53])
    assert.equal(table.walk(wrong), -1);
  assert.equal(table.walkEntry(16, 0), 0);
  assert.equal(table.walkEntry(-1, 0), 0);
  assert.deepEqual(arena.words, before);
  assert.throws(() => new PageArena({ pages: 0 }), RangeError);
  assert.throws(() => new PageArena({ pages: 2, baseFrame: 2 ** 40 - 1 }), RangeError);
});

test('walk and walkEntry tell frame, access and level of every leaf size', () => {
  const arena = new PageArena({ pages: 16 });
  const table = newTable(arena);
  const far = 2 ** 33;
  for (const [level, prot] of [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const) {
    const pages = 512 ** level;
    const iova = far + level * G1;
    const pfn = 2 ** 34 + 3 * pages;
    assert.equal(table.map(iova, pfn, pages, prot), 0);
    for (const offset of [0, pages - 1, pages >>> 1]) {
      assert.equal(table.walk(iova + offset), pfn + offset);
      assert.equal(arena.found[FOUND_PROT], prot);
      assert.equal(arena.found[FOUND_LEVEL], level);
      const low = table.walkEntry(Math.floor((iova + offset) / 2 ** 32), (iova + offset) >>> 0);
      assert.equal(low & 3, prot);
      assert.equal(arena.found[FOUND_LEVEL], level);
      assert.equal(arena.found[FOUND_HIGH] * 2 ** 20 + (low >>> 12), pfn);
    }
    assert.equal(table.walk(iova - 1), level === 0 ? -1 : table.walk(iova - 1));
    assert.equal(table.walk(iova + pages), -1);
  }
});

test('a 1G leaf is split into 2M and 4K leaves, and the rest of it stays', () => {
  const arena = new PageArena({ pages: 16 });
  const table = newTable(arena);
  assert.equal(table.map(0, G1, G1, 1), 0);
  assert.equal(arena.tablePagesInUse, 2);
  assert.equal(table.unmap(5 * M2 + 7, 1), 1);
  assert.equal(arena.tablePagesInUse, 4);
  assert.equal(countLevels(leavesOf(table)), `${'M'.repeat(5)}${'4'.repeat(511)}${'M'.repeat(506)}`);
  assert.ok(leavesOf(table).every(leaf => leaf.pfn === leaf.iova + G1 && leaf.prot === 1));
  assert.equal(table.walk(5 * M2 + 7), -1);
  // On 2M boundaries no 4K table is needed.
  assert.equal(table.map(G1, G1, G1, 3), 0);
  assert.equal(table.unmap(G1 + M2, 2 * M2), 2 * M2);
  assert.equal(arena.tablePagesInUse, 5);
});

test('a split takes exactly the table pages it needs', () => {
  // [start, pages, tables]: what is cut out of the 1G leaf at 1G, or out of the 2M leaf at 3G.
  const cuts = [
    [G1 + M2, M2, 1],
    [G1, M2, 1],
    [G1 + 5, 1, 2],
    [G1, 1, 2],
    [G1 + M2 + 5, M2 - 5, 2],
    [G1 + 5, M2, 3],
    [G1 + M2, M2 + 1, 2],
    [G1 - 1, 2, 2],
    [3 * G1, 1, 1],
    [3 * G1 + 7, M2 - 7, 1],
    [3 * G1 + 7, 2, 1],
    [2 * G1 - M2, G1 + M2 + 1, 2], // the end of one leaf, all between, and the beginning of the other
  ];
  for (const [start, pages, tables] of cuts) {
    for (const spare of [0, 1]) {
      const arena = new PageArena({ pages: 3 + tables - 1 + spare });
      const table = newTable(arena);
      assert.equal(table.map(G1, G1, G1, 3), 0);
      assert.equal(table.map(3 * G1, 3 * G1, M2, 3), 0);
      assert.equal(arena.tablePagesInUse, 3);
      const removed = table.unmap(start, pages);
      if (spare === 0) assert.equal(removed, NO_MEMORY, `${start} ${pages}`);
      else assert.ok(removed > 0, `${start} ${pages}: ${removed}`);
      assert.equal(arena.tablePagesInUse, spare === 0 ? 3 : 3 + tables);
    }
  }
});

test('4K leaves carry into the high word', () => {
  const table = newTable(new PageArena({ pages: 8 }));
  assert.equal(table.map(1, 0x2ffffe, 4, 3), 0);
  assert.equal(table.map(M2 - 2, 0x5ffffd, 6, 3), 0, 'over a table boundary, and the carry on it');
  for (let i = 0; i < 4; i++) assert.equal(table.walk(1 + i), 0x2ffffe + i);
  for (let i = 0; i < 6; i++) assert.equal(table.walk(M2 - 2 + i), 0x5ffffd + i);
});

test('a superpage takes the place of tables that have become empty', () => {
  const arena = new PageArena({ pages: 600 });
  const table = newTable(arena);
  assert.equal(table.map(0, 1, G1, 3), 0, 'misaligned: 262144 leaves of 4K');
  assert.equal(arena.tablePagesInUse, 3 + 512);
  assert.equal(table.map(0, 0, M2, 3), MAPPED);
  assert.equal(table.map(0, 0, G1, 3), MAPPED);
  assert.equal(table.unmap(0, M2), M2);
  assert.equal(table.map(0, 0, M2, 3), 0);
  assert.equal(table.unmap(0, G1), G1);
  assert.equal(arena.tablePagesInUse, 1);
  assert.equal(table.map(0, 0, G1, 3), 0);
  assert.equal(countLevels(leavesOf(table)), 'G');
  assert.equal(arena.tablePagesInUse, 2);
});

test('pages one by one: the last page of a table frees it, and only it', () => {
  const arena = new PageArena({ pages: 16 });
  const table = newTable(arena);
  assert.equal(table.map(M2 - 2, 10, 4, 3), 0);
  assert.equal(arena.tablePagesInUse, 5);
  assert.equal(table.unmap(M2 - 2, 1), 1);
  assert.equal(table.unmap(M2 - 2, 1), 0, 'a hole');
  assert.equal(arena.tablePagesInUse, 5);
  assert.equal(table.unmap(M2 - 1, 1), 1);
  assert.equal(arena.tablePagesInUse, 4);
  assert.equal(table.unmap(0, 3 * M2), 2, 'holes are skipped');
  assert.equal(arena.tablePagesInUse, 1);
  assert.ok(arena.words.every(word => word === 0));
});

test('tables share an arena and not their pages', () => {
  const arena = new PageArena({ pages: 9 });
  const one = newTable(arena);
  const two = newTable(arena);
  assert.equal(one.map(77, 1, 1, 3), 0);
  assert.equal(two.map(77, 2, 1, 3), 0);
  assert.equal(arena.tablePagesInUse, 8);
  assert.equal(one.map(2 ** 30, 1, 1, 3), NO_MEMORY);
  one.destroy();
  assert.equal(arena.tablePagesInUse, 4);
  assert.equal(one.walk(77), -1);
  assert.equal(one.walkEntry(0, 77), 0);
  assert.equal(one.walkEntry(15, -1), 0);
  assert.equal(one.walk(2 ** 36 - 1), -1);
  assert.equal(one.map(77, 1, 1, 3), DESTROYED);
  assert.equal(one.map(0, 0, M2, 3), DESTROYED);
  assert.equal(one.unmap(77, 1), DESTROYED);
  assert.equal(one.unmap(0, M2), DESTROYED);
  assert.equal(one.rootFrame, -1);
  one.destroy();
  assert.equal(arena.tablePagesInUse, 4, 'a second destroy does nothing');
  assert.equal(two.walk(77), 2);
  assert.equal(two.map(2 ** 30, 3, 1, 3), 0, 'the freed pages serve another table');
  two.destroy();
  assert.equal(arena.tablePagesInUse, 0);
  assert.ok(arena.words.every(word => word === 0));
  const full = new PageArena({ pages: 1 });
  newTable(full);
  assert.equal(RadixTable.create(full), NO_MEMORY);
});
