// Do the catchers notice what is wrong, and nothing where nothing is wrong?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { interleave } from '../../model/compare/interleavings.js';
import type { Restartable } from '../../model/driven.js';
import type { Hunt } from '../../model/faults/catchers.js';
import { type FaultTable, type FaultyMachine, synthetic } from '../../model/faults/fault.js';
import { guarded } from '../../model/faults/guarded.js';
import { control, hunt } from '../../model/faults/hunt.js';
import { FAULT_TABLES } from '../../model/faults/tables.js';
import { type AnyOp, defaultPolicies } from '../../spec/index.js';

const tableOf = (profile: string): FaultTable => FAULT_TABLES.find(t => t.profile === profile)!;
const VFIO = tableOf('vfio-2011');
const LINUX_DMA = tableOf('linux-dma');
const CORE = tableOf('iommu-core');
const ALL = FAULT_TABLES.flatMap(table => table.faults.map(fault => ({ table, fault })));

/** No corpus, no court: what the worlds alone say. */
const WORLDS_ONLY: Hunt = { suite: [], court: () => 'maybe', maxStates: 600, walks: 300 };

/** The implementation with something else done before each call. */
const beside = (machine: Restartable, act: () => void): Restartable => ({
  reset: () => machine.reset(),
  view: () => machine.view(),
  step: (op, force) => {
    act();
    return machine.step(op, force);
  },
});

const machineFault = (machine: FaultyMachine['machine'], steps = 1, shows = 'outcome.is'): FaultyMachine => ({
  in: 'implementation',
  id: 'test/machine',
  says: 'Something is done otherwise.',
  source: synthetic('a test'),
  expected: { by: 'lockstep', shows, steps },
  world: 'pair',
  machine,
});

test('every fault has a name of its own, a sentence, a source, and somebody who must notice it', () => {
  assert.ok(ALL.length >= 60, `${ALL.length} faults`);
  const ids = ALL.map(({ fault }) => fault.id);
  assert.deepEqual(
    ids.filter((id, i) => ids.indexOf(id) !== i),
    [],
  );
  for (const { table, fault } of ALL) {
    assert.match(fault.id, /^[a-z-]+\/[a-z0-9-]+$/);
    assert.match(fault.says, /^[A-Z].*\.$/, fault.id);
    assert.ok(fault.source.at.length > 5, fault.id);
    assert.ok(fault.expected.steps > 0 && fault.expected.shows !== '', fault.id);
    if (fault.world !== undefined)
      assert.ok(
        table.worlds.some(w => w.name === fault.world),
        `${fault.id}: no world ${fault.world}`,
      );
  }
});

test('every fault of TCE windows that the page on past mistakes names is there, and every historical one is named', () => {
  const page = readFileSync(new URL('../../../docs/spapr-tce.md', import.meta.url), 'utf8');
  const start = page.indexOf('## Mistakes of the past');
  const chapter = page.slice(start, page.indexOf('\n## ', start + 1));
  const named = [...chapter.matchAll(/`([a-z-]+\/[a-z0-9-]+)`/g)].map(match => match[1]!);
  const { faults } = tableOf('spapr-tce');
  const ids = faults.map(fault => fault.id);
  assert.deepEqual(
    named.filter(id => !ids.includes(id)),
    [],
  );
  assert.deepEqual(
    faults.filter(({ id, source }) => source.is === 'history' && !named.includes(id)).map(({ id }) => id),
    [],
  );
});

/** One of each kind for each system; the others are in test/long, and the command runs them all. */
const ONE_EACH = FAULT_TABLES.flatMap(table =>
  [...new Map(table.faults.map(fault => [fault.in, fault])).values()].map(fault => ({ table, fault })),
).filter(({ table }) => table !== LINUX_DMA);

for (const { table, fault } of ONE_EACH) {
  test(`${fault.id} is noticed where it must be`, async () => {
    const { asExpected, catches } = await hunt(table, fault, { ...WORLDS_ONLY, maxStates: 6000 });
    assert.ok(asExpected, JSON.stringify(catches));
  });
}

test('a mistake that shows only after a detour is found by walks', async () => {
  const fault = VFIO.faults.find(f => f.id === 'unplug/stays-attached')!;
  const { asExpected, catches } = await hunt(VFIO, fault, WORLDS_ONLY);
  assert.ok(asExpected, JSON.stringify(catches));
});

test('a fault that changes nothing is not caught', async () => {
  let calls = 0;
  const harmless = machineFault((setup, policies) =>
    beside(VFIO.machine!(setup, policies), () => {
      calls++;
    }),
  );
  const { caught, asExpected, catches } = await hunt(VFIO, harmless, { ...WORLDS_ONLY, walks: 100 });
  assert.equal(caught, false);
  assert.equal(asExpected, false);
  assert.deepEqual(catches, {
    exploration: undefined,
    lockstep: null,
    suite: undefined,
    scheduler: undefined,
  });
  assert.ok(calls > 10_000, 'it was really looked for');
});

test('caught, but not as expected', async () => {
  const late = machineFault((setup, policies) => {
    const machine = VFIO.machine!(setup, policies);
    return { ...beside(machine, () => {}), view: () => ({ ...machine.view(), timeout: 7 }) };
  }, 2);
  const { caught, asExpected, catches } = await hunt(VFIO, late, WORLDS_ONLY);
  assert.equal(caught, true);
  assert.equal(asExpected, false);
  assert.deepEqual(catches.lockstep, { steps: 1, shows: 'timeout' });
});

test('a machine that throws is caught, and does not end the hunt', async () => {
  const crashing = machineFault((setup, policies) =>
    beside(VFIO.machine!(setup, policies), () => {
      throw new Error('out of order');
    }),
  );
  const { catches } = await hunt(VFIO, crashing, WORLDS_ONLY);
  assert.deepEqual(catches.lockstep, { steps: 1, shows: 'outcome.is' });
  const world = VFIO.worlds[0]!;
  const sound = VFIO.machine!(world.setup, defaultPolicies(VFIO.law));
  const machine = guarded(beside(sound, () => assert.fail('never')));
  assert.deepEqual(machine.step(world.ops[0]! as AnyOp), { is: 'crashed', says: 'never' });
});

test('a hunt for nothing notices nothing, and a broken implementation raises the alarm', async () => {
  // The other systems are hunted through in test/long, and by the command.
  const findings = await control(LINUX_DMA, { ...WORLDS_ONLY, maxStates: 60, walks: 5 });
  assert.ok(findings.length > 1);
  for (const { caught, fault } of findings) assert.equal(caught, false, fault.id);
  const machine = VFIO.faults.find(f => f.id === 'close/undoes-what-open-did-not') as FaultyMachine;
  const broken = await control(
    { ...VFIO, machine: machine.machine },
    { ...WORLDS_ONLY, maxStates: 60, walks: 5 },
  );
  assert.ok(broken.some(f => f.caught));
});

test('every fault that shows only when calls run at the same time is noticed by the scheduler, and by nobody else', async () => {
  const together = CORE.faults.filter(f => f.in === 'implementation' && f.together !== undefined);
  assert.ok(together.length >= 5);
  for (const fault of together) {
    const { asExpected, catches } = await hunt(CORE, fault, WORLDS_ONLY);
    assert.ok(asExpected, `${fault.id}: ${JSON.stringify(catches)}`);
    assert.equal(catches.lockstep, undefined);
  }
});

test('of each history every interleaving was tried, and has an order where nothing is wrong', async () => {
  const policies = { ...defaultPolicies(CORE.law), release: 'drafts' };
  for (const { name, ...plan } of CORE.histories!) {
    const machine = CORE.together!(plan.setup, policies);
    const { runs, complete, bad } = await interleave(CORE.law, machine, { ...plan, policies }, 1000);
    assert.equal(bad, undefined, name);
    assert.ok(complete && runs > 2, `${name}: ${runs} interleavings`);
  }
});

test('calls that wait for each other for ever are noticed', async () => {
  const policies = { ...defaultPolicies(CORE.law), release: 'drafts' };
  const { name: _, ...plan } = CORE.histories!.find(h => h.name === 'two-claims')!;
  const stuck = CORE.together!(plan.setup, policies);
  const machine = {
    reset: () => stuck.reset(),
    view: () => stuck.view(),
    step: (op: AnyOp) => stuck.step(op),
    stepFailing: (op: AnyOp, failing: readonly number[]) => stuck.stepFailing(op, failing),
    failAt: (numbers: readonly number[]) => stuck.failAt(numbers),
    failed: () => stuck.failed(),
    concurrent: () => ({ step: () => new Promise<never>(() => {}) }),
  };
  const { bad } = await interleave(CORE.law, machine, { ...plan, policies }, 1000);
  assert.ok(bad instanceof Error);
  assert.match(bad.message, /wait for each other/);
});

test('an alteration that would not show alters nothing', () => {
  const events = [
    { n: 1, op: { op: 'map', iova: 0n, paddr: 0n, size: 4096n, task: '1' }, outcome: { is: 'ok' } },
  ] as const;
  const recorded = LINUX_DMA.faults.filter(f => f.in === 'recording');
  const changed = recorded.filter(f => f.alters(events) !== undefined).map(f => f.id);
  assert.deepEqual(changed.sort(), ['map/frames-of-the-batch-before', 'map/offset-in-the-entry']);
});
