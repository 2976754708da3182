// Do TCE tables of every depth hold exactly what was put, in the bytes that hardware would walk?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TceArena } from '../../impl/tce/arena.js';
import { DONE, FOUND_HI, FOUND_LO, NO_MEMORY, RANGE, WIDE } from '../../impl/tce/format.js';
import { chargedBytes, type Geometry, geometryOf } from '../../impl/tce/geometry.js';
import { newTable } from '../../impl/tce/kinds.js';
import type { TceTable } from '../../impl/tce/table.js';
import { seedOf } from './seed.js';

function tableIn(arena: TceArena, geometry: Geometry): TceTable {
  const table = newTable(arena, geometry);
  assert.ok(typeof table !== 'number', 'room for the top block');
  return table;
}

const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const low = (value: bigint): number => Number(BigInt.asIntN(32, value));

/** What hardware would find: big-endian bytes from the top block's address down, one 64-bit word per level. */
function walk(arena: TceArena, table: TceTable, index: bigint): bigint {
  const bits = BigInt(table.levelShift);
  let address = BigInt(table.address);
  for (let height = BigInt(table.levels - 1); ; height--) {
    const slot = (index >> (bits * height)) & ((1n << bits) - 1n);
    const at = Number(address - BigInt(arena.base) + slot * 8n);
    const entry = arena.view.getBigUint64(at, false);
    if (height === 0n) return entry;
    if ((entry & 3n) === 0n) return 0n;
    address = entry & ~0xfffn;
  }
}

const GEOMETRIES: readonly Geometry[] = [
  { levels: 1, levelShift: 12, entriesShift: 12 },
  { levels: 2, levelShift: 9, entriesShift: 17 },
  { levels: 2, levelShift: 16, entriesShift: 32 },
  { levels: 3, levelShift: 9, entriesShift: 27 },
  { levels: 4, levelShift: 10, entriesShift: 39 },
  { levels: 5, levelShift: 9, entriesShift: 43 },
];

interface Step {
  readonly what: 'put' | 'exchange' | 'fill' | 'list' | 'clear';
  readonly at: number;
  readonly count: number;
  readonly value: bigint;
}

const value = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: 1n, max: (1n << 52n) - 1n }).map(v => (v & ~0xfffn) | 3n),
  fc.constantFrom(0n, 1n, (1n << 53n) - 1n, 1n << 53n, (1n << 63n) | 1n),
);

const steps = (entries: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      what: fc.constantFrom('put', 'exchange', 'fill', 'list', 'clear'),
      at: fc.oneof(
        fc.nat(Math.min(entries, 2000) - 1),
        fc.nat(2000).map(n => Math.max(entries - 1 - n, 0)),
        fc.nat(2000).map(n => Math.floor(entries / 2) + n),
        // Every bit of the short ways.
        fc.nat(Math.min(entries, 2 ** 31) - 1),
      ),
      count: fc.oneof(fc.constant(1), fc.nat(1200), fc.constant(entries)),
      value,
    }) as fc.Arbitrary<Step>,
    { maxLength: 30, size: 'max' },
  );

/** One step on the table and on a plain map of 64-bit values. */
function follow(table: TceTable, oracle: Map<number, bigint>, step: Step): void {
  const { what, at, value: v } = step;
  const count = what === 'list' ? Math.min(step.count, 1200) : step.count;
  const single = what === 'put' || what === 'exchange';
  const outside = (single ? 1 : count) > table.size - at;
  if (what === 'fill' && count > 1200 && v !== 0n) return;
  const old = oracle.get(at) ?? 0n;
  const done =
    what === 'put'
      ? table.put(at, high(v), low(v))
      : what === 'exchange'
        ? table.exchange(at, high(v), low(v))
        : what === 'fill'
          ? table.fill(at, count, high(v), low(v))
          : what === 'list'
            ? table.putWords(
                at,
                count,
                Int32Array.from({ length: 2 * count }, (_, i) => (i % 2 ? i : high(v))),
              )
            : table.clear(at, count);
  assert.equal(done, outside ? RANGE : DONE, what);
  if (outside) return;
  if (what === 'exchange') {
    const { found } = table.arena;
    assert.equal((BigInt(found[FOUND_HI] >>> 0) << 32n) | BigInt(found[FOUND_LO] >>> 0), old);
  }
  if (what === 'clear' || (what === 'fill' && v === 0n)) {
    for (const key of [...oracle.keys()]) if (key >= at && key < at + count) oracle.delete(key);
    return;
  }
  for (let i = 0; i < (single ? 1 : count); i++) {
    const put = what === 'list' ? (BigInt(high(v) >>> 0) << 32n) | BigInt(2 * i + 1) : v;
    if (put === 0n) oracle.delete(at + i);
    else oracle.set(at + i, put);
  }
}

const ZEROS = Buffer.alloc(2 ** 23);
const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

for (const geometry of GEOMETRIES) {
  const { levels, levelShift, entriesShift } = geometry;
  test(`${levels} levels of 2^${levelShift}, 2^${entriesShift} entries: as a map of 64-bit values`, t => {
    const seed = seedOf(t);
    fc.assert(
      fc.property(steps(2 ** entriesShift), run => {
        const arena = new TceArena({ bytes: ZEROS.length });
        const table = tableIn(arena, geometry);
        const oracle = new Map<number, bigint>();
        for (const step of run) follow(table, oracle, step);
        const seen = new Map<number, bigint>();
        table.eachEntry(0, table.size, (index, hi, lo) => {
          seen.set(index, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));
        });
        assert.deepEqual(
          [...seen],
          [...oracle].sort((a, b) => a[0] - b[0]),
          'in ascending order',
        );
        for (const at of [...run.map(step => step.at), ...[...oracle.keys()].slice(0, 50)]) {
          const expected = oracle.get(at) ?? 0n;
          assert.equal(walk(arena, table, BigInt(at)), expected, `bytes of ${at}`);
          assert.equal(table.get(at), expected < 1n << 53n ? Number(expected) : WIDE, `get ${at}`);
          assert.equal(table.read(at), low(expected));
          assert.equal(arena.found[FOUND_HI], high(expected));
        }
        table.destroy();
        assert.equal(arena.bytesInUse, 0);
        assert.ok(ZEROS.equals(bytesOf(arena.words)), 'what is given back is zero');
      }),
      { seed, numRuns: 40 },
    );
  });
}

test('every bit of an index counts', () => {
  for (const geometry of GEOMETRIES) {
    const arena = new TceArena({ bytes: 2 ** 24 });
    const table = tableIn(arena, geometry);
    const indices = [0, ...Array.from({ length: geometry.entriesShift }, (_, bit) => 2 ** bit)];
    // Twice: the second time all levels are there.
    for (let round = 0; round < 2; round++) {
      indices.forEach((index, i) => {
        assert.equal(table.put(index, round, i + 1), DONE);
      });
    }
    indices.forEach((index, i) => {
      assert.equal(walk(arena, table, BigInt(index)), (1n << 32n) | BigInt(i + 1), `bytes of ${index}`);
      assert.equal(table.get(index), 2 ** 32 + i + 1, `get ${index}`);
    });
  }
});

test('an index that is none is refused, and reads as a fault', () => {
  const arena = new TceArena({ bytes: 2 ** 20 });
  for (const geometry of [GEOMETRIES[0], GEOMETRIES[1], GEOMETRIES[5]]) {
    const table = tableIn(arena, geometry);
    table.fill(0, 8, -1, -1);
    for (const index of [
      -1,
      table.size,
      table.size + 5,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32 + 5,
      2 ** 52,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]) {
      if (index >= 0 && index < table.size) continue;
      assert.equal(table.put(index, 0, 3), RANGE, `put ${index}`);
      assert.equal(table.get(index), RANGE, `get ${index}`);
      assert.equal(table.read(index), 0, `read ${index}`);
    }
    table.destroy();
    assert.equal(table.put(0, 0, 3), RANGE, 'after destroy');
    assert.equal(arena.bytesInUse, 0);
  }
});

test('a batch for which a level is missing and memory too has changed nothing', () => {
  const arena = new TceArena({ bytes: 2 ** 16 });
  const table = tableIn(arena, { levels: 2, levelShift: 9, entriesShift: 18 });
  assert.equal(table.put(5, 0, 0x1003), DONE);
  const before = [table.blocks, arena.bytesInUse];
  assert.equal(table.fill(0, 512 * 20, 0, 3), NO_MEMORY);
  assert.equal(table.putWords(400, 512 * 16, new Int32Array(512 * 32)), NO_MEMORY);
  assert.deepEqual([table.blocks, arena.bytesInUse], before);
  assert.equal(table.get(5), 0x1003);
  assert.equal(table.get(6), 0);
  assert.equal(table.fill(0, 512 * 15, 0, 3), DONE, 'what fits, fits');
});

test('nothing put into nothing makes no level', () => {
  const arena = new TceArena({ bytes: 2 ** 20 });
  const table = tableIn(arena, { levels: 5, levelShift: 9, entriesShift: 43 });
  assert.equal(table.put(2 ** 42 + 1, 0, 0), DONE);
  assert.equal(table.exchange(2 ** 42 + 1, 0, 0), DONE);
  assert.equal(table.fill(0, table.size, 0, 0), DONE);
  assert.equal(table.blocks, 1);
  assert.equal(table.put(2 ** 42 + 1, 0, 1), DONE);
  assert.equal(table.blocks, 5);
});

test('clearing a sparse table of 2^30 entries leaves the top block alone', () => {
  const arena = new TceArena({ bytes: 2 ** 26 });
  const table = tableIn(arena, { levels: 2, levelShift: 15, entriesShift: 30 });
  for (let i = 0; i < 64; i++) table.put(i * 2 ** 24, 0, (i << 12) | 3);
  assert.equal(table.blocks, 65);
  assert.equal(table.clear(0, table.size), DONE);
  assert.equal(table.blocks, 1);
  assert.equal(arena.bytesInUse, 8 * 2 ** 15);
});

test('geometry: what bare metal makes of a window, and what it charges', () => {
  // 1 GiB in 4K pages on a host of 64K pages: 2^18 entries in two levels of 2^13, one block each way at least.
  assert.deepEqual(geometryOf(30, 12, 2, 16), { levels: 2, levelShift: 13, entriesShift: 18 });
  assert.deepEqual(geometryOf(30, 12, 1, 12), { levels: 1, levelShift: 18, entriesShift: 18 });
  assert.equal(geometryOf(30, 12, 0, 16), null);
  assert.equal(geometryOf(30, 12, 6, 16), null);
  // A part of a page is enough: of one level an eighth, of two a half.
  assert.deepEqual(geometryOf(9, 12, 1, 12), { levels: 1, levelShift: 9, entriesShift: 9 });
  assert.equal(geometryOf(8, 12, 1, 12), null);
  assert.deepEqual(geometryOf(11, 12, 2, 12), { levels: 2, levelShift: 9, entriesShift: 9 });
  assert.equal(geometryOf(10, 12, 2, 12), null);
  // 55 address bits are one too many.
  assert.equal(geometryOf(54, 12, 2, 12)?.levelShift, 21);
  assert.equal(geometryOf(55, 12, 1, 12), null);
  assert.equal(geometryOf(54, 12, 5, 16), null, '5 levels of 13 bits and 12 more');
  // One level: 2 MiB of entries, twice. Two levels of 64K: 32 blocks below and one above, twice.
  assert.equal(chargedBytes(30, 12, 1, 12), 2 * 2 ** 21);
  assert.equal(chargedBytes(30, 12, 2, 16), 2 * (2 ** 21 + 2 ** 16));
});

test('the arena gives out aligned zeroed blocks that do not meet, and joins them again', t => {
  const seed = seedOf(t);
  const arena = new TceArena({ bytes: 2 ** 20 });
  fc.assert(
    fc.property(
      fc.array(fc.record({ take: fc.boolean(), shift: fc.integer({ min: 3, max: 18 }), which: fc.nat() })),
      run => {
        const taken: { offset: number; bytes: number }[] = [];
        for (const { take, shift, which } of run) {
          const bytes = Math.max(2 ** shift, 4096);
          if (!take && taken.length > 0) {
            const [block] = taken.splice(which % taken.length, 1);
            arena.giveBack(block.offset);
            continue;
          }
          const offset = arena.take(shift);
          if (offset < 0) continue;
          assert.equal(offset % bytes, 0);
          for (const other of taken)
            assert.ok(offset + bytes <= other.offset || other.offset + other.bytes <= offset, 'blocks meet');
          for (let i = 0; i < bytes; i += 512) assert.equal(arena.view.getUint8(offset + i), 0);
          arena.fill(offset, bytes / 8, -1, -1);
          taken.push({ offset, bytes });
        }
        assert.equal(
          arena.bytesInUse,
          taken.reduce((sum, block) => sum + block.bytes, 0),
        );
        for (const block of taken) arena.giveBack(block.offset);
        const all = arena.take(20);
        assert.equal(all, 0, 'all of it is one block again');
        arena.giveBack(all);
      },
    ),
    { seed, numRuns: 100 },
  );
});
