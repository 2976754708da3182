// Does the tagged IOTLB hit exactly when it must, forget exactly what it is told to, and keep what it is not?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mapper } from '../../impl/iotlb/mapper.js';
import { TaggedCache } from '../../impl/iotlb/tagged.js';
import { NO_SPACE, NOT_ALLOWED, NOT_THERE, newUnit, TranslationUnit } from '../../impl/iotlb/unit.js';
import { TableArena } from '../../impl/paging/arena.js';
import { amdV1, riscv, vtdFirstStage, vtdSecondStage } from '../../impl/paging/formats.js';
import { Layout } from '../../impl/paging/layout.js';
import { newPageTable } from '../../impl/paging/specialise.js';
import type { PageTable } from '../../impl/paging/table.js';
import { seedOf } from './seed.js';
import { CacheOracle } from './tagged-oracle.js';

function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const LAYOUT = new Layout(vtdSecondStage(3));

function tableWith(arena: TableArena, layout = LAYOUT): PageTable {
  const table = newPageTable(arena, layout);
  assert.ok(typeof table !== 'number');
  return table;
}

/** Three domains, the first with two PASIDs; pages around 2^32, with leaves of three sizes. */
function lockstep(seed: number, stamps: number | undefined): { hits: number } {
  const next = random(seed);
  const [sets, domains, pasids] = [16, 3, 2];
  const parts = { sets, domains, pasids, ...(stamps === undefined ? {} : { stamps }) };
  const units = [newUnit(parts), new TranslationUnit(parts)];
  const oracle = new CacheOracle(sets);
  const spaces = [0, 1, 2, ...[5, 9].map(pasid => units.map(unit => unit.spaceOf(0, pasid))[1]!)];
  assert.deepEqual(spaces, [0, 1, 2, 3, 4]);
  const domainOf = (space: number): number => (space < 3 ? space : 0);
  const base = 2 ** 32 - 2048;
  const tables = spaces.map(space => {
    const table = tableWith(
      new TableArena({ pages: 256 }),
      new Layout([vtdSecondStage(3), riscv(3), amdV1][space % 3]!),
    );
    assert.equal(table.map(base, 4096 * (1 + space), 1024, 3), 0);
    assert.equal(table.map(base + 2048, 77 + space, 400, 1), 0);
    for (const unit of units) unit.attach(space, table);
    return table;
  });
  for (let step = 0; step < 4000; step++) {
    const space = next(5);
    const page = base + (next(3) === 0 ? next(4096) : next(40) * 50);
    const what = next(100);
    if (what < 90) {
      const access = 1 + next(3);
      const expected = translated(oracle, tables[space]!, domainOf(space), space, page, access);
      for (const unit of units) assert.equal(unit.output(space, page, access), expected, `step ${step}`);
    } else if (what < 94) {
      const pages = 1 + next(next(2) === 0 ? 8 : 3000);
      for (const unit of units) unit.invalidate(space, page, pages, true);
      oracle.forget(e => e.space === space && e.first < page + pages && e.first + 2 ** e.size > page);
    } else if (what < 97) {
      for (const unit of units) unit.invalidateSpace(space);
      oracle.forget(e => e.space === space);
    } else if (what < 99) {
      const domain = next(3);
      for (const unit of units) unit.invalidateDomain(domain);
      oracle.forget(e => e.domain === domain);
    } else {
      for (const unit of units) unit.flush();
      oracle.forget(() => true);
    }
  }
  return checked(units, oracle, stamps);
}

/** What the oracle says of an access, and its own fill. */
function translated(
  oracle: CacheOracle,
  table: PageTable,
  domain: number,
  space: number,
  page: number,
  access: number,
): number {
  let leaf = oracle.lookup(space, page);
  if (leaf === null) {
    const out = table.walk(page);
    if (out < 0) return NOT_THERE;
    const [, , prot, size] = table.arena.found;
    const offset = page % 2 ** size!;
    leaf = { first: page - offset, size: size!, out: out - offset, access: prot! };
    oracle.fill(domain, space, page, leaf);
  }
  return (access & ~leaf.access) !== 0 ? NOT_ALLOWED : leaf.out + (page - leaf.first);
}

function checked(
  units: readonly TranslationUnit[],
  oracle: CacheOracle,
  stamps: number | undefined,
): { hits: number } {
  // Beginning the stamps anew forgets everything, so a starved cache may miss more often, never less.
  for (const { tlb } of units) {
    assert.equal(tlb.hits + tlb.misses, oracle.hits + oracle.misses);
    if (stamps === undefined) assert.equal(tlb.hits, oracle.hits);
    else assert.ok(tlb.hits <= oracle.hits);
  }
  return { hits: oracle.hits };
}

test('hits, misses and answers are those of an oracle; with and without generated code', t => {
  const seed = seedOf(t);
  for (let run = 0; run < 6; run++) assert.ok(lockstep(seed + run, undefined).hits > 300);
  // Stamps run out again and again.
  for (let run = 0; run < 4; run++) lockstep(seed + run, 12);
});

test('an old translation is used until hardware is told; then it is not', () => {
  const unit = newUnit({ sets: 16, domains: 2 });
  const table = tableWith(new TableArena({ pages: 64 }));
  unit.attach(0, table);
  assert.equal(unit.output(0, 5, 1), NOT_THERE);
  table.map(5, 100, 1, 1);
  assert.equal(unit.output(0, 5, 1), 100, 'what is not there is not remembered');
  assert.equal(unit.output(0, 5, 2), NOT_ALLOWED, 'a hit is checked, too');
  assert.equal(unit.output(0, 5, 0), NOT_ALLOWED);
  assert.equal(unit.output(1, 5, 1), NO_SPACE);
  table.unmap(5, 1);
  table.map(5, 200, 1, 3);
  assert.equal(unit.output(0, 5, 1), 100);
  unit.invalidate(0, 4, 1, true);
  assert.equal(unit.output(0, 5, 1), 100, 'another page');
  unit.invalidate(0, 5, 1, true);
  assert.equal(unit.output(0, 5, 3), 200);
  unit.attach(0, null);
  assert.equal(unit.output(0, 5, 3), 200);
  unit.invalidateDomain(0);
  assert.equal(unit.output(0, 5, 3), NO_SPACE);
});

test('a domain takes its PASIDs with it, and no others; a PASID that is given out again is empty', () => {
  const unit = newUnit({ sets: 64, domains: 2, pasids: 2 });
  const table = tableWith(new TableArena({ pages: 64 }));
  table.map(0, 100, 8, 3);
  const [a, b] = [unit.spaceOf(0, 7), unit.spaceOf(1, 7)];
  assert.equal(unit.spaceOf(0, 7), a);
  assert.equal(unit.spaceOf(0, 8), -1, 'there are only two');
  for (const space of [0, 1, a, b]) {
    unit.attach(space, table);
    assert.equal(unit.output(space, 3, 1), 103);
  }
  table.unmap(0, 8);
  unit.invalidateDomain(0);
  assert.deepEqual(
    [0, 1, a, b].map(space => unit.output(space, 3, 1)),
    [NOT_THERE, 103, NOT_THERE, 103],
  );
  unit.forget(1, 7);
  const again = unit.spaceOf(0, 9);
  assert.equal(again, b);
  assert.equal(unit.output(again, 3, 1), NOT_THERE);
  unit.flush();
  assert.equal(unit.output(1, 3, 1), NOT_THERE);
});

test('upper entries are cached: a table that is used again too early is walked as a table', () => {
  const unit = newUnit({ sets: 16, domains: 1, structureSets: 16 });
  const arena = new TableArena({ pages: 64 });
  const table = tableWith(arena);
  unit.attach(0, table);
  table.map(0, 100, 512, 1);
  table.unmap(1, 1);
  assert.equal(unit.output(0, 0, 1), 100);
  // The table goes, and only leaves are invalidated: the cache still knows where it was.
  assert.equal(table.unmap(0, 1), 1);
  assert.equal(table.unmap(2, 510), 510);
  table.map(0, 0, 512, 3);
  assert.equal(table.arena.waitingPages, 1);
  unit.invalidate(0, 0, 512, true);
  assert.equal(unit.output(0, 3, 1), NOT_THERE, 'the old table, which is empty');
  arena.release();
  const other = tableWith(arena);
  other.map(0, 999, 5, 3);
  const answers = [0, 1, 2, 3].map(page => unit.output(0, page, 1));
  assert.ok(
    answers.some(answer => answer !== [0, 1, 2, 3][answers.indexOf(answer)]),
    'a page of somebody else is read as a table',
  );
  unit.invalidate(0, 0, 512, false);
  assert.deepEqual(
    [0, 1, 2, 3].map(page => unit.output(0, page, 1)),
    [0, 1, 2, 3],
  );
});

test('walks by cached upper entries agree with the table, in each format, while hardware is told of everything', t => {
  const next = random(seedOf(t));
  for (const format of [vtdSecondStage(2), vtdFirstStage(4), amdV1, riscv(4, { x4: true })]) {
    const arena = new TableArena({ pages: 512 });
    const unit = newUnit({ sets: 8, domains: 1, structureSets: 4 });
    const mapper = Mapper.create({ unit, space: 0, arena, layout: new Layout(format) });
    assert.ok(typeof mapper !== 'number');
    for (let step = 0; step < 1500; step++) {
      const at = 2 ** 18 - 600 + next(1200);
      const pages = next(4) === 0 ? 1 + next(600) : 1 + next(20);
      if (next(2) === 0) mapper.map(at, at + (next(2) === 0 ? 0 : 512), pages, 3);
      else mapper.unmap(at, pages);
      for (let i = 0; i < 5; i++) {
        const page = 2 ** 18 - 700 + next(1400);
        const expected = mapper.table.walk(page);
        assert.equal(unit.output(0, page, 1), expected < 0 ? NOT_THERE : expected);
      }
      assert.equal(arena.waitingPages, 0, 'strict: nothing waits');
    }
    mapper.destroy();
    assert.equal(arena.inUse, 0);
    assert.equal(unit.output(0, 2 ** 18, 1), NO_SPACE);
  }
});

test('sizes that do not fit are refused', () => {
  assert.throws(() => new TaggedCache({ sets: 3, domains: 1 }), RangeError);
  assert.throws(() => new TaggedCache({ sets: 4, domains: 0 }), RangeError);
  assert.throws(() => new TaggedCache({ sets: 4, domains: 3, stamps: 3 }), RangeError);
});
