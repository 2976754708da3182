// What does a run on a target come to?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Happened, resultOf } from '../../conformance/verdicts/result.js';
import { RuleTally } from '../../conformance/verdicts/tally.js';
import { defaultPolicies, type Policies, vfio2011 } from '../../spec/index.js';

const NOTHING: Happened = { found: [], excused: [], missed: [], broken: 0, doubt: false };

function came(happened: Partial<Happened>, signs: { readonly [rule: string]: 'passed' | 'failed' } = {}) {
  const tally = new RuleTally();
  for (const [rule, sign] of Object.entries(signs)) tally.count(rule, sign, 1);
  const policies = defaultPolicies<Policies>(vfio2011);
  const { result, rules, nothing } = resultOf(vfio2011, policies, tally, { ...NOTHING, ...happened });
  return { result, nothing, verdict: rules.find(r => r.rule === 'map/overlaps')!.verdict };
}

test('nothing that was met is no pass, and a doubt is none', () => {
  assert.deepEqual(came({}), { result: 'inconclusive', nothing: true, verdict: 'not-tested' });
  const met = { 'map/overlaps': 'passed' } as const;
  assert.deepEqual(came({}, met), { result: 'conforms', nothing: false, verdict: 'pass' });
  assert.equal(came({ doubt: true }, met).result, 'inconclusive');
});

test('what failed outweighs a doubt; what was expected does not fail', () => {
  const broken = { 'map/overlaps': 'failed' } as const;
  assert.deepEqual(came({ found: ['map/overlaps'], doubt: true }, broken), {
    result: 'diverges',
    nothing: false,
    verdict: 'fail',
  });
  const excused = { excused: ['map/overlaps'] };
  assert.deepEqual(came(excused, broken), { result: 'conforms', nothing: false, verdict: 'expected-fail' });
  assert.equal(came({ ...excused, found: ['map/overlaps'] }, broken).verdict, 'fail');
  assert.equal(came({ broken: 1 }, { 'map/overlaps': 'passed' }).result, 'diverges');
});

test('an expectation that did not come fails, also where another one of the same clause came', () => {
  const missed = { missed: ['map/overlaps'] };
  assert.deepEqual(came(missed, { 'map/overlaps': 'passed' }), {
    result: 'diverges',
    nothing: false,
    verdict: 'unexpected-pass',
  });
  assert.equal(
    came({ ...missed, excused: ['map/overlaps'] }, { 'map/overlaps': 'failed' }).result,
    'diverges',
  );
});
