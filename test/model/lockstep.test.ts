// Does the implementation follow every transition of small worlds, and would a walk notice if it did not?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeTrace, judgeTrace, readTrace } from '../../conformance/index.js';
import { walk } from '../../model/compare/walk.js';
import type { Restartable } from '../../model/driven.js';
import { hasImplementation, implementationOf } from '../../model/machine.js';
import { worldNamed } from '../../model/worlds.js';
import { type AnyOp, defaultPolicies } from '../../spec/index.js';
import type { Outcome } from '../../spec/protocol/index.js';
import { testCovered } from './covered.js';
import { SMALL } from './small.js';

testCovered(['two-owners']);

test('walks of a small world of each profile find no difference', () => {
  for (const world of SMALL.filter(w => hasImplementation(w.profile.name))) {
    const { failure, runs } = walk(world, { seed: 2011, runs: 20, ops: 300 });
    assert.equal(failure, undefined, `${world.name} differs`);
    assert.equal(runs, 20);
  }
});

/** The implementation, but a chosen answer is another. */
function lying(name: string, lie: (op: AnyOp, said: Outcome) => Outcome): Restartable {
  const world = worldNamed(name)!;
  const policies = { ...defaultPolicies(world.profile), ...world.policies };
  const honest = implementationOf(world.profile.name, world.setup, policies);
  return {
    reset: () => honest.reset(),
    view: () => honest.view(),
    step: (op, force) => lie(op, honest.step(op, force)),
  };
}

test('a lie is found, shrunk to the calls that matter, and becomes a recording that diverges at its last event', async () => {
  const machine = lying('pair', (op, said) =>
    op.op === 'unmerge' && said.is === 'refused' && said.errno === 'EBUSY'
      ? { is: 'refused', errno: 'EINVAL' }
      : said,
  );
  const { failure } = walk(worldNamed('attack-window')!, { seed: 1, runs: 500, ops: 200, machine });
  assert.ok(failure, 'not found');
  const { recording, disagreement } = failure;
  assert.deepEqual(disagreement.first, { path: 'outcome.errno', allowed: 'EBUSY', observed: 'EINVAL' });
  const calls = recording.events.map(e => e.op.op);
  for (const needed of ['get_device', 'merge', 'open_group', 'unmerge'])
    assert.ok(calls.includes(needed as never));
  assert.ok(calls.length <= 8, `not shrunk: ${calls.join(', ')}`);
  const text = encodeTrace(recording.header, recording.events);
  const { verdict } = await judgeTrace(await readTrace([text]));
  assert.equal(verdict.verdict, 'diverges');
  assert.equal(verdict.verdict === 'diverges' && verdict.event, recording.events.length);
});

test('the same seed walks the same way', () => {
  const world = worldNamed('ranges')!;
  const once = walk(world, { seed: 5, runs: 10, ops: 100 });
  const again = walk(world, { seed: 5, runs: 10, ops: 100 });
  assert.deepEqual(once, again);
});
