// Are the lines of older and newer kernels, and of the tools that print them, read as what they are?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FtraceImporter, ftraceEvents } from '../../conformance/ftrace/import.js';
import { Malformed } from '../../conformance/trace/malformed.js';
import { tellPassedOver } from '../../conformance/trace/passed-over.js';
import type { Op } from '../../spec/protocol/linux-dma.js';

function read(...texts: string[]): { ops: readonly Op[]; importer: FtraceImporter } {
  const importer = new FtraceImporter();
  const lines = texts.map((text, i) => ({ number: i + 1, text }));
  return { ops: [...ftraceEvents(lines, importer)].map(e => e.op), importer };
}
const one = (text: string): Op | undefined => read(text).ops[0];
const raw = (event: string): string => ` init-1 [000] ..... 1.000001: ${event}`;

const MAP: Op = { op: 'map', iova: 0n, paddr: 0x1110f8000n, size: 0x2000n, task: '4575' };
const ARGS = 'IOMMU: iova=0x0000000000000000 - 0x0000000000002000 paddr=0x00000001110f8000 size=8192';

test('one event in every form: trace file, trace-cmd report, perf script, ftrace_dump in a log', () => {
  const forms = [
    ` qemu-kvm-4575    [008] .......   438.308470: map: ${ARGS}`,
    ` qemu-kvm-4575  [008]   438.308470: map:                  ${ARGS}`,
    `        qemu-kvm  4575 [008]   438.308470:            iommu:map: ${ARGS}`,
    `        qemu-kvm  4570/4575  [008]   438.308470: iommu:map: ${ARGS}`,
    `qemu-kvm-4575      8..... 438308470us : map: ${ARGS}`,
    `[  440.100000] qemu-kvm-4575      8..... 438308470us : map: ${ARGS}`,
    `[  440.100000][ T4575] qemu-kvm-4575      8..... 438308470us!: map: ${ARGS}`,
    `Nov 28 17:00:00 host kernel: qemu-kvm-4575      8..... 438308470us+: map: ${ARGS}`,
    `<0>[  440.100000] qemu-kvm-4575      8..... 438308470us : map: ${ARGS}`,
  ];
  for (const form of forms) assert.deepEqual(one(form), MAP, form);
});

test('the interrupt is told from the process in an ftrace_dump, too', () => {
  const [op] = read(`[  1.0]   <idle>-0         3d.h1. 438308470us : map: ${ARGS}`).ops;
  assert.equal(op?.op === 'map' && op.task, '0.3/h');
});

test('what trace-cmd and the log say beside the events is no event', () => {
  const { ops, importer } = read(
    'cpus=16',
    'CPU 3 is empty',
    '[  440.000000] Dumping ftrace buffer:',
    '[  440.000001] ---------------------------------',
    `[  440.100000] qemu-kvm-4575      8..... 438308470us : map: ${ARGS}`,
    'Nov 28 17:00:00 host kernel: usb 1-1: new device',
  );
  assert.deepEqual(ops, [MAP]);
  assert.deepEqual(importer.passedOver, [{ name: "lines of the kernel's log", count: 3, decides: false }]);
});

test('a tool that dropped events says so, and nothing after it is judged', () => {
  for (const lost of ['CPU:0 [LOST 12 EVENTS]', 'CPU:3 [12 EVENTS DROPPED]', '[ 1.0] CPU:0 [LOST EVENTS]'])
    assert.throws(
      () => read(raw(`map: ${ARGS}`), lost),
      (e: unknown) => e instanceof Malformed && e.line === 2,
    );
});

test('kernels before 5.17 leave the end of a range out', () => {
  const map = raw('map: IOMMU: iova=0x0000000ffff36000 paddr=0x00000001164d8000 size=4096');
  assert.deepEqual(one(map), {
    op: 'map',
    iova: 0xffff36000n,
    paddr: 0x1164d8000n,
    size: 4096n,
    task: '1',
  });
  const unmap = raw('unmap: IOMMU: iova=0x0000000ffff36000 size=4096 unmapped_size=4096');
  assert.equal(one(unmap)?.op, 'unmap');
});

test('dma_map_phys is what page and resource were', () => {
  const map = one(
    raw('dma_map_phys: 0000:00:04.0 dir=TO_DEVICE dma_addr=12345000 size=4096 phys_addr=100000000 attrs='),
  );
  assert.deepEqual(map, {
    op: 'dma_map',
    via: 'phys',
    device: '0000:00:04.0',
    segments: [{ addr: 0x12345000n, size: 4096n }],
    phys: 0x100000000n,
  });
  assert.equal(
    one(raw('dma_unmap_phys: 0000:00:04.0 dir=TO_DEVICE dma_addr=12345000 size=4096 attrs='))?.op,
    'dma_unmap',
  );
});

test('pages and scattered memory are handed out and given back like any buffer', () => {
  const device = '0000:00:04.0';
  const buffer = { device, addr: 0xff000n, size: 8192n };
  const dir = 'dir=BIDIRECTIONAL';
  assert.deepEqual(
    read(
      raw(
        `dma_alloc_pages: ${device} ${dir} dma_addr=ff000 size=8192 virt_addr=00000000fbda465a flags=GFP_KERNEL attrs=`,
      ),
      raw(`dma_free_pages: ${device} ${dir} dma_addr=ff000 size=8192 virt_addr=00000000fbda465a attrs=`),
      raw(
        `dma_alloc_sgt: ${device} ${dir} dma_addr=ff000 size=8192 phys_addrs={0x1000,0x5000} flags=GFP_KERNEL attrs=`,
      ),
      raw(`dma_free_sgt: ${device} ${dir} dma_addr=ff000 size=8192 phys_addrs={0x1000,0x5000}`),
    ).ops,
    [
      { op: 'dma_alloc', ...buffer },
      { op: 'dma_free', ...buffer },
      { op: 'dma_alloc', ...buffer },
      { op: 'dma_free', ...buffer },
    ],
  );
});

test('an allocation that failed hands nothing out; a free of nothing is told to the law', () => {
  const failed = raw(
    'dma_alloc: 0000:00:04.0 dir=BIDIRECTIONAL dma_addr=0 size=8192 virt_addr=0000000000000000 flags=GFP_KERNEL attrs=',
  );
  const { ops, importer } = read(failed);
  assert.deepEqual(ops, []);
  assert.deepEqual(importer.passedOver, [{ name: 'dma_alloc of nothing', count: 1, decides: false }]);
  const free = raw(
    'dma_free: 0000:00:08.0 dir=BIDIRECTIONAL dma_addr=0 size=0 virt_addr=0000000000000000 attrs=',
  );
  assert.deepEqual(one(free), { op: 'dma_free', device: '0000:00:08.0', addr: 0n, size: 0n });
});

test('a scatter list with its counts, without them, and cut', () => {
  const list = 'dma_addrs={0xfff00000} sizes={0x1000} phys_addrs={0x100000000} attrs=';
  const partial = (text: string): boolean | undefined => {
    const op = one(raw(text));
    assert.ok(op?.op === 'dma_map' && op.via === 'sg' && op.segments.length === 1);
    return op.partial;
  };
  assert.equal(partial(`dma_map_sg: 0000:00:04.0 dir=TO_DEVICE ${list}`), undefined);
  assert.equal(partial(`dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=1/1 ents=1/1 ${list}`), undefined);
  assert.equal(partial(`dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=128/200 ents=1/200 ${list}`), true);
  assert.equal(
    partial(`dma_map_sg: 0000:00:04.0 dir=TO_DEVICE nents=128/200 ents=1/1 [TRUNCATED] ${list}`),
    true,
  );
});

const FLUSH = 'cache_tag_flush_range: dmar0 dmar0[0] type iotlb did 6';

test('7.2 and later print the order of a flushed block alone, and a whole domain as a range', () => {
  const block = one(raw(`${FLUSH} [0x4000-0x7fff] addr 0x4000 mask 0x2`));
  assert.ok(block?.op === 'cache_tag_flush_range' && block.pages === 4n && block.mask === 2n);
  const whole = one(raw(`${FLUSH} [0x0-0xffffffffffffffff] addr 0x0 mask 0x34`));
  assert.deepEqual(whole, {
    op: 'cache_tag_flush_all',
    unit: 'dmar0',
    type: 'iotlb',
    did: 6,
    pasid: 0,
    task: '1',
  });
  assert.throws(() => one(raw(`${FLUSH} [0x0-0xfff] addr 0x0 mask 0x35`)), Malformed);
});

test('a page fault names the device, whether or not its driver is named', () => {
  const op = { op: 'io_page_fault', device: '0000:c2:00.0', iova: 0xfe980000n, flags: 1 };
  const args = '0000:c2:00.0 iova=0x00000000fe980000 flags=0x0001';
  assert.deepEqual(one(raw(`io_page_fault: IOMMU:ath12k_pci ${args}`)), op);
  assert.deepEqual(one(raw(`io_page_fault: IOMMU: ${args}`)), op);
});

test('a kernel that flushes what it maps has hardware that remembers absent entries', () => {
  const flush = raw(`${FLUSH.replace('flush_range', 'flush_range_np')} [0x4000-0x7fff] addr 0x4000 mask 0x2`);
  assert.equal(read(flush).importer.machine().caching, true);
});

test('a lazy kernel of any release is not taken for a strict one', () => {
  const range = raw(`${FLUSH} [0x4000-0x7fff] addr 0x4000 mask 0x2`);
  const whole = raw(`${FLUSH} [0x0-0xffffffffffffffff] addr 0x0 mask 0x34`);
  const old = raw('cache_tag_flush_all: dmar0/dmar0 type iotlb did 6 pasid 0 ref 1');
  assert.equal(read(range).importer.machine().mode, 'strict');
  assert.equal(read(range, whole).importer.machine().mode, 'lazy');
  assert.equal(read(range, old).importer.machine().mode, 'lazy');
});

test('events of our families that nobody here knows are named as what could have decided', () => {
  const { importer } = read(
    raw('dma_map_galaxy: 0000:00:04.0 dma_addr=0'),
    raw('dma_sync_single_for_cpu: 0000:00:04.0 dir=TO_DEVICE dma_addr=0 size=1'),
    raw('sched_switch: prev=a'),
    ' x  12 [000] 1.000002: iommu:something_new: 1',
  );
  assert.deepEqual(
    importer.passedOver.map(p => [p.name, p.count, p.decides]),
    [
      ['dma_map_galaxy', 1, true],
      ['dma_sync_single_for_cpu', 1, false],
      ['sched_switch', 1, false],
      ['something_new', 1, true],
    ],
  );
  assert.equal(
    tellPassedOver(importer.passedOver),
    'could have decided something, and is not known to this release: dma_map_galaxy 1, something_new 1; ' +
      'passed over: dma_sync_single_for_cpu 1, sched_switch 1',
  );
  assert.equal(tellPassedOver([]), undefined);
});
