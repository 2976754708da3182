// If calls on the IOMMU core run at the same time, is there an order of them that the law allows, and where is there none?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Concurrent, type Plan, runSchedule } from '../../model/compare/schedule.js';
import { Machine } from '../../model/machines/iommu-core.js';
import { worldNamed } from '../../model/worlds.js';
import type { AnyOp } from '../../spec/index.js';
import type { Setup } from '../../spec/iommu-core/state.js';
import { seedOf } from '../impl/seed.js';
import { campaign, LAW, POLICIES, testOrders } from './iommu-core-schedule.js';

testOrders(15, 80);

test('without locks a history without an order is found', async t => {
  // Members that come and go without a lock make a ring of the list of members, and a call that never ends.
  const without = ['probe', 'remove', 'setup_default'];
  const { details } = await campaign(t, ['handles', 'pasids'], { runs: 3000, locking: 'none', without });
  assert.ok(details.failed, `none in ${details.numRuns} histories`);
  assert.match(String(details.errorInstance), /no order of these calls is allowed/);
});

/** A claimed group whose members are attached to a domain while each of them makes one DMA. */
function duringAttach(group: number, members: readonly number[]): Plan {
  const attach: AnyOp = { op: 'attach_group', group, domain: 0 } as AnyOp;
  const probes = members.map(device => ({ op: 'probe', device }));
  const before = [
    ...probes,
    { op: 'claim_group', group, owner: 0 },
    { op: 'alloc_by_device', device: members[0]!, as: 0 },
    { op: 'map', domain: 0, iova: 0n, paddr: 0x5000n, size: 0x1000n },
  ];
  const dma = members.map(device => ({ op: 'dma', device, pasid: null, iova: 0n }));
  return {
    policies: POLICIES,
    setup: worldNamed('two-bridges')!.setup,
    before,
    threads: [[attach], dma as AnyOp[]],
  };
}

test('DMA sees the members of a group change one after the other, each from the old domain to the new', async t => {
  const { setup } = worldNamed('two-bridges')!;
  const machine = new Machine(setup as Setup, POLICIES) as unknown as Concurrent;
  const devices = (setup as Setup).devices.map((d, at) => ({ at, group: d.group }));
  const together = devices.filter(d => d.group === 0).map(d => d.at);
  const alone = devices.filter(d => d.group === 1).map(d => d.at);
  assert.equal(together.length, 2);
  assert.equal(alone.length, 1);
  const torn = { together: 0, alone: 0 };
  const property = fc.asyncProperty(fc.scheduler(), fc.scheduler(), async (s1, s2) => {
    const two = await runSchedule(LAW, machine, duringAttach(0, together), s1);
    if (two.linearization.order === undefined) torn.together++;
    for (const span of two.history.spans.filter(span => span.op.op === 'dma'))
      assert.ok(
        span.outcome?.is === 'fault' || (span.outcome?.is === 'ok' && span.outcome.paddr === 0x5000n),
      );
    const one = await runSchedule(LAW, machine, duringAttach(1, alone), s2);
    if (one.linearization.order === undefined) torn.alone++;
  });
  await fc.assert(property, { seed: seedOf(t), numRuns: 200 });
  assert.equal(torn.alone, 0, 'one device changes at one moment');
  assert.ok(torn.together > 0, 'a group was never seen half way');
});
