// Does the adapter of the real kernel ask the guest for the right system calls, and take their answers for what they are?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { guestArchive } from '../../cli/targets/kernel/initramfs.js';
import { type Channel, Process } from '../../conformance/targets/kernel/agent.js';
import { fromHex, packed, toHex } from '../../conformance/targets/kernel/bytes.js';
import { errnoName } from '../../conformance/targets/kernel/errno.js';
import { Mover } from '../../conformance/targets/kernel/mover.js';
import type { Host } from '../../conformance/targets/kernel/topology.js';
import { KernelVfio } from '../../conformance/targets/kernel/vfio.js';
import { iommuInfoOf, VFIO } from '../../conformance/targets/kernel/vfio-abi.js';
import type { Op } from '../../spec/protocol/vfio-type1.js';

const HOST: Host = {
  iommu: { driver: 'vtd', aperture: { start: 0n, end: (1n << 48n) - 1n }, pageSizes: 0x4020_1000n },
  devices: [{ name: '0000:00:04.0', driver: 'vfio' }],
  kernelDriver: 'serial',
};
const text = (words: string): string => `${words.length} ${toHex(Buffer.from(words))}`;

/** A guest that answers by a table of beginnings, the longest that fits; what is in none is done with 0. */
class Guest implements Channel {
  readonly asked: string[] = [];
  constructor(readonly answers: Map<string, string> = new Map()) {}

  ask(line: string): Promise<string> {
    this.asked.push(line);
    const request = line.replace(/^@\d+ /, '');
    const fitting = [...this.answers].filter(([beginning]) => request.startsWith(beginning));
    const found = fitting.sort(([a], [b]) => b.length - a.length)[0];
    if (found !== undefined) return Promise.resolve(found[1]);
    const at = /^m (\d+) /.exec(request);
    return Promise.resolve(at === null ? '0' : at[1]!);
  }
}

/** A guest with one device in group 7, bound to vfio-pci, and whatever else is said. */
async function kernel(answers: readonly (readonly [string, string])[] = []) {
  const guest = new Guest(
    new Map([
      ...answers,
      ['l /sys/bus/pci/devices/0000:00:04.0/iommu_group', text('../../kernel/iommu_groups/7')],
      ['l /sys/bus/pci/devices/0000:00:04.0/driver', text('../../bus/pci/drivers/vfio-pci')],
      ['g /sys/kernel/iommu_groups/7/reserved_regions', text('0x00000000fee00000 0x00000000feefffff msi\n')],
    ]),
  );
  const agent = new Process(guest);
  const system = await KernelVfio.of(
    agent,
    HOST,
    new Mover(agent, { taken: async () => '', fault: /fault/ }),
  );
  await system.reset(system.whole);
  guest.asked.length = 0;
  return { guest, system };
}

test('the machine is what sysfs says', async () => {
  const { system } = await kernel();
  assert.deepEqual(system.whole.groups, [
    { id: 7, behind: 0, reserved: [{ start: 0xfee0_0000n, size: 0x10_0000n }] },
  ]);
  assert.deepEqual(system.whole.devices, [{ name: '0000:00:04.0', group: 0, driver: 'vfio', reset: false }]);
});

test('a map is a structure of 32 bytes, made by the process whose memory it names', async () => {
  const { guest, system } = await kernel([['o 524290 /dev/vfio/vfio', '6']]);
  await system.step({ op: 'open_container', as: 3 });
  const map: Op = {
    op: 'map',
    handle: 3,
    iova: 0x1000n,
    size: 0x2000n,
    vaddr: 0x2_0000_0000n,
    prot: 'r',
    mm: 1,
  };
  assert.deepEqual(await system.step(map), { is: 'ok' });
  const structure = toHex(packed(32, 1, 0x2_0000_0000n, 0x1000n, 0x2000n));
  // The agent numbers its workers; the fake one gives every one the number 0.
  assert.equal(guest.asked.at(-1), `@0 i 6 ${VFIO.mapDma} ${structure}`);
});

test('an errno is told by its name, and one without a name by its number', async () => {
  const { system } = await kernel([[`i 9999 ${VFIO.unmapDma}`, '-9']]);
  assert.deepEqual(await system.step({ op: 'unmap', handle: 1, iova: 0n, size: 0x1000n }), {
    is: 'refused',
    errno: 'EBADF',
  });
  assert.equal(errnoName(-77), 'EBADFD');
  assert.equal(errnoName(-999), 'ERRNO_999');
});

test('what an unmap removed is read out of the structure as the kernel left it', async () => {
  const left = toHex(packed(24, 0, 0n, 0x4000n));
  const { system } = await kernel([
    ['o 524290 /dev/vfio/vfio', '6'],
    [`i 6 ${VFIO.unmapDma}`, `0 ${left}`],
  ]);
  await system.step({ op: 'open_container', as: 0 });
  assert.deepEqual(await system.step({ op: 'unmap', handle: 0, iova: 0n, size: 0x1000n }), {
    is: 'ok',
    unmapped: 0x4000n,
  });
});

test('a name that is taken is told, and nothing is opened', async () => {
  const { guest, system } = await kernel([['o 524290 /dev/vfio/vfio', '6']]);
  await system.step({ op: 'open_container', as: 0 });
  guest.asked.length = 0;
  assert.deepEqual(await system.step({ op: 'open_container', as: 0 }), { is: 'refused', errno: 'EMFILE' });
  assert.deepEqual(guest.asked, []);
});

test('an unbind waits while the device is open, and what happens at its close is told before the next call', async () => {
  const { guest, system } = await kernel([
    ['o 524290 /dev/vfio/7', '7'],
    [`i 7 ${VFIO.getDeviceFd}`, '8 00'],
    ['&0 p ', '0'],
    ['?0 150', '-110'],
  ]);
  await system.step({ op: 'open_group', group: 0, as: 0, mm: 0 });
  await system.step({ op: 'get_device', handle: 0, device: 0, as: 1, mm: 0 });
  assert.deepEqual(await system.step({ op: 'unbind', device: 0 }), { is: 'waits' });
  guest.answers.set('?0 15000', '12');
  await system.step({ op: 'close', handle: 1 });
  assert.deepEqual(system.meanwhile(), []);
  await system.step({ op: 'close', handle: 0 });
  assert.deepEqual(system.meanwhile(), [{ op: { op: 'resume', device: 0 }, outcome: { is: 'ok' } }]);
});

test('a group that was made anew is opened by the number that it has now', async () => {
  const { guest, system } = await kernel([['o 524290 /dev/vfio/12', '7']]);
  guest.answers.set('l /sys/bus/pci/devices/0000:00:04.0/iommu_group', text('../../kernel/iommu_groups/12'));
  assert.deepEqual(await system.step({ op: 'open_group', group: 0, as: 0, mm: 0 }), { is: 'ok' });
  assert.equal(guest.asked.at(-1), '@0 o 524290 /dev/vfio/12');
});

test('while a removal sleeps no other is begun, and nothing is scanned', async () => {
  const { guest, system } = await kernel([
    ['o 524290 /dev/vfio/7', '7'],
    [`i 7 ${VFIO.getDeviceFd}`, '8 00'],
    ['&0 p ', '0'],
    ['?0 150', '-110'],
  ]);
  await system.step({ op: 'open_group', group: 0, as: 0, mm: 0 });
  await system.step({ op: 'get_device', handle: 0, device: 0, as: 1, mm: 0 });
  assert.deepEqual(await system.step({ op: 'hot_remove', device: 0 }), { is: 'waits' });
  guest.asked.length = 0;
  assert.deepEqual(await system.step({ op: 'hot_remove', device: 0 }), { is: 'not-implemented' });
  assert.deepEqual(await system.step({ op: 'hot_add', device: 0 }), { is: 'not-implemented' });
  assert.deepEqual(guest.asked, []);
});

test('where the kernel keeps the registers of an open device to itself, its user reaches them', async () => {
  const { guest, system } = await kernel([
    ['o 524290 /dev/vfio/7', '7'],
    ['o 524290 /dev/vfio/vfio', '6'],
    ['o 524290 /sys/bus/pci/devices/0000:00:04.0/resource0', '20'],
    [`i 7 ${VFIO.getDeviceFd}`, '8 00'],
    ['m 0 1048576 3 1 20 0', '-22'],
    ['m 0 1048576 3 1 8 0', '65536'],
  ]);
  await system.step({ op: 'open_container', as: 2 });
  await system.step({ op: 'open_group', group: 0, as: 0, mm: 0 });
  await system.step({ op: 'set_container', handle: 0, container: 2, mm: 0 });
  await system.step({ op: 'get_device', handle: 0, device: 0, as: 1, mm: 0 });
  const answer = await system.step({ op: 'dma', device: 0, iova: 0x1000n, access: 'read' });
  assert.deepEqual(answer, { is: 'ok', mm: 'unobserved', vaddr: 'unobserved' });
  assert.ok(guest.asked.includes(`Q 8 ${(7n << 40n) + 4n} 0600`));
});

test('an answer that is none is a failure of the adapter, and says what came', async () => {
  const process = new Process(new Guest(new Map([['c 3', 'what?']])));
  await assert.rejects(process.close(3), /the agent answered "what\?" to c 3/);
});

test('capabilities are read as far as there is room, and a chain that bites its tail ends', () => {
  const chain = packed(64, 2, 0x1000n, 24, 0, 3 | (1 << 16), 24, 65_535, 0);
  assert.deepEqual(iommuInfoOf(chain), { argsz: 64, flags: 2, pageSizes: 0x1000n, dmaAvail: 65_535 });
  assert.deepEqual(iommuInfoOf(packed(24, 0, 0x1000n, 0, 0)), { argsz: 24, flags: 0, pageSizes: 0x1000n });
});

test('bytes travel as hexadecimal', () => {
  assert.deepEqual(fromHex('00ff10'), Uint8Array.of(0, 255, 16));
  assert.throws(() => fromHex('0'), /not bytes/);
  assert.equal(toHex(packed(-1, -1n)), 'ffffffffffffffffffffffff');
});

test('the archive has the folders before what is in them, and ends as the format wants', () => {
  const archive = gunzipSync(
    guestArchive(Uint8Array.of(1, 2, 3), [{ name: 'vfio.ko', bytes: Uint8Array.of(4) }]),
  );
  const names = [...archive.toString('latin1').matchAll(/070701[0-9A-F]{104}([^\0]+)\0/g)].map(m => m[1]);
  assert.deepEqual(names, [
    'dev',
    'proc',
    'sys',
    'modules',
    'init',
    'modules/vfio.ko',
    'modules.txt',
    'TRAILER!!!',
  ]);
  assert.ok(archive.includes('/modules/vfio.ko\n'));
  assert.equal(archive.length % 4, 0);
});
