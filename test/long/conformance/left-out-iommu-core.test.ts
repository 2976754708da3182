// Can no clause of iommu-core and its races be broken without a trace that notices, by its verdict or for its reason?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS, type SuiteResult } from '../../../conformance/index.js';
import { REFUSED_BY } from '../../conformance/iommu-core-reasons.js';
import { leftOut, otherErrno, unnoticed } from '../../conformance/left-out.js';

/** Clauses that answer as another one does, which is permitted whenever they are: a recording cannot tell. */
const ALIKE: { readonly [profile: string]: readonly string[] } = {
  'iommu-core': [
    'probe/attach-fails',
    'probe/no-default-domain',
    'attach_pasid/attach-fails',
    'sva_bind/attach-fails',
  ],
  'iommu-core-races': [],
};

type Result = SuiteResult['traces'][number];
const bare = (name: string): string => name.replace(/^\w+\/(.*)\.jsonl$/, '$1');
const reasonOf = ({ name }: Result): string => REFUSED_BY[bare(name)] ?? 'no reason';
const forItsReason = (result: Result): boolean =>
  result.verdict?.verdict !== 'diverges' ||
  result.verdict.allowed.some(choice => choice.rule === reasonOf(result));

/** Does any trace end otherwise, or is it refused for another reason? */
const isNoticed = ({ result, traces }: SuiteResult): boolean =>
  result !== 'passed' || !traces.every(forItsReason);

for (const [name, alike] of Object.entries(ALIKE)) {
  const profile = LAWS.profiles[name]!;

  test(`${name}: no clause can be left out unnoticed`, async () => {
    assert.deepEqual(await unnoticed(profile, leftOut, isNoticed), []);
  });

  test(`${name}: no clause can answer with another errno unnoticed but those that look like another`, async () => {
    assert.deepEqual(await unnoticed(profile, otherErrno, isNoticed), alike);
  });
}
