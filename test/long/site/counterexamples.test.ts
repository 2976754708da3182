// Is every counterexample that the site shows a recording of the law, and does it break what it says?
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeTrace, readTrace } from '../../../conformance/index.js';
import { worldNamed } from '../../../model/index.js';
import { debatesOf } from '../../../site/index/debates.js';
import { type AnyOp, type AnyProfile, allowed, PROFILES } from '../../../spec/index.js';
import { ROOT } from '../../cli/command.js';

const { debates, stale } = debatesOf(readFileSync(join(ROOT, 'docs/debates.md'), 'utf8'));
const { verdicts, counterexamples } = debates;

test('each answer of each debate has its verdict, and each verdict that breaks something a way to it', () => {
  const answers = Object.values(PROFILES).flatMap(p => p.policies.flatMap(q => q.values));
  assert.deepEqual(stale, [], 'npm run docs');
  assert.equal(verdicts.length, answers.length);
  assert.ok(counterexamples.length > 50);
  for (const v of verdicts.filter(one => one.says.includes('breaks ')))
    assert.ok(v.shown.length > 0, `${v.profile} ${v.policy}=${v.value}`);
});

test('each counterexample is allowed step by step', async () => {
  for (const { text, property } of counterexamples) {
    const { verdict } = await judgeTrace(await readTrace([text]));
    assert.equal(verdict.verdict, 'conforms', property);
  }
});

test('each breaks its promise with its last step, and not before', async () => {
  let held = 0;
  for (const { text, property, world } of counterexamples) {
    const profile = worldNamed(world)!.profile as AnyProfile;
    const state = [...profile.always, ...profile.aims.always].find(p => p.id === property);
    if (state === undefined) continue;
    const trace = await readTrace([text]);
    let states = [profile.initial(trace.machine, trace.policies, false)];
    for await (const event of trace.events()) {
      assert.ok(
        states.some(s => state.holds(s, trace.policies)),
        `${property} was broken before`,
      );
      states = states.flatMap(s =>
        allowed(profile, s, event.op as AnyOp, trace.policies)
          .filter(e => e.rule === event.note)
          .map(e => e.state),
      );
    }
    assert.ok(
      states.some(s => !state.holds(s, trace.policies)),
      `${property} holds in the end`,
    );
    held++;
  }
  assert.ok(held > 20, `${held} promises of states`);
});
