// Does the lane of real kernels choose machines that the guest can be, ask for bitmaps rightly, and sum up what it saw?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Unavailable } from '../../cli/exit.js';
import { summary } from '../../cli/targets/kernel/lane.js';
import { guestDial, type Seen } from '../../cli/targets/kernel/link.js';
import { MACHINES } from '../../cli/targets/kernel/machines.js';
import { qemuProgram } from '../../cli/targets/kernel/qemu.js';
import type { Target } from '../../cli/targets/kernel/target.js';
import { Judge, readTrace } from '../../conformance/index.js';
import type { Campaign } from '../../conformance/targets/campaign.js';
import { readExpectations } from '../../conformance/targets/expectations.js';
import { type Channel, Process } from '../../conformance/targets/kernel/agent.js';
import { Bitmaps } from '../../conformance/targets/kernel/bitmaps.js';
import { packed, toHex } from '../../conformance/targets/kernel/bytes.js';
import { misfit, moved } from '../../conformance/targets/kernel/fitting.js';
import { Parameters } from '../../conformance/targets/kernel/parameters.js';
import { partsOf } from '../../conformance/targets/kernel/topologies.js';
import { VFIO } from '../../conformance/targets/kernel/vfio-abi.js';
import { PROFILES } from '../../spec/index.js';
import { type Machine, machineFits } from '../../spec/protocol/vfio-type1.js';

const HOST = MACHINES['whole']!.host('linux-6.12');
const MSI = [{ start: 0xfee0_0000n, size: 0x10_0000n }];
const GROUPS = [[0], [1], [2], [3], [4, 5], [6, 7, 8]];
/** What sysfs says of the guest that has all topologies. */
const WHOLE: Machine = {
  iommus: [HOST.iommu],
  groups: GROUPS.map((_, i) => ({ id: 10 + i, behind: 0, reserved: MSI })),
  devices: HOST.devices.map(({ name, driver }, i) => ({
    name,
    group: GROUPS.findIndex(g => g.includes(i)),
    driver,
    ...(/^0000:0[12]:/.test(name) ? {} : { reset: false }),
  })),
  mms: [],
};
const MM = { lockLimit: null, memory: [{ start: 0x1000_0000n, size: 0x1000n, prot: 'rw' as const }] };
const asked = (devices: Machine['devices'], rest: Partial<Machine> = {}): Machine => ({
  iommus: [{ driver: 'smmu', aperture: { start: 0n, end: 0xffffn }, pageSizes: 0x1000n }],
  groups: [...new Set(devices.map(d => d.group))].map(id => ({ id, behind: 0 })),
  devices,
  mms: [MM],
  ...rest,
});
const namesOf = (m: Machine | string) => (typeof m === 'string' ? m : m.devices.map(d => d.name));

test('the guest is what a recording is of, with the truth for all that is not its own', () => {
  const machine = moved(
    asked([
      { name: 'nic', group: 0, driver: 'vfio' },
      { name: 'disk', group: 1, driver: 'vfio', reset: false },
      { name: 'audio', group: 2, driver: 'kernel' },
      { name: 'gpu', group: 2, driver: 'vfio' },
    ]),
    WHOLE,
  ) as Machine;
  assert.deepEqual(namesOf(machine), ['0000:01:00.0', '0000:00:04.0', '0000:00:07.1', '0000:00:07.0']);
  assert.deepEqual(
    machine.devices.map(d => d.driver),
    ['vfio', 'vfio', 'kernel', 'vfio'],
  );
  assert.deepEqual(machine.iommus, WHOLE.iommus);
  assert.deepEqual(machine.mms, [MM]);
  assert.equal(machineFits(machine), undefined);
  assert.equal(misfit(machine, WHOLE, HOST), undefined);
});

test('members that a recording knows nothing of come last, without a driver', () => {
  const three = [0, 1, 2].map(i => ({ name: `${i}`, group: 0, driver: 'vfio' as const }));
  assert.deepEqual(namesOf(moved(asked(three.slice(0, 2)), WHOLE)), ['0000:00:07.0', '0000:00:07.1']);
  const six = Array.from({ length: 6 }, (_, i) => ({ name: `${i}`, group: i, driver: 'vfio' as const }));
  const machine = moved(asked(six), WHOLE) as Machine;
  assert.deepEqual(
    machine.devices.slice(6).map(d => [d.group, d.driver]),
    [
      [4, 'none'],
      [5, 'none'],
      [5, 'none'],
    ],
  );
  assert.equal(misfit(machine, WHOLE, HOST), undefined);
});

test('what the guest cannot be is said', () => {
  const one = [{ name: 'a', group: 0, driver: 'vfio' as const }];
  const cannot = (m: Machine) => assert.equal(typeof moved(m, WHOLE), 'string');
  cannot(asked(one, { groups: [{ id: 1, behind: 'emulated' }] }));
  cannot(asked(one, { iommus: [{ ...WHOLE.iommus[0]!, coherent: false }] }));
  cannot(asked([0, 1].map(i => ({ name: `${i}`, group: i, driver: 'kernel' as const }))));
  cannot(asked(Array.from({ length: 7 }, (_, i) => ({ name: `${i}`, group: i, driver: 'vfio' as const }))));
});

test('a reset with a machine that the guest is not says why', () => {
  const own = moved(asked([{ name: 'a', group: 0, driver: 'vfio' }]), WHOLE) as Machine;
  const why = (change: Partial<Machine>) => misfit({ ...own, ...change }, WHOLE, HOST);
  assert.match(why({ iommus: [] })!, /IOMMU/);
  assert.match(why({ groups: [{ id: 3, behind: 0 }] })!, /no such group 3/);
  assert.match(why({ devices: [] })!, /other devices/);
  assert.match(why({ devices: [{ ...own.devices[0]!, isolatedMsi: false }] })!, /another one/);
  assert.match(why({ devices: [{ ...own.devices[0]!, driver: 'kernel' }] })!, /no driver/);
  assert.match(why({ mms: [{ ...MM, rawio: false }] })!, /RAWIO/);
  const low = [{ start: 0x1000n, size: 0x1000n, prot: 'rw' as const }];
  assert.match(why({ mms: [{ lockLimit: null, memory: low }] })!, /address/);
  const large = [{ start: 0x1000_0000n, size: 1n << 30n, prot: 'rw' as const }];
  assert.match(why({ mms: [{ lockLimit: null, memory: large }] })!, /memory/);
});

test('every part that walks go on is a machine of the profile, and one that the guest can be', () => {
  const parts = partsOf(WHOLE);
  assert.ok(parts.length >= 5);
  for (const [name, machine] of parts) {
    assert.equal(machineFits(machine), undefined, name);
    assert.equal(misfit(machine, WHOLE, HOST), undefined, name);
  }
});

/** Answers 0 to everything, and what is asked for by its beginning. */
class Guest implements Channel {
  readonly asked: string[] = [];
  constructor(private readonly answers: readonly (readonly [string, string])[]) {}

  ask(line: string): Promise<string> {
    this.asked.push(line);
    return Promise.resolve(this.answers.find(([beginning]) => line.startsWith(beginning))?.[1] ?? '0');
  }
}

test('a bitmap is asked for at the end of its structure, and its bits are counted', async () => {
  const guest = new Guest([
    ['m 0', '65536'],
    ['B 65536 16', '3'],
  ]);
  const bitmaps = new Bitmaps(new Process(guest));
  const bitmap = { size: 16n, pgsize: 0x1000n };
  const answer = await bitmaps.dirty(5, {
    op: 'dirty_pages',
    handle: 0,
    what: 'get',
    iova: 0x2000n,
    size: 0x3000n,
    bitmap,
  });
  assert.deepEqual(answer, { is: 'ok', dirty: 3 });
  const structure = toHex(packed(48, 4, 0x2000n, 0x3000n, 0x1000n, 16n, 65_536n));
  assert.ok(guest.asked.includes(`i 5 ${VFIO.dirtyPages} ${structure}`));
  assert.match(guest.asked.at(-1)!, /^u 65536 /);
});

test('an unmap with a bitmap says what it removed, and how much of it was dirty', async () => {
  const left = toHex(packed(48, 1, 0n, 0x5000n, 0x1000n, 8n, 4096n));
  const guest = new Guest([
    ['m 0', '4096'],
    [`i 5 ${VFIO.unmapDma}`, `0 ${left}`],
    ['B 4096 8', '5'],
  ]);
  const bitmap = { size: 8n, pgsize: 0x1000n };
  const unmap = { op: 'unmap', handle: 0, iova: 0n, size: 0x8000n, bitmap } as const;
  assert.deepEqual(await new Bitmaps(new Process(guest)).unmap(5, unmap), {
    is: 'ok',
    unmapped: 0x5000n,
    dirty: 5,
  });
});

test('a description that ends too early, lies outside or cannot be read is handed over so', async () => {
  const of = async (arg: 'short' | 'outside' | 'unreadable' | 'unwritable') => {
    const guest = new Guest([
      ['m 0', '65536'],
      [`i 5 ${VFIO.unmapDma}`, '-22'],
    ]);
    const bitmap = { size: 8n, pgsize: 0x1000n, arg };
    await new Bitmaps(new Process(guest)).unmap(5, {
      op: 'unmap',
      handle: 0,
      iova: 0n,
      size: 0x1000n,
      bitmap,
    });
    return guest.asked;
  };
  assert.ok((await of('short')).some(line => line.startsWith(`i 5 ${VFIO.unmapDma} 2f000000`)));
  assert.ok((await of('outside')).some(line => line.endsWith('000000000080ffff')));
  assert.ok((await of('unwritable')).some(line => / 4096 1 /.test(line)));
  const unreadable = await of('unreadable');
  const at = 65_536 + 4096 - 24;
  assert.ok(unreadable.includes(`n 5 ${VFIO.unmapDma} ${at}`));
  assert.ok(unreadable.indexOf(`u ${65_536 + 4096} 4096`) < unreadable.indexOf(`n 5 ${VFIO.unmapDma} ${at}`));
});

test('parameters are written where they change, and one that cannot be set is told', async () => {
  const guest = new Guest([['p /sys/module/vfio/parameters/enable_unsafe_noiommu_mode', '-2']]);
  const parameters = new Parameters(new Process(guest));
  assert.equal(await parameters.set(WHOLE), undefined);
  const before = guest.asked.length;
  assert.equal(await parameters.set({ ...WHOLE, dmaLimit: 3 }), undefined);
  assert.deepEqual(guest.asked.slice(before), [
    'p /sys/module/vfio_iommu_type1/parameters/dma_entry_limit 33',
  ]);
  assert.match((await parameters.set({ ...WHOLE, noiommu: true }))!, /noiommu/);
});

test('a guest of this process is a target: its answers, its silence, its end', async () => {
  const answers: (() => Promise<string | undefined>)[] = [
    async () => '{"reset":1}',
    () => new Promise(() => {}),
  ];
  let ended = 0;
  const target = {
    responder: { answer: () => answers.shift()!() },
    whole: WHOLE,
    end: () => ended++,
  } as unknown as Target;
  const seen: Seen = { boots: 0, resets: 0, resetTime: 0 };
  const link = await guestDial(
    async () => target,
    seen,
    () => {},
  )();
  link.send('{"reset":1}');
  assert.deepEqual(await link.receive(1000), { is: 'line', text: '{"reset":1}' });
  link.send('{"call":1}');
  assert.deepEqual(await link.receive(1), { is: 'silence' });
  await link.close();
  assert.deepEqual([seen.boots, seen.resets, ended], [1, 1, 1]);
  answers.push(async () => {
    throw new Error('QEMU ended (SIGSEGV)');
  });
  const other = await guestDial(
    async () => target,
    seen,
    () => {},
  )();
  other.send('{"call":1}');
  assert.deepEqual(await other.receive(1000), { is: 'ended', says: 'QEMU ended (SIGSEGV)' });
});

test('one line sums up: boots, operations, DMAs, clauses, divergences', () => {
  const row = (rule: string, op: string, passed: number) => ({
    rule,
    ops: [op],
    verdict: 'pass' as const,
    passed,
    failed: 0,
  });
  const result = {
    result: 'conforms',
    sections: [{ name: 'walks', runs: 3, calls: 1200, accepted: 1, cannot: 1, complete: true }],
    rules: [row('dma/fault', 'dma', 4), row('dma/outside', 'dma', 9), row('map/mapped', 'map', 0)],
    findings: [],
    broken: [],
    expectations: [{ times: 2 }],
  } as unknown as Campaign;
  assert.match(
    summary('Linux 6.1', { boots: 1, resets: 4, resetTime: 200 }, [result]),
    /Linux 6\.1: 1 boot, 1,200 operations on 2 machines, 4 DMAs, 2 of 3 clauses met, divergences: 2 expected, 0 unexpected, a reset took 50 ms/,
  );
});

test('what is expected of each kernel is of clauses that are in the law, with evidence', () => {
  const known = new Set(
    Object.values(PROFILES['vfio-type1']!.rules).flatMap(list => list.map(clause => clause.id)),
  );
  for (const kernel of ['6.1', '6.12', 'newest']) {
    const file = new URL(`../../../conformance/targets/kernel/expected-${kernel}.json`, import.meta.url);
    for (const { rule, reason } of readExpectations(readFileSync(file, 'utf8'))) {
      assert.ok(known.has(rule), rule);
      assert.match(reason, /[a-z_]+\.c|[a-z_]+\(/);
    }
  }
});

test('a known defect is a recording that diverges where it is expected to, on devices that the guest has', async () => {
  const folder = new URL('../../../conformance/targets/kernel/', import.meta.url);
  const all = ['6.1', '6.12', 'newest'].flatMap(kernel =>
    readExpectations(readFileSync(new URL(`expected-${kernel}.json`, folder), 'utf8')),
  );
  const defects = all.filter(e => e.trace?.startsWith('defect/'));
  assert.ok(defects.length > 0);
  for (const { trace: name, rule, answer } of defects) {
    const file = new URL(`defects/${name!.replace('defect/', '')}.jsonl`, folder);
    const trace = await readTrace([readFileSync(file)]);
    assert.equal(typeof moved(trace.machine as Machine, WHOLE), 'object');
    const judge = new Judge(trace.profile, trace.machine, trace.policies);
    let last: ReturnType<typeof judge.feed>;
    for await (const event of trace.events()) {
      assert.equal(last, undefined, name);
      last = judge.feed(event);
    }
    assert.ok(last?.verdict === 'diverges', name);
    assert.deepEqual([last.broken, last.observed.is], [rule, answer]);
  }
});

test('without a QEMU the target is not available, and the sentence says what is missing', () => {
  assert.throws(
    () => qemuProgram(undefined, undefined, '/nowhere'),
    (error: Error) => {
      assert.ok(error instanceof Unavailable);
      assert.match(error.message, /qemu-system-x86_64/);
      return true;
    },
  );
});
