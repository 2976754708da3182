// Can no clause of vfio-2011 be broken without a trace that notices?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAWS, type SuiteResult } from '../../../conformance/index.js';
import { leftOut, otherErrno, unnoticed } from '../../conformance/left-out.js';

const PROFILE = LAWS.profiles['vfio-2011']!;
const isNoticed = ({ result }: SuiteResult): boolean => result !== 'passed';

test('no clause can be left out unnoticed but those that another one repeats', async () => {
  const left = await unnoticed(PROFILE, leftOut, isNoticed);
  // A group and itself are in the same set; a dead handle holds nothing that a release would let go; the
  // last context handle is released like any other, and what that does is the policy's.
  assert.deepEqual(left, ['merge/itself', 'close/dead', 'close/last-context-handle']);
});

test('no clause can answer with another errno unnoticed', async () => {
  assert.deepEqual(await unnoticed(PROFILE, otherErrno, isNoticed), []);
});
