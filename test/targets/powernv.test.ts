// Does the adapter of a kernel on POWER's bare metal ask for the right system calls, and leave out what breaks it?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bytesOf } from '../../cli/input.js';
import { POWER_KERNELS } from '../../cli/targets/powernv/kernels.js';
import { Judge, readTrace } from '../../conformance/index.js';
import { readExpectations } from '../../conformance/targets/expectations.js';
import { type Channel, Process } from '../../conformance/targets/kernel/agent.js';
import { packed, toHex } from '../../conformance/targets/kernel/bytes.js';
import { SPAPR } from '../../conformance/targets/powernv/abi.js';
import { careful } from '../../conformance/targets/powernv/careful.js';
import { TceMover } from '../../conformance/targets/powernv/dma.js';
import { misfit, moved } from '../../conformance/targets/powernv/topology.js';
import { SpaprVfio } from '../../conformance/targets/powernv/vfio.js';
import { scriptOf } from '../../conformance/targets/shrink.js';
import { type AnyOp, allowed, defaultPolicies, type Policies, PROFILES } from '../../spec/index.js';
import { type Machine, machineFits, type Op } from '../../spec/protocol/spapr-tce.js';

const GROUP = {
  bridge: 0,
  window: { start: 0n, size: 0x8000_0000n },
  pageSizes: 0x4021_1000n,
  windows: 2,
  levels: 5,
  family: 0,
};
const NAMES = ['0001:01:00.0', '0003:02:01.0', '0003:02:02.0'];
const WHOLE: Machine = {
  platform: 'powernv',
  pageShift: 12,
  bypass: 0n,
  bridges: [0, 1].map(() => ({ iommu: true, deviceGroup: true })),
  groups: [GROUP, { ...GROUP, bridge: 1 }],
  devices: NAMES.map((name, i) => ({ name, bridge: Math.min(i, 1), group: Math.min(i, 1), present: true })),
  mms: [],
  memory: [],
  guest: null,
};
const MEMORY = { mm: 0, ua: 0x2_0000_0000n, pa: 0x10_0000n, size: 0x4000n, shift: 12 };
const MACHINE: Machine = { ...WHOLE, mms: [{ lockLimit: null }], memory: [MEMORY] };

/** A guest that answers by a table of beginnings, the longest that fits; what is in none is done with 0. */
class Guest implements Channel {
  readonly asked: string[] = [];
  readonly answers = new Map<string, string>();

  ask(line: string): Promise<string> {
    this.asked.push(line);
    const request = line.replace(/^@\d+ /, '');
    const memory = /^m (\d+) /.exec(request);
    const fitting = [...this.answers].filter(([beginning]) => request.startsWith(beginning));
    const found = fitting.sort(([a], [b]) => b.length - a.length)[0];
    return Promise.resolve(found?.[1] ?? memory?.[1] ?? '0');
  }
}
const text = (words: string): string => `${words.length} ${toHex(Buffer.from(words))}`;

async function system() {
  const guest = new Guest();
  guest.answers.set('l ', '-2');
  guest.answers.set(`l /sys/bus/pci/devices/${NAMES[0]}/iommu_group`, text('../../kernel/iommu_groups/1'));
  guest.answers.set('o 524290 /dev/vfio/vfio', '5');
  guest.answers.set('o 524290 /dev/vfio/1', '7');
  const agent = new Process(guest);
  const vfio = new SpaprVfio(agent, new TceMover(agent, { taken: async () => '', fault: /fault/ }), WHOLE);
  assert.equal(await vfio.reset(MACHINE), undefined);
  guest.asked.length = 0;
  return { guest, vfio };
}

test('a claim is a container without a driver, and the first attach brings the driver', async () => {
  const { guest, vfio } = await system();
  assert.deepEqual(await vfio.step({ op: 'claim', group: 0 }), { is: 'ok' });
  assert.equal(guest.asked.at(-1), `i 7 ${SPAPR.setContainer} ${toHex(packed(5))}`);
  guest.answers.set('o 524290 /dev/vfio/vfio', '6');
  await vfio.step({ op: 'open', as: 1, type: 'v2' });
  guest.asked.length = 0;
  assert.deepEqual(await vfio.step({ op: 'attach', container: 1, group: 0 }), { is: 'ok' });
  assert.deepEqual(guest.asked, [
    `n 7 ${SPAPR.unsetContainer} 0`,
    `i 7 ${SPAPR.setContainer} ${toHex(packed(6))}`,
    `n 6 ${SPAPR.setIommu} 7`,
  ]);
});

test('an attach that is refused leaves the group claimed, as before', async () => {
  const { guest, vfio } = await system();
  await vfio.step({ op: 'claim', group: 0 });
  await vfio.step({ op: 'open', as: 1, type: 'v1' });
  guest.answers.set(`n 5 ${SPAPR.setIommu}`, '-22');
  const refused = { is: 'refused', errno: 'EINVAL' };
  assert.deepEqual(await vfio.step({ op: 'attach', container: 1, group: 0 }), refused);
  assert.equal(guest.asked.at(-1), `i 7 ${SPAPR.setContainer} ${toHex(packed(5))}`);
  assert.deepEqual(await vfio.step({ op: 'enable', container: 1, mm: 0 }), { is: 'not-implemented' });
});

test('a window is asked for by 40 bytes, and a positive number is no answer of the law', async () => {
  const { guest, vfio } = await system();
  await vfio.step({ op: 'claim', group: 0 });
  await vfio.step({ op: 'open', as: 1, type: 'v2' });
  await vfio.step({ op: 'attach', container: 1, group: 0 });
  const asked = toHex(packed(40, 0, 16, 0, 0x20_0000n, 1, 0, 0n));
  const start = toHex(packed(40, 0, 16, 0, 0x20_0000n, 1, 0, 1n << 59n));
  guest.answers.set(`i 5 ${SPAPR.createWindow} ${asked}`, `0 ${start}`);
  const window = {
    op: 'create_window',
    container: 1,
    mm: 0,
    shift: 16,
    size: 0x20_0000n,
    levels: 1,
  } as const;
  assert.deepEqual(await vfio.step(window), { is: 'ok', start: 1n << 59n });
  guest.answers.set(`i 5 ${SPAPR.unmapDma}`, '1');
  assert.deepEqual(await vfio.step({ op: 'unmap', container: 1, mm: 0, iova: 1n, size: 0n }), {
    is: 'unknown',
    says: 'the call gave back 1',
  });
});

test('the container is not detached from its last group where the driver would go with it', async () => {
  const { vfio } = await system();
  await vfio.step({ op: 'claim', group: 0 });
  await vfio.step({ op: 'open', as: 1, type: 'v2' });
  await vfio.step({ op: 'attach', container: 1, group: 0 });
  await vfio.step({ op: 'register', container: 1, mm: 0, ua: MEMORY.ua, size: 0x1000n });
  assert.deepEqual(await vfio.step({ op: 'detach', container: 1, group: 0 }), { is: 'not-implemented' });
  assert.deepEqual(await vfio.step({ op: 'close', container: 1 }), { is: 'ok' });
});

test('a group of a recording is one of the guest with as many devices, and the rest is the truth', () => {
  const asked: Machine = {
    ...MACHINE,
    pageShift: 16,
    groups: [{ ...GROUP, window: { start: 0n, size: 0x1_0000n } }],
    devices: ['a', 'b'].map(name => ({ name, bridge: 0, group: 0, present: true })),
  };
  const machine = moved(asked, WHOLE) as Machine;
  assert.deepEqual(
    machine.devices.map(d => [d.name, d.group]),
    [
      [NAMES[1], 0],
      [NAMES[2], 0],
    ],
  );
  assert.equal(machineFits(machine), undefined);
  assert.equal(misfit(machine, WHOLE), undefined);
  assert.match(misfit({ ...machine, groups: [GROUP, GROUP] }, WHOLE)!, /no device/);
  assert.match(misfit({ ...machine, memory: [{ ...MEMORY, ua: 0x30_0000_0000n }] }, WHOLE)!, /no memory/);
  assert.equal(
    moved({ ...asked, devices: [{ ...asked.devices[0]!, group: null }] }, WHOLE),
    'a device of it has no PE',
  );
});

test('what breaks this kernel is passed over, and what binds a container is remembered', () => {
  const profile = PROFILES['spapr-tce'];
  const policies = defaultPolicies<Policies>(profile);
  const map: Op = {
    op: 'map',
    container: 1,
    mm: 0,
    iova: 0x7fff_f000n,
    ua: MEMORY.ua,
    size: 0x2000n,
    prot: 'rw',
  };
  const ops: Op[] = [
    { op: 'claim', group: 0 },
    { op: 'open', as: 1, type: 'v2' },
    { op: 'attach', container: 1, group: 0 },
    { op: 'register', container: 1, mm: 0, ua: MEMORY.ua, size: 0x4000n },
    { op: 'register', container: 1, mm: 0, ua: MEMORY.ua, size: 1n << 40n },
    map,
    { ...map, size: 0x1000n },
  ];
  const script = scriptOf(
    's',
    MACHINE,
    policies,
    ops.map(op => ({ op: op as AnyOp })),
  );
  const made: string[] = [];
  let state = profile.initial(MACHINE as never, policies as never, false);
  const some = careful(profile as never, script, ['map/past-window']);
  for (let call = some.next(state); call !== undefined; call = some.next(state)) {
    const op = call.op as Op;
    made.push('size' in op ? `${op.op} ${op.size}` : op.op);
    state = allowed(profile as never, state as never, op as never, policies).at(-1)!.state as never;
  }
  assert.deepEqual(made, ['claim', 'open', 'attach', 'register 16384', 'map 4096']);
});

test('the expectations of every kernel are of clauses that there are, and their traces break just these', async () => {
  const rules = Object.values(PROFILES['spapr-tce'].rules).flatMap(list => list.map(r => r.id));
  const folder = new URL('../../../conformance/targets/powernv/', import.meta.url);
  for (const { name } of POWER_KERNELS) {
    const known = readExpectations(readFileSync(new URL(`expected-${name}.json`, folder), 'utf8'));
    assert.ok(known.length > 0);
    for (const { rule, trace, answer } of known) {
      assert.ok(rules.includes(rule), rule);
      if (trace === undefined) continue;
      const recording = await readTrace(bytesOf(new URL(`${trace}.jsonl`, folder).pathname));
      const judge = new Judge(recording.profile, recording.machine, recording.policies);
      let last: ReturnType<typeof judge.feed>;
      for await (const event of recording.events()) last = judge.feed(event);
      assert.ok(last?.verdict === 'diverges', trace);
      assert.deepEqual([last.broken, last.observed.is], [rule, answer]);
      await recording.close();
    }
  }
});
