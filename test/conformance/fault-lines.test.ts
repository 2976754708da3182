// Are faults of the kernel's log read, and explained by the maps before them?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FaultLines } from '../../conformance/ftrace/fault-lines.js';
import { FTRACE_PROFILE, FtraceImporter } from '../../conformance/ftrace/import.js';
import { LogBeside, stampOf } from '../../conformance/ftrace/log-beside.js';
import { type Judgement, judgeTrace, LAWS, type Trace } from '../../conformance/index.js';
import { defaultPolicies } from '../../spec/law/profile.js';
import type { Op } from '../../spec/protocol/linux-dma.js';

const FOLDER = new URL('../../../conformance/corpus/logs/', import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');

async function judged(text: string): Promise<Judgement> {
  const importer = new FtraceImporter();
  const events = text.split('\n').flatMap((line, i) => importer.take({ number: i + 1, text: line }) ?? []);
  const profile = LAWS.profiles[FTRACE_PROFILE]!;
  const trace = {
    profile,
    machine: importer.machine(),
    policies: defaultPolicies(profile),
    async *events() {
      yield* events;
    },
  };
  return judgeTrace(trace as unknown as Trace);
}

/** The message of one line each: what it says of device, address, access, and of what was missing. */
const MESSAGES: readonly (readonly [string, Partial<Extract<Op, { op: 'io_page_fault' }>> | undefined])[] = [
  [
    'DMAR: [DMA Write NO_PASID] Request device [00:04.0] fault addr 0x500000000 [fault reason 0x05] PTE Write access is not set',
    { device: '0000:00:04.0', iova: 0x500000000n, flags: 1, why: 'either' },
  ],
  [
    'DMAR: [DMA Read PASID 0x1] Request device [0001:3f:1f.7] fault addr 0xfffff000 [fault reason 0x02] Present bit in context entry is clear',
    { device: '0001:3f:1f.7', iova: 0xfffff000n, flags: 0, why: 'structure' },
  ],
  [
    'DMAR: [INTR-REMAP] Request device [00:04.0] fault index 0x10 [fault reason 0x22] Present field',
    undefined,
  ],
  ['DMAR: DRHD: handling fault status reg 2', undefined],
  [
    'vfio-pci 0000:03:00.0: Event logged [IO_PAGE_FAULT domain=0x000e address=0xcafe000 flags=0x0020]',
    { device: '0000:03:00.0', iova: 0xcafe000n, flags: 1, why: 'absent' },
  ],
  [
    'AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:03:00.0 domain=0x000e address=0xcafe000 flags=0x0050]',
    { device: '0000:03:00.0', iova: 0xcafe000n, flags: 0, why: 'permission' },
  ],
  [
    'virtio_iommu virtio0: page fault from EP 32 at 0x5000 [R]',
    { device: 'endpoint:32', iova: 0x5000n, flags: 0, why: 'either' },
  ],
  [
    'virtio_iommu virtio0: domain fault from EP 32 at 0x5000 [W]',
    { device: 'endpoint:32', iova: 0x5000n, flags: 1, why: 'structure' },
  ],
];

for (const [message, wanted] of MESSAGES) {
  test(message.slice(0, 70), () => {
    const found = new FaultLines().take(message);
    assert.deepEqual(found, wanted === undefined ? undefined : { op: 'io_page_fault', ...wanted });
  });
}

/** As 7.2 prints it; 6.12 has the first five lines. */
const SMMU = [
  'arm-smmu-v3 arm-smmu-v3.0.auto: event 0x10 received:',
  'arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000002000000010',
  'arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000020800000000',
  'arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000000500000000',
  'arm-smmu-v3 arm-smmu-v3.0.auto: \t0x0000000000000000',
  'arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:00:04.0 sid: 0x20 ssid: 0x0 iova: 0x500000000 ipa: 0x0',
];

test('an event of the SMMU is one fault, with a name where the kernel tells it', () => {
  const raw = new FaultLines();
  const [fault, ...more] = SMMU.slice(0, 5).flatMap(line => raw.take(line) ?? []);
  assert.deepEqual(more, []);
  const wanted = { op: 'io_page_fault', iova: 0x500000000n, flags: 0, why: 'absent' };
  assert.deepEqual(fault, { ...wanted, device: 'sid:0x20' });
  const told = new FaultLines();
  const found = SMMU.flatMap(line => told.take(line) ?? []);
  assert.deepEqual(found, [{ ...wanted, device: '0000:00:04.0' }]);
});

test('the faults of a real session are explained by the lines before them', async () => {
  const { verdict, remarks } = await judged(textOf('faults-vtd-6.12.txt'));
  assert.equal(verdict.verdict, 'unfinished');
  const told = remarks.map(({ op, related }) => {
    const { iova } = op as Extract<Op, { op: 'io_page_fault' }>;
    return `${iova.toString(16)} ${related.map(r => `${r.line ?? ''} ${r.says}`).join('; ')}`;
  });
  const wanted: readonly RegExp[] = [
    /^500000000 {2}no line has mapped 0x500000000$/,
    /^500001000 {2}no line has mapped 0x500001000$/,
    /^202000 21 mapped 0x200000-0x204000: it was there, so it does not permit to write$/,
    /^104000 20 no line has mapped 0x104000: 0x100000-0x104000 ends right before it$/,
    /^ff000 20 no line has mapped 0xff000: 0x100000-0x104000 begins right behind it$/,
    /^100000 33 unmapped 0x100000-0x104000, which was not there any more$/,
    /^101000 33 unmapped/,
    /^101000 33 unmapped/,
    /^600000000 {2}no line has mapped/,
    /^200000 44 unmapped 0x200000-0x204000/,
    /^100000 51 unmapped 0x100000-0x101000/,
    /^100000 51 unmapped/,
  ];
  assert.equal(told.length, wanted.length);
  for (const [i, line] of told.entries()) assert.match(line, wanted[i]!);
});

test('a log alone has no history, and its faults stay open', async () => {
  const { verdict, remarks } = await judged(textOf('faults-vtd-6.12.dmesg.txt'));
  assert.equal(verdict.verdict, 'unfinished');
  assert.equal(remarks.length, 12);
  for (const { related } of remarks) assert.match(related[0]!.says, /no line of the recording maps anything/);
});

/** A whole recording: the device's domain is known. */
const MAPPED = [
  'init-1 [000] ..... 1.000001: add_device_to_group: IOMMU: groupID=3 device=0000:00:09.0',
  'init-1 [000] ..... 1.000002: attach_device_to_domain: IOMMU: device=0000:00:09.0',
  'ip-9 [000] ..... 1.000003: map: IOMMU: iova=0x0000000000100000 - 0x0000000000101000 paddr=0x0000000003800000 size=4096',
];
const amd = (stamp: string, address: string, flags: string): string =>
  `${stamp}nic 0000:00:09.0: Event logged [IO_PAGE_FAULT domain=0x000e address=0x${address} flags=0x${flags}]`;
const CONSOLE = 'ip-9 [000] ..... 1.000004: console: ';

test('no entry where one is certainly mapped is a divergence', async () => {
  const lines = (last: string): string => [...MAPPED, last].join('\n');
  const { verdict } = await judged(lines(amd(CONSOLE, '100000', '0020')));
  assert.equal(verdict.verdict, 'diverges');
  assert.ok(verdict.verdict === 'diverges' && verdict.broken === 'fault/while-mapped');
  for (const fine of [
    amd(CONSOLE, '100000', '0070'),
    amd(CONSOLE, '101000', '0020'),
    amd('[    0.999990] ', '100000', '0020'),
  ])
    assert.equal((await judged(lines(fine))).verdict.verdict, 'conforms', fine);
});

test('a log of its own is put among the lines of the trace, with room where the clocks do not decide', () => {
  const trace = [
    ...MAPPED,
    'ip-9 [000] ..... 2.000000: unmap: IOMMU: iova=0x0000000000100000 - 0x0000000000101000 size=4096 unmapped_size=4096',
  ];
  const importer = new FtraceImporter();
  const stamped = trace.flatMap((text, i) => {
    const line = { number: i + 1, text };
    const event = importer.take(line);
    return event === undefined ? [] : [{ event, at: stampOf(line)! }];
  });
  const beside = (...stamps: readonly string[]): readonly string[] | undefined => {
    const log = new LogBeside();
    for (const stamp of stamps) log.take({ number: 1, text: amd(`[    ${stamp}] `, '100000', '0020') });
    return log
      .among(stamped)
      ?.map(({ op }) => (op.op === 'io_page_fault' ? `fault${op.loose ? ' loose' : ''}` : op.op));
  };
  const [join, attach, map, unmap] = ['add_device_to_group', 'attach_device_to_domain', 'map', 'unmap'];
  // Long after the map and long before the unmap; 8 ms before the unmap, so perhaps after it; after all.
  assert.deepEqual(beside('1.500000'), [join, attach, map, 'fault', unmap]);
  assert.deepEqual(beside('1.992000'), [join, attach, map, unmap, 'fault loose']);
  assert.deepEqual(beside('2.100000'), [join, attach, map, unmap, 'fault']);
  assert.equal(beside('99.000000'), undefined);
});

test('the log of a real session goes with its trace', async () => {
  const importer = new FtraceImporter();
  const stamped = textOf('faults-vtd-6.12.txt')
    .split('\n')
    .filter(text => !text.includes(' console: '))
    .flatMap((text, i) => {
      const line = { number: i + 1, text };
      const event = importer.take(line);
      return event === undefined ? [] : [{ event, at: stampOf(line)! }];
    });
  const log = new LogBeside();
  for (const [i, text] of textOf('faults-vtd-6.12.dmesg.txt').split('\n').entries())
    log.take({ number: i + 1, text });
  const faults = log.among(stamped)!.filter(e => e.op.op === 'io_page_fault');
  assert.equal(faults.length, 12);
  // The last is 22 ms before its device is moved; none is as near to anything of its own page.
  assert.equal(faults.filter(e => 'loose' in e.op).length, 1);
});
