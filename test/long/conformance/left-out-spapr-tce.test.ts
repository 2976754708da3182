// Can no clause of spapr-tce be broken without a trace that notices, by its verdict or for its reason?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS, type SuiteResult } from '../../../conformance/index.js';
import { REFUSED_BY } from '../../conformance/corpus-spapr-tce-reasons.js';
import { leftOut, otherErrno, unnoticed } from '../../conformance/left-out.js';

const PROFILE = LAWS.profiles['spapr-tce']!;

const REASONS: { readonly [file: string]: string } = Object.fromEntries(
  Object.entries(REFUSED_BY).map(([name, rule]) => [`refuse/spapr-tce-${name}.jsonl`, rule]),
);
const ruleOf = (result: SuiteResult['traces'][number]): string =>
  result.verdict?.verdict === 'diverges'
    ? [...new Set(result.verdict.allowed.map(choice => choice.rule))].join()
    : '';

/** Does any trace end otherwise, or is it refused for another reason? */
const isNoticed = ({ result, traces }: SuiteResult): boolean =>
  result !== 'passed' || traces.some(t => t.name in REASONS && ruleOf(t) !== REASONS[t.name]);

test('no clause can be left out unnoticed but those that another one repeats', async () => {
  const left = await unnoticed(PROFILE, leftOut, isNoticed);
  // An absent device is not coherent; nothing is mapped outside the window;
  // a batch of QEMU's that begins outside stops at its first entry.
  assert.deepEqual(left, [
    'bind/no-group',
    'kernel_unmap/outside',
    'h_put_tce_indirect/page-out-of-window',
    'h_stuff_tce/page-out-of-window',
  ]);
});

test('no clause can answer with another code unnoticed', async () => {
  assert.deepEqual(await unnoticed(PROFILE, otherErrno, isNoticed), []);
});
