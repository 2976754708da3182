// Does a QEMU that is installed answer as the law of hardware says, and is a queue that forgets found?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODELS } from '../../cli/targets/models/kinds.js';
import { modelTarget } from '../../cli/targets/models/target.js';
import { installedQemu } from '../../cli/targets/qemu/find.js';
import type { Kind, Launch } from '../../conformance/targets/qtest/model.js';
import { ModelSystem, misfit } from '../../conformance/targets/qtest/system.js';
import { hardware } from '../../spec/hardware/profile.js';
import { allowed, defaultPolicies } from '../../spec/law/profile.js';
import type { Machine, Op } from '../../spec/protocol/hardware.js';
import type { Observed } from '../../spec/protocol/observed.js';

const leaf = (index: number, paddr: bigint, prot: 'r' | 'rw' = 'rw'): Op => ({
  op: 'write_entry',
  table: 1,
  index,
  entry: { is: 'leaf', paddr, prot },
});
const access = (page: bigint, kind: 'read' | 'write', device = 0): Op => ({
  op: 'access',
  device,
  iova: (page << 12n) | 0x123n,
  access: kind,
});

/** A page is mapped and moved; its flush is of the page and then of everything; then the device leaves. */
const CALLS: readonly Op[] = [
  access(0n, 'read'),
  { op: 'write_entry', table: 0, index: 0, entry: { is: 'table', table: 1 } },
  leaf(0, 0x10_0000n),
  leaf(1, 0x10_1000n, 'r'),
  { op: 'write_context', device: 0, entry: { is: 'space', tag: 1, table: 0 } },
  { op: 'submit', command: { is: 'context', device: 0 } },
  { op: 'submit', command: { is: 'iotlb', tag: 1, leaf: false } },
  { op: 'wait' },
  { op: 'complete' },
  access(0n, 'write'),
  access(0n, 'read'),
  access(1n, 'read'),
  access(1n, 'write'),
  access(2n, 'read'),
  leaf(0, 0x10_2000n),
  { op: 'submit', command: { is: 'iotlb', tag: 1, leaf: true, range: { iova: 0n, order: 0 } } },
  { op: 'wait' },
  { op: 'complete' },
  access(0n, 'write'),
  access(0n, 'read'),
  { op: 'write_context', device: 0, entry: { is: 'none' } },
  { op: 'submit', command: { is: 'context', device: 0 } },
  { op: 'submit', command: { is: 'iotlb', leaf: false } },
  { op: 'wait' },
  { op: 'complete' },
  access(0n, 'read'),
];

/** The first call that the law does not allow to be answered so; undefined: there is none. */
async function firstDivergence(kind: Kind, machine: Machine, qemu: Parameters<typeof modelTarget>[1]) {
  const judged = { ...MODELS['vtd']!, system: (launch: Launch) => new ModelSystem(kind, launch) };
  const { system, end } = modelTarget(judged, qemu);
  try {
    assert.equal(await system.reset(machine, {}), undefined);
    const policies = defaultPolicies(hardware);
    let state = hardware.initial(machine as never, policies as never, false);
    for (const [at, op] of CALLS.entries()) {
      const observed: Observed = await system.step(op);
      const next = allowed(hardware, state, op, policies as never).find(
        ({ outcome }) =>
          observed.is === 'unobserved' ||
          (outcome.is === observed.is &&
            (outcome.is !== 'ok' || observed.is !== 'ok' || outcome.paddr === observed.paddr)),
      );
      if (next === undefined) return { at, observed };
      state = next.state as typeof state;
    }
    return undefined;
  } finally {
    await end();
  }
}

/** The same model, but for invalidations of the IOTLB, which never come to it. */
const forgetful = (kind: Kind): Kind => ({
  ...kind,
  start: async (...args) => {
    const model = await kind.start(...args);
    const submit = model.submit.bind(model);
    return Object.assign(model, {
      submit: (command: Parameters<typeof submit>[0]) =>
        command.is === 'iotlb' ? Promise.resolve('queued' as const) : submit(command),
    });
  },
});

for (const [name, { kind, program, machines }] of Object.entries(MODELS)) {
  if (kind === undefined) continue;
  const machine = Object.values(machines)[0]!;
  test(`${name}: a short life, in QEMU`, async t => {
    const qemu = await installedQemu(program);
    if (qemu === undefined) return t.skip(`there is no ${program.name} on the PATH`);
    assert.equal(await firstDivergence(kind, machine, qemu), undefined);
    const found = await firstDivergence(forgetful(kind), machine, qemu);
    assert.ok(found !== undefined && CALLS[found.at]!.op === 'access', 'what was forgotten is not seen');
  });

  test(`${name}: machines that it cannot be`, () => {
    const others: readonly Partial<Machine>[] = [
      { spaces: [{ tag: 1, table: 0 }] },
      { levels: 4 },
      { bits: 10 },
      { devices: Array.from({ length: 9 }, () => ({ name: 'a', ats: false })) },
    ];
    assert.equal(misfit(kind, machine), undefined);
    for (const other of others) assert.match(misfit(kind, { ...machine, ...other }) ?? '', /./);
  });
}

test('virtio: what is mapped is reached, and nothing after the unmap, in QEMU', async t => {
  const judged = MODELS['virtio']!;
  const qemu = await installedQemu(judged.program);
  if (qemu === undefined) return t.skip(`there is no ${judged.program.name} on the PATH`);
  const { system, end } = modelTarget(judged, qemu);
  const whole = { size: 0x4000n, space: 0 } as const;
  const calls: readonly (readonly [Op, Observed])[] = [
    [access(0n, 'read'), { is: 'fault' }],
    [{ op: 'attach', device: 0, space: 0 }, { is: 'ok' }],
    [{ op: 'map', ...whole, iova: 0n, paddr: 0x10_0000n, prot: 'r' }, { is: 'ok' }],
    [
      { op: 'map', ...whole, iova: 0n, paddr: 0x10_0000n, prot: 'rw' },
      { is: 'refused', errno: 'EADDRINUSE' },
    ],
    [access(3n, 'read'), { is: 'ok', paddr: 0x10_3123n }],
    [access(3n, 'write'), { is: 'fault' }],
    [access(3n, 'read', 1), { is: 'fault' }],
    [
      { op: 'unmap', space: 0, iova: 0x1000n, size: 0x1000n },
      { is: 'ok', unmapped: 0n },
    ],
    [
      { op: 'unmap', space: 0, iova: 0n, size: 0x1000n },
      { is: 'ok', unmapped: 0x4000n },
    ],
    [{ op: 'sync', space: 0 }, { is: 'ok' }],
    [access(3n, 'read'), { is: 'fault' }],
  ];
  try {
    assert.equal(await system.reset(Object.values(judged.machines)[0], {}), undefined);
    for (const [op, wanted] of calls) assert.deepEqual(await system.step(op), wanted, JSON.stringify(op.op));
  } finally {
    await end();
  }
});

test('virtio: machines that it cannot be', () => {
  const { misfit: cannot, machines } = MODELS['virtio']!;
  const machine = Object.values(machines)[0]!;
  assert.equal(cannot(machine), undefined);
  for (const other of [{ spaces: [] }, { levels: 4, bits: 9 }, { tables: machine.tables.slice(0, 6) }])
    assert.match(cannot({ ...machine, ...other }) ?? '', /./);
});
