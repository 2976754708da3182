// What does the POWER machine promise that no law sees: what a batch costs, what memory it takes, what a failure leaves?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EINVAL, ENOMEM, EPERM } from '../../impl/errno.js';
import type { Choices, Hardware } from '../../impl/spapr-tce/configuration.js';
import type { FaultPoint } from '../../impl/spapr-tce/faults.js';
import { H_PARAMETER } from '../../impl/spapr-tce/hypercalls.js';
import { SpaprTce } from '../../impl/spapr-tce/machine.js';

const PAGE = 4096n;
const HIGH = 1n << 59n;
const UA = 0x10_0000n;
const GROUP = {
  bridge: 0,
  window: { start: 0n, size: 1n << 21n },
  pageSizes: 0x11000n,
  windows: 2,
  levels: 4,
  family: 0,
};
const HARDWARE: Hardware = {
  platform: 'powernv',
  pageShift: 12,
  bypass: 0n,
  bridges: [{ iommu: true, deviceGroup: true }],
  groups: [GROUP, GROUP],
  devices: [0, 1].map(group => ({ bridge: 0, group, present: true })),
  lockLimits: [-1],
  memory: [{ mm: 0, ua: UA, pa: 0x7f_0000_0000n, size: 1n << 22n, shift: 12 }],
  guest: { mm: 0, slots: [{ gpa: 0n, ua: UA, size: 1n << 22n }], bridges: [] },
};

/** A version 2 container with both groups, registered memory and a window of 2^30 bytes in three levels. */
function inUse(choices: Partial<Choices> = {}): SpaprTce {
  const machine = new SpaprTce({ hardware: HARDWARE, choices });
  const calls = [
    machine.claim(0),
    machine.claim(1),
    machine.open(0, 2),
    machine.attach(0, 0),
    machine.attach(0, 1),
    machine.register(0, 0, UA, 1n << 22n),
  ];
  assert.deepEqual(calls, [0, 0, 0, 0, 0, 0]);
  assert.deepEqual(machine.createWindow(0, 0, 12, 1n << 30n, 3), { start: Number(HIGH / PAGE) });
  return machine;
}

const kills = (machine: SpaprTce): readonly number[] => machine.groups.map(g => g.kills);

function toldBy(machine: SpaprTce, call: () => number): readonly number[] {
  const before = kills(machine);
  assert.equal(call(), 0);
  return kills(machine).map((n, g) => n - before[g]);
}

test('each batch tells each linked endpoint once', () => {
  const machine = inUse();
  assert.deepEqual(
    toldBy(machine, () => machine.map(0, 0, HIGH, UA, 512n * PAGE, 3)),
    [1, 1],
    'map of 512 pages',
  );
  assert.deepEqual(
    toldBy(machine, () => machine.map(0, 0, HIGH + PAGE, UA, 511n * PAGE, 1)),
    [1, 1],
    'over what is there',
  );
  assert.deepEqual(
    toldBy(machine, () => machine.unmap(0, 0, HIGH, 1n << 30n)),
    [1, 1],
    'unmap of the window',
  );
  assert.equal(machine.kvmCreate(7n, 12, HIGH / PAGE, 1n << 18n), 0);
  assert.equal(machine.kvmAttach(7n, 0), 0);
  assert.equal(machine.kvmAttach(7n, 1), 0);
  const tces = Array.from({ length: 512 }, (_, i) => (BigInt(i) * PAGE) | (i % 3 === 0 ? 0n : 3n));
  assert.deepEqual(
    toldBy(machine, () => machine.hPutTceIndirect(7n, HIGH, 0n, 512n, tces)),
    [1, 1],
    'a list',
  );
  assert.deepEqual(
    toldBy(machine, () => machine.hStuffTce(7n, HIGH, 0n, 512n)),
    [1, 1],
    'stuff',
  );
});

test('a list with one bad entry at its end has written nothing and told nobody', () => {
  const machine = inUse();
  machine.kvmCreate(7n, 12, HIGH / PAGE, 1n << 18n);
  machine.kvmAttach(7n, 0);
  const before = kills(machine);
  const tces = Array.from({ length: 512 }, (_, i) => (i === 511 ? 1n << 40n : BigInt(i) * PAGE) | 3n);
  assert.equal(machine.hPutTceIndirect(7n, HIGH, 0n, 512n, tces), H_PARAMETER);
  assert.deepEqual(kills(machine), before);
  assert.equal(machine.hGetTce(7n, HIGH), 0n);
  const [region] = machine.regions;
  assert.equal(region.mapped, 1);
});

test('the counter of a region follows every entry, over whatever was there', () => {
  const machine = inUse();
  const [region] = machine.regions;
  machine.map(0, 0, HIGH, UA, 100n * PAGE, 3);
  assert.equal(region.mapped, 101);
  machine.map(0, 0, HIGH + 50n * PAGE, UA, 100n * PAGE, 1);
  assert.equal(region.mapped, 151);
  machine.unmap(0, 0, HIGH + 10n * PAGE, 20n * PAGE);
  assert.equal(region.mapped, 131);
  machine.detach(0, 1);
  assert.equal(region.mapped, 1);
});

test('tables cost what is mapped, and nothing after close', () => {
  const machine = new SpaprTce({ hardware: HARDWARE });
  const start = machine.tableBytes;
  machine.claim(0);
  machine.open(0, 2);
  machine.attach(0, 0);
  machine.register(0, 0, UA, 1n << 22n);
  machine.removeWindow(0, 0, 0n);
  assert.ok(typeof machine.createWindow(0, 0, 12, 1n << 48n, 4) !== 'number');
  const empty = machine.tableBytes;
  for (let i = 0n; i < 8n; i++) assert.equal(machine.map(0, 0, i << 45n, UA, PAGE, 3), 0);
  // Three levels below the top, of 4 KiB each, in the table and in its mirror; the two lowest are never shared here.
  assert.ok(machine.tableBytes - empty <= 8 * 3 * 2 * 4096, `${machine.tableBytes - empty} bytes`);
  machine.unmap(0, 0, 0n, 1n << 48n);
  assert.equal(machine.tableBytes, empty, 'the levels of an empty table are gone');
  machine.close(0);
  machine.release(0);
  assert.equal(machine.tableBytes, start);
  assert.equal(machine.locked(0), 0);
});

test('a table that the host could only have in one large piece works as if it had it', () => {
  const machine = inUse();
  machine.removeWindow(0, 0, 0n);
  const made = machine.createWindow(0, 0, 12, 1n << 45n, 1);
  assert.ok(typeof made !== 'number');
  assert.equal(machine.map(0, 0, (1n << 45n) - PAGE, UA, PAGE, 3), 0);
  assert.equal(machine.dma(0, (1n << 45n) - 1n, 2), 0x7f_0000_0fffn);
  assert.equal(machine.dma(1, 1n << 45n, 2), -4096n);
});

test('what fails leaves account, memory and windows as they were', () => {
  const cases: readonly (readonly [FaultPoint, number, (m: SpaprTce) => unknown])[] = [
    ['table-memory', -ENOMEM, m => m.createWindow(0, 0, 12, 1n << 24n, 2)],
    ['program-window', -EPERM, m => m.createWindow(0, 0, 12, 1n << 24n, 2)],
    ['level-memory', -ENOMEM, m => m.map(0, 0, HIGH, UA, PAGE, 3)],
    ['region-object', -ENOMEM, m => m.register(0, 0, UA + (1n << 22n), PAGE)],
  ];
  const hardware = {
    ...HARDWARE,
    memory: [...HARDWARE.memory, { mm: 0, ua: UA + (1n << 22n), pa: 0n, size: PAGE, shift: 12 }],
  };
  for (const [point, code, call] of cases) {
    const failing: { point: FaultPoint | null } = { point: null };
    const machine = new SpaprTce({ hardware, faults: { fails: p => (p === failing.point ? 0 : -1) } });
    machine.claim(0);
    machine.open(0, 2);
    machine.attach(0, 0);
    machine.register(0, 0, UA, 1n << 22n);
    machine.createWindow(0, 0, 12, 1n << 30n, 3);
    machine.removeWindow(0, 0, 0n);
    const seen = () => [
      machine.tableBytes,
      machine.locked(0),
      machine.regions.size,
      machine.containers.get(0)?.windows[0],
    ];
    const before = seen();
    failing.point = point;
    assert.equal(call(machine), code, point);
    assert.deepEqual(seen(), before, point);
    failing.point = null;
    const again = call(machine);
    assert.ok(again === 0 || typeof again === 'object', `${point}: goes well without the failure`);
  }
});

test('a map past the end is refused whole, unless only its first page is checked', () => {
  const end = HIGH + (1n << 30n);
  const strict = inUse();
  assert.equal(strict.map(0, 0, end - PAGE, UA, 2n * PAGE, 3), -EINVAL);
  assert.equal(strict.dma(0, end - PAGE, 1), -4096n);
  const lax = inUse({ rangeCheck: 'first-page' });
  assert.equal(lax.map(0, 0, end - PAGE, UA, 2n * PAGE, 3), 0);
  assert.equal(lax.dma(0, end - PAGE, 1), 0x7f_0000_0000n);
  assert.equal(lax.dma(0, end, 1), -4096n, 'no window holds what lies behind');
});
