// Are the recordings of real kernels accepted, and is one altered line refused and named?
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FtraceImporter, ftraceEvents } from '../../conformance/ftrace/import.js';
import type { Machine, Op } from '../../spec/protocol/linux-dma.js';
import { judge } from '../spec/linux-dma-lines.js';

const FOLDER = new URL('../../../conformance/corpus/recordings/', import.meta.url);
const NAMES = readdirSync(FOLDER).filter(f => f.endsWith('.txt') && !f.endsWith('.notes.txt'));

interface Recording {
  readonly ops: readonly Op[];
  readonly machine: Machine;
}

function load(name: string): Recording {
  const lines = readFileSync(new URL(name, FOLDER), 'utf8').split('\n');
  const importer = new FtraceImporter();
  const events = [
    ...ftraceEvents(
      lines.map((text, i) => ({ number: i + 1, text })),
      importer,
    ),
  ];
  assert.equal(importer.entries.seen, importer.entries.announced, 'as many lines as the kernel counted');
  return { ops: events.map(e => e.op), machine: importer.machine() };
}

const RECORDINGS = new Map(NAMES.map(name => [name, load(name)]));

test('all six recordings are there', () => assert.equal(NAMES.length, 6));

for (const [name, { ops, machine }] of RECORDINGS) {
  test(`${name} is accepted, every line for a reason of its own`, () => {
    const verdict = judge(machine, ops);
    assert.ok(verdict.ok, verdict.ok ? '' : `event ${verdict.at} ${verdict.rule}`);
    const count = (rule: string): number => verdict.rules.filter(r => r === rule).length;
    const lines = (op: Op['op']): number => ops.filter(o => o.op === op).length;
    assert.equal(count('map/done'), lines('map'));
    assert.equal(count('unmap/done'), lines('unmap'));
    assert.equal(count('dma-map/mapped'), lines('dma_map'));
    assert.equal(count('dma-alloc/mapped'), lines('dma_alloc'));
    assert.equal(count('flush/done'), lines('cache_tag_flush_range'));
    assert.equal(count('attach/moved'), lines('attach_device_to_domain'));
  });
}

/** Where the verdict on an altered recording fell. */
type Fall = 'on the line' | 'named' | 'later' | 'never';

function fall({ ops, machine }: Recording, n: number, altered: Op | null): Fall {
  const changed = altered
    ? ops.map((op, i) => (i + 1 === n ? altered : op))
    : ops.filter((_op, i) => i + 1 !== n);
  const verdict = judge(machine, changed);
  if (verdict.ok) return 'never';
  if (verdict.at === n) return 'on the line';
  return verdict.related.includes(n) ? 'named' : 'later';
}

function falls(
  recording: Recording,
  most: number,
  alter: (op: Op, n: number) => Op | null | undefined,
): Record<Fall, number> {
  const all = recording.ops.flatMap((op, i) => {
    const altered = alter(op, i + 1);
    return altered === undefined ? [] : [{ n: i + 1, altered }];
  });
  const found: Record<Fall, number> = { 'on the line': 0, named: 0, later: 0, never: 0 };
  const few = Math.min(most, all.length);
  for (let i = 0; i < few; i++) {
    const { n, altered } = all[Math.floor((i * all.length) / few)]!;
    found[fall(recording, n, altered)]++;
  }
  return found;
}

/** Addresses mapped when event `n` happens, by the lines alone. */
function liveBefore(ops: readonly Op[], n: number): readonly bigint[] {
  const live = new Set<bigint>();
  for (const op of ops.slice(0, n - 1)) {
    if (op.op === 'map') live.add(op.iova);
    if (op.op === 'unmap')
      for (const a of live) if (a >= op.iova && a < op.iova + op.unmapped) live.delete(a);
  }
  return [...live];
}

for (const [name, recording] of RECORDINGS) {
  const { ops } = recording;
  test(`${name}: a map moved onto a live one is refused, and the line is named`, () => {
    const found = falls(recording, 12, (op, n) => {
      const live = op.op === 'map' ? liveBefore(ops, n).filter(a => a !== op.iova) : [];
      return op.op === 'map' && live.length > 0 ? { ...op, iova: live[(n * 7) % live.length]! } : undefined;
    });
    assert.equal(found.named, 12, JSON.stringify(found));
  });

  test(`${name}: an unmap enlarged is refused, and the line is named`, () => {
    const found = falls(recording, 12, op =>
      op.op === 'unmap' ? { ...op, size: op.size + 4096n, unmapped: op.unmapped + 4096n } : undefined,
    );
    assert.ok(
      found['on the line'] + found.named >= 12 - (name.startsWith('vfio') ? 1 : 0),
      JSON.stringify(found),
    );
  });

  test(`${name}: an attach of an unknown device is refused on the line`, () => {
    const found = falls(recording, 100, op =>
      op.op === 'attach_device_to_domain' ? { ...op, device: '0000:77:00.0' } : undefined,
    );
    assert.deepEqual([found.named, found.later, found.never], [0, 0, 0]);
  });

  test(`${name}: a device that joins a second group is refused on the line`, () => {
    const first = ops.find(o => o.op === 'add_device_to_group')!;
    const found = falls(recording, 100, op =>
      op.op === 'add_device_to_group' && op !== first && first.op === op.op
        ? { ...op, device: first.device }
        : undefined,
    );
    assert.deepEqual([found.named, found.later, found.never], [0, 0, 0]);
  });

  if (!recording.machine.dma) continue;
  test(`${name}: a DMA address moved by a page is refused on the line`, () => {
    const found = falls(recording, 12, op =>
      op.op === 'dma_map'
        ? { ...op, segments: op.segments.map(s => ({ ...s, addr: s.addr + 4096n })) }
        : undefined,
    );
    assert.ok(found['on the line'] >= 11, JSON.stringify(found));
    assert.equal(found.never, 0);
  });

  test(`${name}: an invalidation left out is refused soon`, () => {
    const strict = recording.machine.mode === 'strict';
    const flush = strict ? 'cache_tag_flush_range' : 'cache_tag_flush_all';
    const announced = falls(recording, 12, op => (op.op === flush ? null : undefined));
    const submitted = falls(recording, 12, op =>
      op.op === 'qi_submit' && ((op.words[0] ?? 0n) & 0x3fn) === (strict ? 0x32n : 0x22n) ? null : undefined,
    );
    assert.ok(announced.never + submitted.never <= (strict ? 1 : 2), JSON.stringify([announced, submitted]));
  });
}
