// Does the pseries target make the calls of a guest as QEMU wants them, and tell what it saw? With a QEMU of a few maps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS } from '../../conformance/index.js';
import { BESIDE_MACHINE, besideTheLaw } from '../../conformance/targets/pseries/beside.js';
import { OPERATIONS } from '../../conformance/targets/pseries/calls.js';
import { commandLine } from '../../conformance/targets/pseries/command-line.js';
import { hypercallCode } from '../../conformance/targets/pseries/hypercall.js';
import { looksIn, windowsIn } from '../../conformance/targets/pseries/mtree.js';
import { Pseries } from '../../conformance/targets/pseries/pseries.js';
import { rtasStatus } from '../../conformance/targets/pseries/rtas.js';
import { digitsOf, entry, layoutOf, stub } from '../../conformance/targets/pseries/stub.js';
import { PseriesSystem } from '../../conformance/targets/pseries/system.js';
import { lawNamed } from '../../conformance/trace/laws.js';
import type { Machine, Op } from '../../spec/protocol/spapr-tce.js';
import { FakeQemu, type Lie } from './fake-qemu.js';

const bridge = (at: number) => ({
  buid: 0x800_0000_2000_0000n + BigInt(at),
  low: { start: 0n, size: 0x1_0000n },
  high: 1n << 59n,
  pageSizes: 0x121_1000n,
  ddw: true,
});

const machine = (bridges = 1, memory = 0x100_0000n): Machine => ({
  platform: 'pseries',
  pageShift: 16,
  bypass: 0n,
  bridges: [],
  groups: [],
  devices: [],
  mms: [{ lockLimit: null }],
  memory: [],
  guest: {
    mm: 0,
    slots: [{ gpa: 0n, ua: 0x1000_0000n, size: memory }],
    bridges: Array.from({ length: bridges }, (_, at) => bridge(at)),
  },
});

async function started(lie: Lie = 'none', bridges = 1): Promise<{ system: PseriesSystem; qemu: FakeQemu }> {
  const qemu = new FakeQemu(bridges, lie);
  const system = new PseriesSystem(async () => qemu);
  assert.equal(await system.reset(machine(bridges)), undefined);
  return { system, qemu };
}

const put = (ioba: bigint, tce: bigint): Op => ({ op: 'h_put_tce', liobn: 0x8000_0000n, ioba, tce });
const dma = (ioba: bigint, access: 'read' | 'write', liobn = 0x8000_0000n): Op => ({
  op: 'guest_dma',
  liobn,
  ioba,
  access,
});

test('the stub: what a CPU finds at 0x100, and where it makes a call', () => {
  const layout = layoutOf(1n << 28n);
  assert.equal(layout.base, 0xf00_0000n);
  // lis r12,0xf00; ori r12,r12,0x3c; mtctr r12; bctr: behind the 15 words of a call, where it stops.
  assert.equal(digitsOf(entry(layout)), '3d800f00618c003c7d8903a64e800420');
  const code = digitsOf(stub(layout));
  // lis r14,0xf00; ori r14,r14,0x1000; ld r3,8(r14) ... ld r9,56(r14); sc 1; std r3,64(r14) ...
  assert.ok(
    code.startsWith(
      '3dc00f0061ce1000e86e0008e88e0010e8ae0018e8ce0020e8ee0028e90e0030e92e003844000022f86e0040',
    ),
  );
  assert.ok(code.endsWith('4400002248000000'), 'sc 1, and a branch to itself behind it');
  const image = Pseries.image(1n << 28n);
  assert.equal(image.length, 0x110);
  assert.deepEqual(image.slice(0x100, 0x104), [0x3d, 0x80, 0x0f, 0x00]);
});

test('windows are read from the memory regions, each once', () => {
  const text = [
    '    0000000000000000-ffffffffffffffff (prio 0, i/o): tce-root-80000000\r',
    '      0000000000000000-000000003fffffff (prio 0, i/o): tce-iommu-80000000\r',
    '      0000000000000000-0000000000000000 (prio 0, i/o): tce-iommu-80000001\r',
    '[DETECTED OVERFLOW!]       fffffff000000000-0000000000000fff (prio 0, i/o): tce-iommu-80000101\r',
    '      0000000000000000-000000003fffffff (prio 0, i/o): tce-iommu-80000000\r',
  ].join('\n');
  assert.deepEqual(windowsIn(text), [
    { liobn: 0x8000_0000n, start: 0n, length: 0x4000_0000n },
    { liobn: 0x8000_0101n, start: 0xffff_fff0_0000_0000n, length: 0x10_0000_1000n },
  ]);
});

test('looks are read from the log, between other lines', () => {
  const line = '12@34.5:spapr_iommu_xlate liobn=0x80000001 0x1234 -> 0x100000 perm=3 mask=0xfff';
  assert.deepEqual(looksIn(['warning: x', line]), [
    { liobn: 0x8000_0001n, offset: 0x1234n, page: 0x10_0000n, permission: 3 },
  ]);
});

test('codes have their names, and what has none is spelt', () => {
  assert.equal(hypercallCode(BigInt.asUintN(64, -4n)), 'H_PARAMETER');
  assert.equal(hypercallCode(BigInt.asUintN(64, -57n)), 'H_P4');
  assert.equal(hypercallCode(77n), 'H_CODE_77');
  assert.equal(hypercallCode(BigInt.asUintN(64, -99n)), 'H_CODE_MINUS_99');
  assert.equal(rtasStatus(-3), 'RTAS_PARAM_ERROR');
  assert.equal(rtasStatus(9905), 'RTAS_STATUS_9905');
});

test('a machine becomes a command line, or a reason', () => {
  const line = commandLine(machine(2, 0x1100_0000n));
  assert.ok(!('cannot' in line));
  assert.equal(line.memory, 0x2000_0000n);
  const text = line.arguments.join(' ');
  assert.match(text, /-m 512M/);
  assert.match(text, /-global spapr-pci-host-bridge\.dma_win_size=0x10000 /);
  assert.match(text, /-device spapr-pci-host-bridge,index=1,id=bridge1,.*dma64_win_addr=0x800000000000000/);
  assert.match(text, /edu,bus=bridge1\.0,addr=5\.0/);
  const reason = (m: Machine): string => (commandLine(m) as { cannot: string }).cannot;
  assert.match(reason({ ...machine(), guest: null }), /has none/);
  assert.match(reason(machine(0)), /first host bridge/);
  assert.match(reason(machine(32)), /at most 31/);
  assert.match(reason(machine(1, 1n << 32n)), /2 GiB/);
  const guest = machine().guest!;
  const other = (parts: object): Machine => ({ ...machine(), guest: { ...guest, ...parts } });
  assert.match(reason(other({ bridges: [{ ...bridge(0), buid: 5n }] })), /another BUID/);
  assert.match(reason(other({ slots: [] })), /one piece/);
  assert.match(
    reason(other({ bridges: [{ ...bridge(0), low: { start: 0n, size: 1n << 44n } }] })),
    /32 bits/,
  );
});

test('entries are put, listed, stuffed and read back', async () => {
  const { system } = await started();
  assert.deepEqual(await system.step(put(0x1000n, 0x5003n)), { is: 'ok' });
  assert.deepEqual(await system.view(), {
    guestWindows: {
      '0x80000000': { start: '0x0', shift: 12, size: 16, tces: [{ index: 1, count: 1, tce: '0x5003' }] },
    },
  });
  const liobn = 0x8000_0000n;
  const list: Op = {
    op: 'h_put_tce_indirect',
    liobn,
    ioba: 0x2000n,
    list: 0x6000n,
    count: 2n,
    tces: [0x7001n, 0x7001n],
  };
  assert.deepEqual(await system.step(list), { is: 'ok' });
  assert.deepEqual(await system.step({ op: 'h_stuff_tce', liobn, ioba: 0xe000n, tce: 1n, count: 2n }), {
    is: 'ok',
  });
  const seen = (await system.view()) as { guestWindows: { [liobn: string]: { tces: unknown } } };
  assert.deepEqual(seen.guestWindows['0x80000000']!.tces, [
    { index: 1, count: 1, tce: '0x5003' },
    { index: 2, count: 2, tce: '0x7001' },
    { index: 14, count: 2, tce: '0x1' },
  ]);
  assert.deepEqual(await system.step({ op: 'h_get_tce', liobn, ioba: 0x3000n }), { is: 'ok', tce: 0x7001n });
  assert.deepEqual(await system.step({ op: 'h_get_tce', liobn: 7n, ioba: 0n }), {
    is: 'refused',
    errno: 'H_PARAMETER',
  });
});

test('a list that cannot stand where it is said to is a call that is not made', async () => {
  const { system } = await started();
  const list = (at: bigint, tces: readonly bigint[], count = BigInt(tces.length)): Op => ({
    op: 'h_put_tce_indirect',
    liobn: 0x8000_0000n,
    ioba: 0n,
    list: at,
    count,
    tces,
  });
  assert.deepEqual(await system.step(list(1n << 40n, [3n])), { is: 'not-implemented' });
  assert.deepEqual(await system.step(list(0xf00_0000n, [3n])), { is: 'not-implemented' });
  assert.deepEqual(await system.step(list(1n << 40n, [0n])), { is: 'ok' });
});

test('windows come and go, and the firmware is told wrongly on demand', async () => {
  const { system } = await started();
  const buid = bridge(0).buid;
  assert.deepEqual(await system.step({ op: 'ddw_create', buid, shift: 16, window: 20 }), {
    is: 'ok',
    liobn: 0x8000_0001n,
    start: 1n << 59n,
  });
  assert.deepEqual(await system.view(), {
    guestWindows: {
      '0x80000000': { start: '0x0', shift: 12, size: 16, tces: [] },
      '0x80000001': { start: '0x800000000000000', shift: 16, size: 16, tces: [] },
    },
  });
  assert.deepEqual(await system.step({ op: 'ddw_create', buid, shift: 16, window: 20, args: 'wrong' }), {
    is: 'refused',
    errno: 'RTAS_PARAM_ERROR',
  });
  assert.deepEqual(await system.step({ op: 'ddw_query', buid, outputs: 6 }), {
    is: 'ok',
    windows: 1,
    largest: 0x20_0000_0001n,
    pageSizes: 0x107n,
  });
  assert.deepEqual(await system.step({ op: 'ddw_remove', liobn: 0x8000_0001n }), { is: 'ok' });
  assert.deepEqual(await system.step({ op: 'ddw_remove', liobn: 0x1_8000_0001n }), { is: 'not-implemented' });
  assert.deepEqual(await system.step(dma(1n << 59n, 'read', 0x8000_0001n)), {
    is: 'refused',
    errno: 'ENODEV',
  });
});

test('an access is told by the log, and held against memory', async () => {
  const { system, qemu } = await started();
  await system.step(put(0x1000n, 0x5003n));
  await system.step(put(0x2000n, 0x5001n));
  const before = JSON.stringify([...qemu.tables.get(0x8000_0000n)!.entries].map(String));
  assert.deepEqual(await system.step(dma(0x1234n, 'write')), { is: 'ok', paddr: 0x5234n });
  assert.deepEqual(await system.step(dma(0x1234n, 'read')), { is: 'ok', paddr: 0x5234n });
  assert.deepEqual(await system.step(dma(0x2ffen, 'read')), { is: 'ok', paddr: 0x5ffen });
  assert.deepEqual(await system.step(dma(0x2000n, 'write')), { is: 'fault' });
  assert.deepEqual(await system.step(dma(0x3000n, 'read')), { is: 'fault' });
  assert.deepEqual(await system.step(dma(0x10_0000n, 'write')), { is: 'fault' });
  const after = [...qemu.tables.get(0x8000_0000n)!.entries].filter(([, tce]) => tce !== 0n);
  assert.equal(JSON.stringify(after.map(String)), before, 'what the adapter put for itself is gone');
});

test('a log that says other than memory is no answer of any law', async () => {
  const wrong = await started('log');
  await wrong.system.step(put(0x1000n, 0x5003n));
  assert.equal((await wrong.system.step(dma(0x1000n, 'write'))).is, 'unknown');
  assert.equal((await wrong.system.step(dma(0x1000n, 'read'))).is, 'unknown');
  const lax = await started('memory');
  await lax.system.step(put(0x1000n, 0x5001n));
  assert.equal((await lax.system.step(dma(0x1000n, 'write'))).is, 'unknown');
});

test('where another window answers nothing is seen of the one that is meant', async () => {
  const { system, qemu } = await started();
  const entries = new Map([[0n, 0x5003n]]);
  qemu.tables.set(0x8000_0001n, { start: 0x10_0000n, shift: 12, size: 1n, entries });
  await system.step({ op: 'ddw_reset', buid: bridge(0).buid });
  assert.deepEqual(await system.step(dma(0x10_0000n, 'read', 0x8000_0001n)), { is: 'ok', paddr: 0x5000n });
  assert.deepEqual(await system.step(dma(0x10_0000n, 'read')), { is: 'unobserved' });
});

test('a death is the answer of its call, and of all that follow until another one is started', async () => {
  const { system, qemu } = await started('dies-of-stuff');
  const stuff: Op = { op: 'h_stuff_tce', liobn: 0x8000_0000n, ioba: 0n, tce: 0n, count: 1n };
  const died = { is: 'died', says: 'killed by SIGABRT: it hurts' };
  assert.deepEqual(await system.step(stuff), died);
  assert.ok(qemu.ended);
  assert.equal(await system.view(), undefined);
  assert.deepEqual(await system.step(put(0n, 3n)), died);
  assert.equal(await system.reset(machine()), undefined);
  assert.deepEqual(await system.step(put(0n, 3n)), { is: 'ok' });
});

test('two bridges: each has its windows and its device', async () => {
  const { system } = await started('none', 2);
  await system.step({ op: 'h_put_tce', liobn: 0x8000_0100n, ioba: 0n, tce: 0x9003n });
  assert.deepEqual(await system.step(dma(0x10n, 'write', 0x8000_0100n)), { is: 'ok', paddr: 0x9010n });
  assert.deepEqual(await system.step(dma(0x10n, 'write')), { is: 'fault' });
});

test('it says that it makes operations of the profile, and makes those', async () => {
  const { profile } = lawNamed(LAWS, 'spapr-tce');
  for (const op of OPERATIONS) assert.ok(Object.hasOwn(profile.rules, op), op);
  const { system } = await started();
  assert.deepEqual(await system.step({ op: 'claim', group: 0 }), { is: 'not-implemented' });
});

test('what the profile has no words for is looked at in turn, and what is otherwise is told', async () => {
  const see = async (qemu: FakeQemu) => {
    const m = new Pseries(qemu, BESIDE_MACHINE, 1n << 28n);
    await m.start();
    return (await besideTheLaw(m)).map(b => b.otherwise);
  };
  const right = await see(new FakeQemu(1, 'none', 1n << 18n, 0x2000_0000n));
  assert.deepEqual(right, [undefined, undefined, undefined, undefined, undefined, undefined]);
  const elsewhere = await see(new FakeQemu(1, 'none', 1n << 18n, 1n << 59n));
  assert.equal(elsewhere[1], 'ok 0x100000 by 0x80000000');
});
