// Do law and implementation agree at the ends of 64-bit windows, in tables of several levels, from a machine in use on?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walk } from '../../../model/compare/walk.js';
import type { Restartable } from '../../../model/driven.js';
import type { AnyWorld } from '../../../model/explore/world.js';
import { implementationOf } from '../../../model/machine.js';
import { allowed, defaultPolicies } from '../../../spec/law/profile.js';
import type { PolicyValues } from '../../../spec/spapr-tce/policies.js';
import { spaprTce } from '../../../spec/spapr-tce/profile.js';
import type { Op, Setup } from '../../../spec/spapr-tce/state.js';

const PAGE = 4096n;
const HIGH = 1n << 59n;
const END = 1n << 64n;
const TOP = END - 0x40000n;
/** A range that ended at 2^64 would not be registered. */
const ALMOST = 0x30000n;

const GROUP = {
  bridge: 0,
  window: { start: 0n, size: 1n << 30n },
  pageSizes: 0x11000n,
  windows: 2,
  levels: 5,
  family: 0,
};
const MACHINE: Setup = {
  platform: 'powernv',
  pageShift: 12,
  bypass: 1n << 40n,
  bridges: [{ iommu: true, deviceGroup: true }],
  groups: [GROUP, { ...GROUP, window: { start: END - 0x10000n, size: 0x10000n } }],
  devices: [0, 1].map(n => ({ name: `d${n}`, bridge: 0, group: n, present: true })),
  mms: [{ lockLimit: null }],
  memory: [
    { mm: 0, ua: 0x100000n, pa: 0x7f_ffff_ff00_0000n, size: 0x100000n, shift: 16 },
    { mm: 0, ua: TOP, pa: 0x40000n, size: 0x40000n, shift: 12 },
  ],
  guest: {
    mm: 0,
    slots: [
      { gpa: 0n, ua: 0x100000n, size: 0x100000n },
      { gpa: TOP, ua: TOP, size: 0x40000n },
    ],
    bridges: [
      {
        buid: END - 1n,
        low: { start: 0n, size: 1n << 30n },
        high: END - (1n << 40n),
        pageSizes: 0x1211000n,
        ddw: true,
      },
    ],
  },
};

/** The world begins after these calls, all of which must be done. */
function startedBy(prelude: readonly Op[], ops: readonly Op[], policies: Partial<PolicyValues>) {
  const values = { ...defaultPolicies<PolicyValues>(spaprTce), ...policies };
  const profile = {
    ...spaprTce,
    initial: () => {
      let state = spaprTce.initial(MACHINE, values, false);
      for (const op of prelude) {
        const ending = allowed(spaprTce, state, op, values).at(-1)!;
        assert.equal(ending.outcome.is, 'ok', `${op.op}: ${ending.rule}`);
        state = ending.state;
      }
      return state;
    },
  };
  const says = 'Far apart, and at every end.';
  const world: AnyWorld = { name: 'tce-ends', says, profile, setup: MACHINE, policies, ops };
  const inner = implementationOf('spapr-tce', MACHINE, values);
  const machine: Restartable = {
    reset: () => {
      inner.reset();
      for (const op of prelude) inner.step(op);
    },
    step: (op, force) => inner.step(op, force),
    view: () => inner.view(),
  };
  return { world, machine };
}

/** Walks with seeds of its own; every clause named must have spoken. */
function agreesFrom(
  prelude: readonly Op[],
  ops: readonly Op[],
  spoken: readonly string[],
  policies: Partial<PolicyValues> = {},
): void {
  const { world, machine } = startedBy(prelude, ops, policies);
  const { failure, rules, steps } = walk(world, { seed: 64, runs: 60, ops: 150, machine });
  assert.deepEqual(
    failure?.disagreement.first,
    undefined,
    JSON.stringify(
      failure?.recording.events.map(e => e.op),
      text,
    ),
  );
  assert.ok(steps > 1000);
  for (const rule of spoken) assert.ok(rules.has(rule), `${rule} was never met`);
}

const text = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `0x${value.toString(16)}` : value;

const vfio = { container: 0, mm: 0 } as const;

/** A version 2 container with both groups: the default window of 1 GiB, and 2^`bits` bytes at 2^59 in `levels`. */
const inUse = (shift: number, bits: bigint, levels: number): readonly Op[] => [
  { op: 'claim', group: 1 },
  { op: 'claim', group: 0 },
  { op: 'open', as: 0, type: 'v2' },
  { op: 'attach', container: 0, group: 1 },
  { op: 'attach', container: 0, group: 0 },
  { op: 'register', ...vfio, ua: 0x100000n, size: 0x100000n },
  { op: 'register', ...vfio, ua: TOP, size: ALMOST },
  { op: 'create_window', ...vfio, shift, size: 1n << bits, levels },
];

/** Maps, unmaps and accesses around addresses. */
function around(places: readonly bigint[], page: bigint): readonly Op[] {
  const ops: Op[] = [];
  for (const at of places) {
    for (const pages of [1n, 2n, 5n]) {
      ops.push({ op: 'map', ...vfio, iova: at, ua: 0x100000n, size: pages * page, prot: 'w' });
      ops.push({ op: 'map', ...vfio, iova: at, ua: 0x110000n + page, size: pages * page, prot: 'r' });
      ops.push({ op: 'unmap', ...vfio, iova: at, size: pages * page });
    }
    ops.push({ op: 'map', ...vfio, iova: at, ua: TOP + ALMOST - page, size: page, prot: 'rw' });
    for (const device of [0, 1]) {
      ops.push({ op: 'dma', device, iova: at + page - 1n, access: 'read' });
      ops.push({ op: 'dma', device, iova: at + 8n, access: 'write' });
    }
  }
  return ops;
}

for (const [shift, bits, levels] of [
  [12, 40n, 3],
  [16, 45n, 2],
  [12, 52n, 4],
  [16, 52n, 4],
] as const) {
  test(`a window of 2^${bits} bytes at 2^59, pages of 2^${shift}, ${levels} levels`, () => {
    const page = 1n << BigInt(shift);
    const size = 1n << bits;
    const places = [
      0n,
      (1n << 30n) - PAGE,
      1n << 30n,
      HIGH - PAGE,
      HIGH,
      HIGH + 511n * page,
      HIGH + 8191n * page,
    ];
    const ends = [
      HIGH + size / 2n - page,
      HIGH + size - 2n * page,
      HIGH + size - page,
      HIGH + size,
      END - page,
    ];
    const ops: readonly Op[] = [
      ...around([...places, ...ends], page),
      { op: 'unmap', ...vfio, iova: HIGH, size },
      { op: 'unmap', ...vfio, iova: HIGH, size: END - page },
      { op: 'unmap', ...vfio, iova: HIGH + page, size },
      { op: 'map', ...vfio, iova: HIGH + size - page, ua: END - page, size: END - page, prot: 'r' },
      { op: 'remove_window', ...vfio, start: HIGH + size - 1n },
      { op: 'create_window', ...vfio, shift, size, levels },
      { op: 'detach', container: 0, group: 0 },
      { op: 'attach', container: 0, group: 0 },
      { op: 'unregister', ...vfio, ua: TOP, size: ALMOST },
      { op: 'register', ...vfio, ua: TOP, size: ALMOST },
      { op: 'register', ...vfio, ua: TOP + ALMOST, size: END - TOP - ALMOST },
    ];
    agreesFrom(inUse(shift, bits, levels), ops, [
      'map/mapped',
      'map/past-window',
      'dma/translated',
      'unmap/unmapped',
    ]);
  });
}

test('the kernel maps up to 2^64', () => {
  const start = END - 0x10000n;
  const kernel = { op: 'kernel_map', group: 1, paddr: 0x7f_ffff_ff00_0000n } as const;
  const ops: readonly Op[] = [start - PAGE, start, END - 2n * PAGE, END - PAGE, 0n].flatMap((iova): Op[] => [
    { ...kernel, iova, size: PAGE, prot: 'w' },
    { ...kernel, iova, size: 2n * PAGE, prot: 'r' },
    { ...kernel, iova, size: END - PAGE, prot: 'r' },
    { op: 'kernel_unmap', group: 1, iova, size: PAGE },
    { op: 'kernel_unmap', group: 1, iova, size: 0x10000n },
    { op: 'dma', device: 1, iova: iova + 0xfffn, access: 'read' },
    { op: 'dma', device: 1, iova: HIGH + iova / 4n, access: 'write' },
    { op: 'dma', device: 1, iova: HIGH + (1n << 40n) - (iova === 0n ? 1n : 0n), access: 'write' },
  ]);
  agreesFrom([], ops, ['kernel_map/mapped', 'kernel_unmap/unmapped', 'dma/translated']);
});

const LIOBN = 0x1234_5678_9abc_def0n;

/** Hypercalls around addresses of a guest's window. */
function hypercalls(liobn: bigint, places: readonly bigint[], page: bigint): readonly Op[] {
  const tces = [0x3n, page | 3n, (END - page) | 1n, 0x8000_0000_0000_0000n, 0xdead_0000n, 0n, 0x8_0000_0001n];
  const list = 0x2000n;
  return places.flatMap((ioba): Op[] => [
    ...tces.map((tce): Op => ({ op: 'h_put_tce', liobn, ioba, tce })),
    { op: 'h_put_tce_indirect', liobn, ioba, list, count: 2n, tces: [0x2n, page | 3n] },
    {
      op: 'h_put_tce_indirect',
      liobn,
      ioba,
      list,
      count: 4n,
      tces: [0x1n, 0n, page | 2n, (END - page) | 3n],
    },
    { op: 'h_put_tce_indirect', liobn, ioba, list, count: 2n, tces: [3n, 0x8_0000_0001n] },
    { op: 'h_stuff_tce', liobn, ioba, tce: 0n, count: 3n },
    { op: 'h_stuff_tce', liobn, ioba, tce: 0xbad0_0000_0000_0000n, count: 512n },
    { op: 'h_stuff_tce', liobn, ioba, tce: 0n, count: END - 1n },
    { op: 'h_get_tce', liobn, ioba },
    { op: 'guest_dma', liobn, ioba: ioba + page - 1n, access: 'read' },
    { op: 'guest_dma', liobn, ioba, access: 'write' },
  ]);
}

for (const dialect of ['strict', 'kvm', 'qemu'] as const) {
  test(`firmware makes a window that ends at 2^64, ${dialect}`, () => {
    const buid = END - 1n;
    const liobn = 0x8000_0001n;
    const start = END - (1n << 40n);
    const ops: readonly Op[] = [
      ...hypercalls(
        liobn,
        [start - PAGE, start, start + 0x3ffn * PAGE, END - 4n * PAGE, END - PAGE, 0n],
        PAGE,
      ),
      { op: 'ddw_create', buid, shift: 12, window: 41 },
      { op: 'ddw_create', buid, shift: 12, window: 40 },
      { op: 'ddw_create', buid, shift: 24, window: 40 },
      { op: 'ddw_remove', liobn },
      { op: 'ddw_query', buid, outputs: 6 },
      { op: 'ddw_reset', buid },
    ];
    const prelude: readonly Op[] = [{ op: 'ddw_create', buid, shift: 12, window: 40 }];
    const put = dialect === 'qemu' ? 'h_put_tce/kept' : 'h_put_tce/put';
    agreesFrom(prelude, ops, [put, 'h_stuff_tce/stuffed', 'guest_dma/translated'], { dialect });
  });
}

for (const dialect of ['strict', 'kvm'] as const) {
  test(`a guest's pages of 64K over hardware pages of 4K at 2^59, ${dialect}`, () => {
    const page = 0x10000n;
    const end = HIGH + (1n << 40n);
    const prelude: readonly Op[] = [
      ...inUse(12, 40n, 3),
      { op: 'kvm_create', liobn: LIOBN, shift: 16, offset: HIGH >> 16n, size: 1n << 24n },
      { op: 'kvm_attach', liobn: LIOBN, group: 0 },
      { op: 'kvm_attach', liobn: LIOBN, group: 1 },
    ];
    const ops: readonly Op[] = [
      ...hypercalls(LIOBN, [HIGH - page, HIGH, HIGH + 31n * page, end - 2n * page, end - page, end], page),
      ...[HIGH, HIGH + page - PAGE, end - PAGE].flatMap((iova): Op[] => [
        { op: 'dma', device: 0, iova, access: 'write' },
        { op: 'dma', device: 1, iova, access: 'read' },
      ]),
      { op: 'unregister', ...vfio, ua: TOP, size: ALMOST },
      { op: 'register', ...vfio, ua: TOP, size: ALMOST },
      { op: 'kvm_release', group: 1 },
      { op: 'kvm_attach', liobn: LIOBN, group: 1 },
      { op: 'detach', container: 0, group: 0 },
      { op: 'attach', container: 0, group: 0 },
    ];
    agreesFrom(prelude, ops, ['h_put_tce/put', 'h_put_tce_indirect/put', 'dma/translated'], { dialect });
  });
}

test('KVM’s window may lie on the last pages but one before 2^64', () => {
  const last = (1n << 52n) - 2n;
  const prelude: readonly Op[] = [{ op: 'kvm_create', liobn: LIOBN, shift: 12, offset: last - 2n, size: 3n }];
  const places = [last - 3n, last - 2n, last, last + 1n].map(page => page << 12n);
  const ops: readonly Op[] = [
    ...hypercalls(LIOBN, places, PAGE),
    { op: 'kvm_create', liobn: 7n, shift: 12, offset: last, size: 2n },
    { op: 'kvm_create', liobn: 7n, shift: 34, offset: (1n << 30n) - 2n, size: 1n },
    { op: 'kvm_create', liobn: 7n, shift: 34, offset: END - 1n, size: END - 1n },
    { op: 'kvm_close', liobn: 7n },
  ];
  agreesFrom(prelude, ops, ['h_put_tce/put', 'kvm_create/created']);
});
