// Do the real tables of the adapters of QEMU's IOMMUs lead where the profile's tables lead? Walked by the law's formats.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODELS } from '../../cli/targets/models/kinds.js';
import { Bus } from '../../conformance/targets/qtest/bus.js';
import type { Host } from '../../conformance/targets/qtest/host.js';
import { Tables } from '../../conformance/targets/qtest/tables.js';
import { Dice } from '../../spec/calls/digits.js';
import { cycleCalls, tablesForCycles } from '../../spec/calls/hardware-cycles.js';
import type { Format } from '../../spec/hardware/formats/format.js';
import { inside, walk } from '../../spec/hardware/formats/walk.js';
import { initial } from '../../spec/hardware/initial.js';
import { walked } from '../../spec/hardware/memory.js';
import { hardware } from '../../spec/hardware/profile.js';
import { allowed, defaultPolicies } from '../../spec/law/profile.js';
import { type Machine, type Op, opFits } from '../../spec/protocol/hardware.js';

/** Memory, and nothing else. */
class Memory implements Host {
  readonly words = new Map<bigint, bigint>();

  async command(text: string) {
    const [what, at, value] = text.split(' ');
    if (what === 'writeq') this.words.set(BigInt(at!), BigInt(value!));
    else assert.equal(what, 'readq');
    const answer = what === 'readq' ? `0x${(this.words.get(BigInt(at!)) ?? 0n).toString(16)}` : '';
    return { answer, log: [] };
  }

  async monitor(): Promise<unknown> {
    throw new Error('there is no monitor');
  }

  async end(): Promise<void> {}
}

function someEntry(dice: Dice, tables: number): Extract<Op, { op: 'write_entry' }>['entry'] {
  const kind = dice.below(4);
  if (kind === 0) return { is: 'none' };
  if (kind === 1) return { is: 'table', table: dice.below(tables) };
  const paddr = 0x10_0000n + BigInt(dice.below(6)) * 4096n;
  return { is: 'leaf', paddr, prot: (['rw', 'rw', 'r', 'w'] as const)[dice.below(4)]! };
}

async function agrees(
  name: string,
  format: Format,
  shape: Pick<Machine, 'levels' | 'bits'>,
): Promise<number> {
  const kind = MODELS[name]!.kind!;
  const memory = new Memory();
  const machine: Machine = { ...Object.values(MODELS[name]!.machines)[0]!, ...shape };
  const tables = new Tables(new Bus(memory), format, kind.ground, machine, machine.tables.length);
  await tables.start();
  const dice = new Dice(7);
  const read = (at: bigint): bigint => memory.words.get(at) ?? 0n;
  let state = initial(machine, {}, false);
  let reached = 0;
  for (let round = 0; round < 80; round++) {
    const table = dice.below(machine.tables.length);
    const index = dice.below(Math.min(2 ** shape.bits, 4));
    const entry = someEntry(dice, machine.tables.length);
    if (!(await tables.write(table, index, entry))) continue;
    const op: Op = { op: 'write_entry', table, index, entry };
    state = allowed(hardware, state, op, defaultPolicies(hardware)).at(-1)!.state as typeof state;
    for (let page = 0; page < Math.min(2 ** (shape.levels * shape.bits), 16); page++) {
      for (const access of ['read', 'write'] as const) {
        const wanted = walked(state, table, shape.levels, page);
        const got = walk(format, read, tables.rootOf(table), tables.iovaOf(page), access);
        const may = wanted.is === 'page' && wanted.prot.includes(access === 'read' ? 'r' : 'w');
        assert.equal(got.is === 'translated', may, `${name}: page ${page}, ${access}`);
        if (got.is !== 'translated' || wanted.is !== 'page') continue;
        const found = tables.candidates(page).find(c => c.real === got.paddr);
        assert.equal(found?.page, wanted.page, `${name}: page ${page} leads to 0x${got.paddr.toString(16)}`);
        reached++;
      }
    }
  }
  return reached;
}

for (const [name, { kind }] of Object.entries(MODELS)) {
  if (kind === undefined) continue;
  test(`${name}: real tables say what those of the profile say`, async () => {
    for (const shape of [
      { levels: 1, bits: 3 },
      { levels: 2, bits: 2 },
      { levels: 3, bits: 1 },
      { levels: 2, bits: 9 },
    ])
      assert.ok((await agrees(name, kind.format, shape)) > 0);
  });
}

test('a block of pages is a block of real pages, and all of them have none', () => {
  const kind = MODELS['vtd']!.kind!;
  const tables = new Tables(new Bus(new Memory()), kind.format, kind.ground, { levels: 2, bits: 2 }, 0);
  const base = 1n << 39n;
  assert.deepEqual(tables.blockOf(0x3000n, 0), { iova: base | 0x3000n, order: 0 });
  assert.deepEqual(tables.blockOf(0x3000n, 1), { iova: base | 0x2000n, order: 1 });
  assert.deepEqual(tables.blockOf(0x5000n, 2), { iova: base | 0x20_0000n, order: 9 });
  assert.deepEqual(tables.blockOf(0xf000n, 3), { iova: base | 0x40_0000n, order: 10 });
  assert.equal(tables.blockOf(0n, 4), undefined);
  assert.ok(inside(kind.format, tables.iovaOf(16)));
});

test('cycles are calls of the machine, the same for a seed', () => {
  for (const { machines } of Object.values(MODELS))
    for (const machine of Object.values(machines)) {
      if (machine.spaces.length > 0) continue;
      assert.ok(machine.tables.length >= tablesForCycles(machine));
      for (const kind of ['whole', 'part'] as const) {
        const ops = cycleCalls(new Dice(3), machine, kind, 120);
        assert.ok(ops.length >= 120);
        for (const op of ops) assert.equal(opFits(machine, op), undefined, JSON.stringify(op.op));
        assert.deepEqual(cycleCalls(new Dice(3), machine, kind, 120), ops);
      }
    }
});
