// In which order does the software side tell hardware, and when may addresses and tables be used again?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlushQueue } from '../../impl/iotlb/flush-queue.js';
import { Gather } from '../../impl/iotlb/gather.js';
import { Mapper } from '../../impl/iotlb/mapper.js';
import { NOT_THERE, newUnit } from '../../impl/iotlb/unit.js';
import { TableArena } from '../../impl/paging/arena.js';
import { vtdSecondStage } from '../../impl/paging/formats.js';
import { Layout } from '../../impl/paging/layout.js';

const LAYOUT = new Layout(vtdSecondStage(3));

test('a table that gives way to a leaf is forgotten by hardware before the map is over', () => {
  const arena = new TableArena({ pages: 64 });
  const unit = newUnit({ sets: 16, domains: 1, structureSets: 16 });
  const mapper = Mapper.create({ unit, space: 0, arena, layout: LAYOUT }) as Mapper;
  mapper.map(0, 7, 1, 3);
  assert.equal(unit.output(0, 0, 1), 7);
  assert.equal(mapper.unmap(0, 1), 1);
  assert.equal(mapper.map(0, 512, 512, 3), 0);
  assert.equal(arena.waitingPages, 0, 'its page is free');
  assert.deepEqual(
    [0, 511].map(page => unit.output(0, page, 2)),
    [512, 1023],
  );
});

test('lazy: addresses and tables are free after the flush, and not before', () => {
  const freed: number[][] = [];
  const arena = new TableArena({ pages: 64 });
  const unit = newUnit({ sets: 16, domains: 1 });
  const mapper = Mapper.create({
    unit,
    space: 0,
    arena,
    layout: LAYOUT,
    lazy: 3,
    onFree: (first, pages) => freed.push([first, pages]),
  });
  assert.ok(typeof mapper !== 'number');
  mapper.map(0, 100, 512, 3);
  mapper.map(600, 700, 3, 3);
  assert.equal(unit.output(0, 0, 1), 100);
  assert.equal(mapper.unmap(0, 512), 512);
  assert.equal(unit.output(0, 0, 1), 100, 'the window of the lazy way');
  assert.equal(arena.waitingPages, 1, 'the table is held');
  assert.deepEqual(freed, []);
  for (const page of [600, 601]) assert.equal(mapper.unmap(page, 1), 1);
  assert.equal(mapper.unmap(700, 1), 0, 'nothing to wait for');
  assert.equal(mapper.queue!.length, 3);
  assert.equal(mapper.unmap(602, 1), 1, 'a full queue is flushed first');
  assert.deepEqual(freed, [
    [0, 512],
    [600, 1],
    [601, 1],
  ]);
  assert.equal(arena.waitingPages, 0);
  assert.equal(unit.output(0, 0, 1), NOT_THERE);
  assert.equal(mapper.flush(), 1);
  mapper.destroy();
  assert.equal(arena.inUse + arena.waitingPages, 0);
});

test('flush queue: what is queued while a flush runs waits for the next one', () => {
  const queue = new FlushQueue();
  const freed: number[] = [];
  const free = (first: number): number => freed.push(first);
  queue.add(1, 1, []);
  queue.begin();
  queue.add(2, 1, []);
  assert.equal(queue.release(free), 0);
  queue.finish();
  assert.equal(queue.release(free), 1);
  queue.begin();
  queue.finish();
  assert.equal(queue.release(free), 1);
  assert.deepEqual(freed, [1, 2]);
  // Two flushes at once: one that has finished need not be the one that began later.
  queue.begin();
  queue.add(3, 1, []);
  queue.begin();
  queue.finish();
  assert.equal(queue.release(free), 0);
  queue.finish();
  assert.equal(queue.release(free), 1);
  for (let i = 0; i < 256; i++) queue.add(i, 1, []);
  assert.ok(queue.isFull);
});

test('gather: one range with gaps, and nothing for nothing', () => {
  const gather = new Gather();
  assert.ok(gather.isEmpty);
  gather.add(5, 0);
  assert.ok(gather.isEmpty);
  gather.add(10, 2);
  assert.ok(
    !gather.isDisjoint(12, 1) &&
      !gather.isDisjoint(9, 1) &&
      gather.isDisjoint(13, 1) &&
      gather.isDisjoint(8, 1),
  );
  gather.add(2, 1);
  assert.deepEqual([gather.start, gather.end, gather.changedTables], [2, 12, false]);
  gather.addTables([{ table: 0, order: 0 }]);
  assert.ok(gather.changedTables);
  gather.reset();
  assert.ok(gather.isEmpty && !gather.changedTables);
  let told = 0;
  const unit = newUnit({ sets: 1, domains: 1 });
  unit.invalidate = () => void told++;
  const arena = new TableArena({ pages: 64 });
  const mapper = Mapper.create({ unit, space: 0, arena, layout: LAYOUT }) as Mapper;
  assert.equal(mapper.unmap(0, 5), 0);
  assert.equal(told, 0, 'an empty gather tells hardware nothing');
  mapper.map(0, 1, 5, 3);
  const one = new Gather();
  mapper.unmapInto(one, 0, 2);
  mapper.unmapInto(one, 4, 1);
  assert.equal(told, 0);
  mapper.sync(one);
  assert.equal(told, 1);
});

test('steps can be replaced: one that tells hardware nothing leaves old translations', () => {
  const arena = new TableArena({ pages: 64 });
  const unit = newUnit({ sets: 16, domains: 1 });
  const steps = { sync: (): void => {} };
  const mapper = Mapper.create({ unit, space: 0, arena, layout: LAYOUT, steps }) as Mapper;
  mapper.map(0, 9, 1, 3);
  assert.equal(unit.output(0, 0, 1), 9);
  assert.equal(mapper.unmap(0, 1), 1);
  assert.equal(unit.output(0, 0, 1), 9);
});

test('dirty pages that were read and cleaned are forgotten by hardware, so that they are marked again', () => {
  const arena = new TableArena({ pages: 64 });
  const unit = newUnit({ sets: 16, domains: 1 });
  const mapper = Mapper.create({ unit, space: 0, arena, layout: LAYOUT }) as Mapper;
  mapper.map(0, 0, 4, 3);
  const bitmap = new Uint32Array(1);
  assert.equal(mapper.readDirty(0, 4, bitmap, true), 0);
  const forgotten: number[] = [];
  unit.invalidate = (_space, first, pages) => void forgotten.push(first, pages);
  for (let level = 3, at = mapper.table.root; level >= 0; level--) {
    const entry = mapper.table.entryOf(at, level, 2);
    if (level === 0) arena.words[entry] |= 1 << 9;
    else at = mapper.table.tableOf(arena.words[entry]!);
  }
  assert.equal(mapper.readDirty(0, 4, bitmap, true), 1);
  assert.deepEqual([bitmap[0], ...forgotten], [4, 0, 4]);
});
