// Does spapr-tce reckon exactly: runs against single entries, windows up to 2^64, what a table costs?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Allowed, allowed, defaultPolicies } from '../../spec/index.js';
import { canonical } from '../../spec/kit/canonical.js';
import { orderedTable } from '../../spec/kit/ordered-table.js';
import { span } from '../../spec/kit/pages.js';
import { allIn, anyIn, oneAt, without, withRun } from '../../spec/kit/runs.js';
import type { Table } from '../../spec/kit/table.js';
import { machineFits } from '../../spec/protocol/spapr-tce.js';
import { tces } from '../../spec/spapr-tce/entries.js';
import { indexFits, logOf, tablePages } from '../../spec/spapr-tce/pages.js';
import type { PolicyValues } from '../../spec/spapr-tce/policies.js';
import { spaprTce } from '../../spec/spapr-tce/profile.js';
import { NO_RUN, type Op, type Run, type Setup, type State } from '../../spec/spapr-tce/state.js';

/** Numbers from 0 to n-1, the same ones every time. */
function dice(seed: number): (n: number) => number {
  let x = seed;
  return n => {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
    return (x >>> 8) % n;
  };
}

test('runs are what single entries are, in the fewest pieces', () => {
  const roll = dice(7);
  for (const shift of [12, 16]) {
    const grain = tces(shift);
    const step = 2 ** (shift - 12);
    const single = new Map<number, Run>();
    let runs: Table<Run> = orderedTable(NO_RUN);
    for (let i = 0; i < 4000; i++) {
      const from = roll(40);
      const count = 1 + roll(8);
      if (roll(3) === 0) {
        runs = without(runs, span(from, count), grain);
        for (let k = 0; k < count; k++) single.delete(from + k);
      } else {
        const prot = roll(4) === 0 ? 'r' : 'rw';
        const run: Run = {
          count,
          frame: (from + 100 * roll(2)) * step,
          prot,
          ua: roll(3) === 0 ? -1 : from * step,
        };
        runs = withRun(runs, from, run, grain);
        for (let k = 0; k < count; k++) single.set(from + k, grain.part(run, k, 1));
      }
      for (let k = 0; k < 50; k++) {
        assert.deepEqual(oneAt(runs, k, grain), single.get(k) ?? null);
        assert.equal(
          anyIn(runs, span(k, 3), grain),
          [k, k + 1, k + 2].some(at => single.has(at)),
        );
        assert.equal(
          allIn(runs, span(k, 3), grain),
          [k, k + 1, k + 2].every(at => single.has(at)),
        );
      }
      assert.equal(runs.size, pieces(single, grain));
    }
  }
});

/** How many runs there must be: one more wherever an entry does not continue the one before it. */
function pieces(single: ReadonlyMap<number, Run>, grain: ReturnType<typeof tces>): number {
  let count = 0;
  for (const [at, run] of single) {
    const before = single.get(at - 1);
    if (before === undefined || !grain.joins(before, run)) count++;
  }
  return count;
}

test('a table costs what the sum over its levels costs, doubled on bare metal', () => {
  // 2^30 bytes in pages of 64 KiB: 2^14 entries, 128 KiB in one level: two pages of the host, twice.
  assert.equal(tablePages('powernv', 14, 1, 16), 4);
  assert.equal(tablePages('pseries', 14, 1, 16), 2);
  // 2^20 entries in two levels of 2^13 bytes each: 8 MiB of leaves, and one level above them: 2 * (8 MiB + 8 KiB).
  assert.equal(tablePages('powernv', 20, 2, 12), 2 * (2048 + 2));
  // One entry takes a page all the same.
  assert.equal(tablePages('powernv', 0, 1, 12), 2);
  assert.equal(tablePages('pseries', 0, 1, 12), 0);
});

test('the index of a table ends below bit 55', () => {
  assert.equal(indexFits(42, 12, 1, 12), true);
  assert.equal(indexFits(43, 12, 1, 12), false);
  assert.equal(indexFits(42, 12, 5, 12), false, 'five levels of 2^9 reach bit 57');
  assert.equal(indexFits(38, 16, 5, 12), false);
  assert.equal(indexFits(20, 12, 4, 12), true);
  assert.equal(logOf(1n << 63n), 63);
  assert.equal(logOf(3n), -1);
});

const PAGE = 4096n;
const END = 1n << 64n;
const MACHINE: Setup = {
  platform: 'powernv',
  pageShift: 12,
  bypass: 0n,
  bridges: [{ iommu: true, deviceGroup: true }],
  groups: [
    {
      bridge: 0,
      window: { start: 0n, size: 0x8000_0000n },
      pageSizes: 0x40211000n,
      windows: 2,
      levels: 5,
      family: 0,
    },
  ],
  devices: [{ name: 'a', bridge: 0, group: 0, present: true }],
  mms: [{ lockLimit: null }],
  memory: [{ mm: 0, ua: 0x4000_0000_0000n, pa: 1n << 41n, size: 1n << 40n, shift: 30 }],
  guest: {
    mm: 0,
    slots: [{ gpa: 0n, ua: 0x4000_0000_0000n, size: 1n << 40n }],
    bridges: [
      {
        buid: 1n,
        low: { start: 0n, size: 1n << 30n },
        high: END - (1n << 40n),
        pageSizes: 0x211000n,
        ddw: true,
      },
    ],
  },
};

/** Makes the calls one after the other; each must end by the clause that is named. */
function runs(
  calls: readonly (readonly [Op, string])[],
  policies: Partial<PolicyValues> = {},
): Allowed<State> {
  const chosen = { ...defaultPolicies<PolicyValues>(spaprTce), ...policies };
  let last: Allowed<State> = {
    rule: '',
    outcome: { is: 'ok' },
    state: spaprTce.initial(MACHINE, chosen, false),
  };
  for (const [op, rule] of calls) {
    const endings = allowed(spaprTce, last.state, op, chosen);
    const found = endings.find(e => e.rule === rule);
    assert.ok(found, `${op.op}: ${endings.map(e => e.rule).join(', ')}, not ${rule}`);
    last = found;
  }
  return last;
}

const at = { container: 0, mm: 0 } as const;
const HIGH = 1n << 59n;
const USER = 0x4000_0000_0000n;
const OPENED: readonly (readonly [Op, string])[] = [
  [{ op: 'claim', group: 0 }, 'claim/blocked'],
  [{ op: 'open', as: 0, type: 'v2' }, 'open/opened'],
  [{ op: 'attach', container: 0, group: 0 }, 'attach/joined'],
  [{ op: 'register', ...at, ua: USER, size: 1n << 40n }, 'register/registered'],
  [{ op: 'create_window', ...at, shift: 30, size: 1n << 40n, levels: 2 }, 'create_window/created'],
];
const GIB = 1n << 30n;
const lastPage = HIGH + (1n << 40n) - GIB;

test('a window at 2^59 is used up to its last byte, and not beyond', () => {
  const map = { op: 'map', ...at, iova: lastPage, ua: USER, size: GIB, prot: 'rw' } as const;
  const dma = (iova: bigint): Op => ({ op: 'dma', device: 0, iova, access: 'write' });
  const end = runs([
    ...OPENED,
    [map, 'map/mapped'],
    [{ ...map, size: 2n * GIB }, 'map/past-window'],
    [{ ...map, iova: HIGH + (1n << 40n) }, 'map/no-window'],
    [{ ...map, size: END - GIB }, 'map/past-window'],
    [dma(lastPage - 1n), 'dma/fault'],
    [dma(HIGH + (1n << 40n)), 'dma/fault'],
    [dma(lastPage + GIB - 1n), 'dma/translated'],
  ]);
  assert.deepEqual(end.outcome, { is: 'ok', paddr: (1n << 41n) + GIB - 1n });
});

test('a map of a tebibyte is one run, and a page out of its middle leaves two', () => {
  const began = performance.now();
  const end = runs([
    ...OPENED,
    [{ op: 'map', ...at, iova: HIGH, ua: USER, size: 1n << 40n, prot: 'r' }, 'map/mapped'],
    [{ op: 'unmap', ...at, iova: HIGH + GIB, size: GIB }, 'unmap/unmapped'],
    [{ op: 'unregister', ...at, ua: USER, size: 1n << 40n }, 'unregister/unregistered'],
  ]);
  assert.ok(performance.now() - began < 1000);
  const { containers, regions } = spaprTce.view(end.state) as never as {
    containers: { 0: { windows: { tces: unknown[] }[] } };
    regions: { mapped: number }[];
  };
  assert.deepEqual(containers[0].windows[1]!.tces, [
    { index: 0, count: 1, frame: 2 ** 29, prot: 'r', ua: 2 ** 34 },
    { index: 2, count: 1022, frame: 2 ** 29 + 2 ** 19, prot: 'r', ua: 2 ** 34 + 2 ** 19 },
  ]);
  assert.equal(regions[0]!.mapped, 1 + 1023);
});

test('a guest window may end at 2^64, and its last page is a page like any other', () => {
  const last = END - PAGE;
  const liobn = 0x8000_0001n;
  const end = runs([
    [{ op: 'ddw_create', buid: 1n, shift: 12, window: 40 }, 'ddw_create/created'],
    [{ op: 'h_put_tce', liobn, ioba: last, tce: 0x7003n }, 'h_put_tce/put'],
    [{ op: 'h_stuff_tce', liobn, ioba: last, tce: 0n, count: 2n }, 'h_stuff_tce/out-of-window'],
    [{ op: 'h_put_tce', liobn, ioba: 0n, tce: 0n }, 'h_put_tce/out-of-window'],
    [{ op: 'guest_dma', liobn, ioba: END - 1n, access: 'read' }, 'guest_dma/translated'],
  ]);
  assert.deepEqual(end.outcome, { is: 'ok', paddr: 0x7fffn });
});

test('KVM makes no window that ends at 2^64, and an offset that wraps is no way around', () => {
  const make = (offset: bigint, size: bigint): Op => ({
    op: 'kvm_create',
    liobn: 7n,
    shift: 12,
    offset,
    size,
  });
  runs([
    [make((1n << 52n) - 1n, 1n), 'kvm_create/bad-window'],
    [make(END - 1n, 2n), 'kvm_create/bad-window'],
    [make((1n << 52n) - 2n, 1n), 'kvm_create/created'],
  ]);
});

test('an emulated window rounds down, and stops where it ends', () => {
  const liobn = 0x8000_0000n;
  const last = (1n << 30n) - PAGE;
  const end = runs(
    [
      [
        { op: 'h_put_tce_indirect', liobn, ioba: last + 5n, list: 0n, count: 2n, tces: [1n, 2n] },
        'h_put_tce_indirect/stops-at-end',
      ],
      [{ op: 'h_get_tce', liobn, ioba: last + 9n }, 'h_get_tce/got'],
    ],
    { dialect: 'qemu' },
  );
  assert.deepEqual(end.outcome, { is: 'ok', tce: 1n });
});

test('the page sizes of a query have the bits of the firmware, that of 2 MiB last', () => {
  const end = runs([[{ op: 'ddw_query', buid: 1n, outputs: 6 }, 'ddw_query/answered']]);
  assert.deepEqual(end.outcome, { is: 'ok', windows: 1, largest: 1n << 37n, pageSizes: 0x103n });
});

test('what was opened and closed leaves the state that there was', () => {
  const before = runs([[{ op: 'claim', group: 0 }, 'claim/blocked']]).state;
  const after = runs([...OPENED, [{ op: 'close', container: 0 }, 'close/closed']]).state;
  const seen = (s: State): string => canonical(spaprTce.view(s));
  assert.equal(seen(after), seen(before));
});

test("a guest bridge's windows start at a multiple of its largest page", () => {
  const guest = MACHINE.guest!;
  const fits = (high: bigint, pageSizes: bigint): string | undefined =>
    machineFits({
      ...MACHINE,
      guest: { ...guest, bridges: [{ ...guest.bridges[0]!, high, pageSizes }] },
    })?.path;
  assert.equal(fits(1n << 34n, 1n << 34n), undefined);
  assert.equal(fits((1n << 34n) + PAGE, 1n << 34n), 'guest.bridges.0');
  assert.equal(fits(PAGE, 0x1000n), undefined);
  assert.equal(fits(PAGE + 1n, 0n), 'guest.bridges.0');
});
