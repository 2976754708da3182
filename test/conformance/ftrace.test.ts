// Does the importer read a kernel's trace file as the kernel wrote it, and say exactly where one is damaged?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FtraceImporter, ftraceEvents, ftraceMachine } from '../../conformance/ftrace/import.js';
import { Malformed } from '../../conformance/trace/malformed.js';
import { decode } from '../../spec/protocol/codec.js';
import { Op } from '../../spec/protocol/linux-dma.js';

const at = (task: string, event: string, flags = '.....'): string =>
  `${task.padStart(16)} [000] ${flags}     1.234567: ${event}`;
const MAP = 'map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x000000001fd0c000 size=4096';
const read = (...texts: string[]) => [...ftraceEvents(texts.map((text, i) => ({ number: i + 1, text })))];
const ops = (...texts: string[]) => read(...texts).map(e => e.op);

/** The defect of a text: `line:column field reason`. */
function defect(...texts: string[]): string {
  try {
    read(...texts);
  } catch (error) {
    assert.ok(error instanceof Malformed, String(error));
    return `${error.line}:${error.column ?? '-'} ${error.path ?? '-'} ${error.reason}`;
  }
  return 'none';
}

test('each kind of event becomes an operation', () => {
  const lines = [
    'add_device_to_group: IOMMU: groupID=4 device=0000:01:02.0',
    'remove_device_from_group: IOMMU: groupID=4 device=0000:01:02.0',
    'attach_device_to_domain: IOMMU: device=0000:00:04.0',
    'detach_device_from_domain: IOMMU: device=0000:00:04.0',
    MAP,
    'unmap: IOMMU: iova=0x0000000000000000 - 0x0000000000001000 size=4096 unmapped_size=8192',
    'dma_map_page: 0000:00:09.0 dir=FROM_DEVICE dma_addr=ffffb040 size=1522 phys_addr=35e3040 attrs=',
    'dma_map_resource: 0000:00:09.0 dir=TO_DEVICE dma_addr=ffffb000 size=64 phys_addr=35e3000 attrs=SKIP_CPU_SYNC|NO_WARN',
    'dma_unmap_page: 0000:00:09.0 dir=FROM_DEVICE dma_addr=fff08040 size=1522 attrs=',
    'dma_unmap_resource: 0000:00:09.0 dir=FROM_DEVICE dma_addr=fff08040 size=1522 attrs=',
    'dma_alloc: 0000:00:08.0 dir=BIDIRECTIONAL dma_addr=fffff000 size=512 virt_addr=000000000fbda465 flags=GFP_KERNEL attrs=',
    'dma_alloc: 0000:00:08.0 dma_addr=fffff000 size=512 virt_addr=000000000fbda465 flags=GFP_KERNEL|__GFP_ZERO attrs=',
    'dma_free: 0000:00:09.0 dir=BIDIRECTIONAL dma_addr=ffffc000 size=8192 virt_addr=00000000fc804337 attrs=',
    'dma_map_sg: 0000:00:08.0 dir=FROM_DEVICE nents=2/2 ents=1/1 dma_addrs={0xfffd0000} sizes={0x8000} phys_addrs={0x38c2000,0x397d000} attrs=NO_WARN',
    'dma_map_sg: 0000:00:08.0 dir=TO_DEVICE nents=128/200 ents=2/3 dma_addrs={0x1000,0x3000} sizes={0x1000,0x200} phys_addrs={0x38c2000} attrs=',
    'dma_unmap_sg: 0000:00:08.0 dir=FROM_DEVICE phys_addrs={0x38c2000,0x397d000} attrs=',
    'cache_tag_assign: dmar0/dmar0 type iotlb did 2 pasid 0 ref 1',
    'cache_tag_unassign: dmar0/0000:00:08.0 type devtlb did 2 pasid 0 ref 1',
    'cache_tag_flush_range: dmar0 dmar0[0] type iotlb did 4 [0x1000-0x1fff] addr 0x1000 pages 0x1 mask 0x0',
    'cache_tag_flush_range_np: dmar0 dmar0[0] type iotlb did 4 [0x1000-0x1fff] addr 0x1000 pages 0x1 mask 0x0',
    'cache_tag_flush_all: dmar0/dmar0 type iotlb did 6 pasid 0 ref 1',
    'qi_submit: iotlb_inv dmar0: 0x400f2 0x200000042 0x0 0x0',
  ];
  const found = ops(...lines.map(event => at('init-1', event)));
  assert.equal(found.length, lines.length);
  for (const op of found) assert.deepEqual(decode(Op, Op.encode(op)), { ok: true, value: op });
  assert.deepEqual(found[4], { op: 'map', iova: 0xfffff000n, paddr: 0x1fd0c000n, size: 4096n, task: '1' });
  assert.deepEqual(found[6], {
    op: 'dma_map',
    via: 'page',
    device: '0000:00:09.0',
    segments: [{ addr: 0xffffb040n, size: 1522n }],
    phys: 0x35e3040n,
  });
  assert.ok(found[14]!.op === 'dma_map' && found[14]!.partial === true && found[14]!.segments.length === 2);
  assert.ok(found[19]!.op === 'cache_tag_flush_range' && found[19]!.np === true);
  assert.deepEqual(found[21], {
    op: 'qi_submit',
    unit: 'dmar0',
    words: [0x400f2n, 0x200000042n, 0n, 0n],
    task: '1',
  });
});

test('a task may be called anything, and its interrupts are contexts of their own', () => {
  const context = (text: string): string => {
    const [op] = ops(text);
    return op!.op === 'map' ? op!.task : '?';
  };
  assert.equal(context(at('kworker/u4:1-30', MAP)), '30');
  assert.equal(context(at('a b [000] : x-7-12', MAP)), '12');
  assert.equal(context(at('<idle>-0', MAP)), '0.0');
  assert.equal(context(at('<idle>-0', MAP, 'd.h1.')), '0.0/h');
  assert.equal(context(at('dd-132', MAP, 'd.s2.')), '132/s');
  assert.equal(context(at('dd-132', MAP, 'dNH1.')), '132/h');
  assert.equal(context(`   dd-132   (  132) [003] d..1. 12345.6: ${MAP}`), '132');
  assert.equal(context(`   dd-132   [003] 12345.6: ${MAP}`), '132');
});

test('comments and empty lines are nothing, other events are counted', () => {
  const importer = new FtraceImporter();
  const lines = [
    '# tracer: nop',
    '#',
    '# entries-in-buffer/entries-written: 3/3   #P:1',
    '',
    at('x-1', 'sched_switch: prev=a'),
    at('x-1', MAP),
    at('x-1', 'sched_switch: prev=b'),
  ];
  const found = [
    ...ftraceEvents(
      lines.map((text, i) => ({ number: i + 1, text })),
      importer,
    ),
  ];
  assert.deepEqual(
    found.map(e => [e.n, e.line]),
    [[1, 6]],
  );
  assert.deepEqual(importer.passedOver, [{ name: 'sched_switch', count: 2, decides: false }]);
  assert.deepEqual(importer.entries, { seen: 3, announced: 3 });
  assert.deepEqual([importer.lineOf(0), importer.lineOf(1), importer.lineOf(2)], [undefined, 6, undefined]);
});

test('a damaged line is refused with its place', () => {
  const map = (args: string): string => defect(at('x-1', `map: IOMMU: ${args}`));
  assert.match(map('iova=0x000g - 0x1000 paddr=0x0 size=4096'), /^1:\d+ - expected ""| - /);
  assert.match(
    map('iova=0x1000 - 0x2000 paddr=0x0 size=8192'),
    /^1:\d+ size 8192 bytes from 0x1000 do not end at 0x2000/,
  );
  assert.match(
    map('iova=0x1000 - 0x2000 paddr=0x0 size='),
    /^1:\d+ size expected a decimal number, got the end of the line/,
  );
  assert.match(map('iova=0x1000 - 0x2000 padd'), /^1:\d+ paddr= expected " paddr=", got " padd"/);
  assert.match(map('iova=1000 - 0x2000 paddr=0x0 size=4096'), /^1:\d+ iova expected 0x/);
  assert.match(
    map('iova=0x1000 - 0x2000 paddr=0x0 size=4096 more'),
    /^1:\d+ end of line expected nothing more/,
  );
  assert.match(
    map('iova=0x10000000000000000 - 0x0 paddr=0x0 size=4096'),
    /iova the number does not fit 64 bits/,
  );
  assert.match(defect('init-1 garbage'), /^1:1 - not a trace line/);
  assert.match(defect(at('x-1', MAP), `${at('x-1', MAP)}\r`), /^2:\d+ - a carriage return/);
  assert.match(defect('CPU:0 [LOST 12 EVENTS]'), /^1:- - the kernel lost events/);
  assert.match(defect('# entries-in-buffer/entries-written: 3/9   #P:1'), /of 9 entries only 3/);
});

test('a damaged column is the column of the damage', () => {
  const text = at('x-1', MAP.replace('size=4096', 'size=x096'));
  assert.match(defect(text), new RegExp(`^1:${text.indexOf('x096') + 1} size `));
});

test('a map may end at the last address', () => {
  const [op] = ops(at('x-1', 'map: IOMMU: iova=0xfffffffffffff000 - 0x0000000000000000 paddr=0x0 size=4096'));
  assert.equal(op!.op, 'map');
});

test('the kind of recording follows from its events', () => {
  const machine = (...events: string[]) =>
    ftraceMachine(events.map((e, i) => ({ number: i + 1, text: at('x-1', e) })));
  const range =
    'cache_tag_flush_range: dmar0 dmar0[0] type iotlb did 4 [0x1000-0x1fff] addr 0x1000 pages 0x1 mask 0x0';
  const all = 'cache_tag_flush_all: dmar0/dmar0 type iotlb did 6 pasid 0 ref 1';
  const add = 'add_device_to_group: IOMMU: groupID=4 device=0000:00:08.0';
  assert.deepEqual(machine(add, MAP), { mode: 'lazy', tags: false, queue: false, dma: false });
  assert.deepEqual(machine(MAP, add), { mode: 'lazy', tags: false, queue: false, dma: false, partial: true });
  assert.deepEqual(machine(add, MAP, range), { mode: 'strict', tags: true, queue: false, dma: false });
  assert.deepEqual(machine(range, all), { mode: 'lazy', tags: true, queue: false, dma: false });
  assert.equal(machine('qi_submit: iotlb_inv dmar0: 0x400f2 0x0 0x0 0x0').queue, true);
});

test('no text makes the importer do anything but read or refuse', () => {
  const damaged = fc.tuple(fc.nat(200), fc.string({ maxLength: 4 }), fc.nat(8)).map(([from, by, cut]) => {
    const text = at('kworker/u4:1-30', MAP);
    return text.slice(0, from) + by + text.slice(from + cut);
  });
  fc.assert(
    fc.property(
      fc.oneof(damaged, fc.string({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 60 })),
      text => {
        const found = defect(text);
        assert.ok(found === 'none' || found.startsWith('1:'));
      },
    ),
    { numRuns: 2000, seed: 5 },
  );
});
